"""The archive of a certificate: the same content gives the same bytes, and no byte can change unseen."""

from __future__ import annotations

import random
import stat
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from reports.certificate.archive import DamagedError, NotAnArchiveError, assert_canonical, unpack, write_archive

CONTENT = {"b.json": b"{}\n", "runs/a/ops/load1.parquet": bytes(range(100)), "empty": b"", "ümlaut.txt": b"x"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return written(tmp_path, CONTENT)


def written(place: Path, content: dict[str, bytes]) -> Path:
    """An archive of ours."""
    members = {}
    for number, (name, data) in enumerate(content.items()):
        members[name] = place / f"member{number}"
        members[name].write_bytes(data)
    write_archive(place / "bundle.zip", members)
    return place / "bundle.zip"


def check(file: Path) -> list[str]:
    """What is wrong with the archive, by every test that there is."""
    into = file.parent / "into"
    into.mkdir()
    try:
        names = unpack(file, into)
        assert_canonical(file, into, names, beside=file.parent / "again.zip")
    except DamagedError as damaged:
        return damaged.problems
    return []


def test_members_come_out_as_they_went_in(archive: Path) -> None:
    assert check(archive) == []
    into = archive.parent / "into"
    assert {str(one.relative_to(into)): one.read_bytes() for one in into.rglob("*") if one.is_file()} == CONTENT
    assert not (archive.parent / "again.zip").exists()


def test_the_same_content_gives_the_same_file_whenever_it_is_written(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    later = written(tmp_path / "later", dict(reversed(CONTENT.items())))
    (tmp_path / "later" / "member0").chmod(0o600)
    assert later.read_bytes() == archive.read_bytes()


def test_other_tools_read_it(archive: Path) -> None:
    with zipfile.ZipFile(archive) as read:
        assert read.testzip() is None
        assert read.namelist() == sorted(CONTENT)
    listed = subprocess.run(["python3", "-m", "zipfile", "-t", archive], capture_output=True, text=True, check=True)
    assert "Done testing" in listed.stdout


@pytest.mark.slow
def test_a_changed_bit_anywhere_is_seen(archive: Path, tmp_path: Path) -> None:
    """Every byte of headers, members and directory, one bit each."""
    whole, draw = archive.read_bytes(), random.Random(7)
    unseen = []
    for at in range(len(whole)):
        place = tmp_path / f"flip{at}"
        place.mkdir()
        (place / "bundle.zip").write_bytes(whole[:at] + bytes([whole[at] ^ 1 << draw.randrange(8)]) + whole[at + 1 :])
        if not check(place / "bundle.zip"):
            unseen.append(at)
    assert unseen == []


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole + b"\0",
        lambda whole: b"\0" + whole,
        lambda whole: whole[:-1],
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-2] + struct.pack("<H", 3) + b"hi!",
    ],
    ids=["a byte more", "a byte before", "a byte less", "half of it", "a comment"],
)
def test_an_archive_that_is_longer_or_shorter_is_damaged(archive: Path, change: Callable[[bytes], bytes]) -> None:
    archive.write_bytes(change(archive.read_bytes()))
    assert check(archive)


def foreign(file: Path, *infos: zipfile.ZipInfo, compression: int = zipfile.ZIP_STORED, data: bytes = b"x") -> Path:
    """An archive that somebody else wrote."""
    with zipfile.ZipFile(file, "w", compression) as out:
        for info in infos:
            out.writestr(info, data, compress_type=compression)
    return file


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/passwd", "a/../../b", "a//b", "./a", "a/.", "C:\\x", "a\\b", "a:b", "a" * 201]
)
def test_a_name_that_leads_elsewhere_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    file = foreign(tmp_path / "bundle.zip", zipfile.ZipInfo(name))
    assert check(file)
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "bundle.zip", tmp_path / "into"]


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert check(foreign(tmp_path / "bundle.zip", link, data=b"/etc/passwd")) == [
        "'link' is no ordinary file (a link, a folder or a device)"
    ]


def test_a_small_file_cannot_become_a_large_one(tmp_path: Path) -> None:
    bomb = foreign(
        tmp_path / "bundle.zip", zipfile.ZipInfo("a"), compression=zipfile.ZIP_DEFLATED, data=b"\0" * 10_000_000
    )
    assert check(bomb)[0] == "'a' is compressed, which no member of a certificate is"
    assert list((tmp_path / "into").iterdir()) == []


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """Many names of one content, as the bombs that need no compression have them."""
    file = foreign(tmp_path / "bundle.zip", zipfile.ZipInfo("a"), data=b"\0" * 100_000)
    whole = file.read_bytes()
    at = whole.index(b"PK\x01\x02")
    entry, end = whole[at : whole.index(b"PK\x05\x06")], whole[whole.index(b"PK\x05\x06") :]
    many = b"".join(entry[:-1] + bytes([ord("a") + number]) for number in range(20))
    counts = struct.pack("<HHII", 20, 20, len(many), at)
    file.write_bytes(whole[:at] + many + end[:8] + counts + end[20:])
    assert check(file) == ["its members claim more bytes than the file has"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = foreign(tmp_path / "bundle.zip", zipfile.ZipInfo("a"), zipfile.ZipInfo("a"))
    assert check(file) == ["'a' is there twice"]


def test_a_member_below_another_is_refused(tmp_path: Path) -> None:
    file = foreign(tmp_path / "bundle.zip", zipfile.ZipInfo("a"), zipfile.ZipInfo("a/b"))
    assert check(file) == ["'a/b' is in a member that is no folder, 'a'"]


@pytest.mark.parametrize("content", [b"", b"name: plan\n", b"\x1f\x8b" + b"\0" * 100])
def test_what_is_no_archive_is_told_from_one_that_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bundle.zip").write_bytes(content)
    with pytest.raises(NotAnArchiveError):
        check(tmp_path / "bundle.zip")


def test_a_crash_leaves_no_half_an_archive(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_archive(tmp_path / "bundle.zip", {"a": tmp_path / "gone"})
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(ValueError, match="has a character"):
        write_archive(tmp_path / "bundle.zip", {"a\nb": tmp_path / "a"})
