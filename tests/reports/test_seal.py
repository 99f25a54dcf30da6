"""The seal of a run folder: what breaks it, what does not, and that nothing half-sealed can come of a crash."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

import reports.seal
from reports.files import write_atomically
from reports.seal import CHECKSUMS, alterations, evidence_of, seal, sealed_run_around


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed folder with names that a shell, a terminal or sha256sum may stumble over."""
    names = (
        "ops/load1.parquet",
        "final/accounts.parquet",
        "logs/a b.log",
        "logs/back\\slash\nline.log",
        "summary.json",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"content of {name}\n")
    (tmp_path / os.fsdecode(b"logs/odd-\xff.log")).write_text("ready\n")
    (tmp_path / "manifest.json").write_text('{"evidence": ["final/accounts.parquet", "ops/load1.parquet"]}')
    seal(tmp_path)
    return tmp_path


def found(folder: Path) -> list[str]:
    return [str(one) for one in alterations(folder) or []]


def test_sha256sum_proves_the_whole_folder_and_so_do_we(folder: Path) -> None:
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", CHECKSUMS], cwd=folder, check=True)
    assert alterations(folder) == []
    lines = (folder / CHECKSUMS).read_bytes().splitlines()
    assert len(lines) == len(evidence_of(folder)) - 1


@pytest.mark.parametrize("options", [["-b"], ["--text"]])
def test_what_others_sealed_with_sha256sum_is_read(folder: Path, options: list[str]) -> None:
    (folder / CHECKSUMS).unlink()
    command = "find . -type f -print0 | xargs -0 sha256sum " + " ".join(options)
    sums = subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True).stdout
    (folder / CHECKSUMS).write_bytes(sums)
    assert alterations(folder) == []


def test_a_folder_that_never_had_a_seal_is_not_called_altered(folder: Path) -> None:
    (folder / CHECKSUMS).unlink()
    (folder / "manifest.json").write_text("{}")
    assert alterations(folder) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "ops/load1.parquet has no sum"),
        (b"\xff\xfe  not a seal\n", "SHA256SUMS cannot be read (line 1 "),
        (b"0" * 63 + b"  summary.json\n", "line 1 is not the sum and the name of one more file"),
        (b"0" * 64 + b"  ../outside\n", "line 1 is not"),
        (b"0" * 64 + b"  /etc/passwd\n", "line 1 is not"),
        ((b"0" * 64 + b"  summary.json\n") * 2, "line 2 is not"),
        (b"0" * 64 + b"  summary.json", "line 1 breaks off"),
        (b"0" * 64 + b"  summary.json\r\n", "summary.json\\r is gone"),
    ],
)
def test_a_seal_that_is_damaged_holds_for_nothing(folder: Path, content: bytes, said: str) -> None:
    (folder / CHECKSUMS).write_bytes(content)
    assert said in ", ".join(found(folder))


def test_a_seal_that_is_gone_is_missed_because_the_manifest_tells_of_it(folder: Path) -> None:
    (folder / CHECKSUMS).unlink()
    assert found(folder) == ["SHA256SUMS is gone, though manifest.json is that of a sealed run"]


def test_evidence_that_went_together_with_its_sum_is_missed(folder: Path) -> None:
    (folder / "final/accounts.parquet").unlink()
    lines = (folder / CHECKSUMS).read_bytes().split(b"\n")
    (folder / CHECKSUMS).write_bytes(b"\n".join(line for line in lines if b"accounts" not in line))
    assert found(folder) == ["final/accounts.parquet has no sum in SHA256SUMS"]


@pytest.mark.parametrize(
    "name",
    ["ops/extra.parquet", "ops/.extra.parquet", "final/x.parquet/part", "decisions.jsonl", "new.png", "hdr/a.hlog"],
)
def test_what_is_put_where_a_run_writes_breaks_the_seal(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("later")
    assert found(folder) == [f"{name} has no sum in SHA256SUMS"]


@pytest.mark.parametrize("name", ["notes.txt", "second opinion/summary.json", ".DS_Store"])
def test_a_users_own_notes_do_not(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("looked at it on Monday")
    assert alterations(folder) == []


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link", "mode 000"])
def test_what_is_no_readable_file_any_more_is_named_and_not_waited_for(folder: Path, kind: str) -> None:
    file = folder / "summary.json"
    if kind == "mode 000":
        file.chmod(0)  # root could read it
    else:
        file.unlink()
        if kind == "folder":
            file.mkdir()
        elif kind == "pipe":
            os.mkfifo(file)
        else:
            file.symlink_to("nowhere")
    assert [one.name for one in alterations(folder) or []] == ["summary.json"]


def test_a_file_that_may_not_be_read_is_named_with_the_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = reports.seal._digest

    def refused(file: Path) -> str:
        if file.name == "load1.parquet":
            raise PermissionError(13, "Permission denied")
        return digest(file)

    monkeypatch.setattr(reports.seal, "_digest", refused)
    assert found(folder) == ["ops/load1.parquet cannot be read (Permission denied)"]


def test_names_that_steer_a_terminal_are_spelt_out(folder: Path) -> None:
    (folder / "logs/\x1b[31m.log").write_text("red")
    assert found(folder) == ["logs/\\x1b[31m.log has no sum in SHA256SUMS"]


def test_a_sealed_run_is_known_from_anywhere_inside_it(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert sealed_run_around(folder) == sealed_run_around(folder / "not/there/yet") == folder
    link = tmp_path_factory.mktemp("links") / "latest"
    link.symlink_to(folder)
    assert sealed_run_around(link) == folder
    assert sealed_run_around(folder.parent) is None
    (folder / CHECKSUMS).unlink()
    assert sealed_run_around(folder) == folder


def test_a_write_that_is_cut_off_leaves_the_old_file_and_no_part_of_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomically(tmp_path / "file", b"old")

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(tmp_path / "file", b"new")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"old")]
