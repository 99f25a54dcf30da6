"""The file of a certificate: a zip archive in which no byte is free.

Members are stored, not compressed (what compression makes of the same content depends on the library and its version),
sorted by name, all with one time and one mode, without comments and extra fields. So the same content gives the same
file on every machine, and a file that is not, byte for byte, what its own content gives was changed, wherever the
change is: in a member, in a header, before, between or after them.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

#: What a zip file begins with, and what its directory's end begins with.
_FIRST, _END = b"PK\x03\x04", b"PK\x05\x06"
#: The earliest time that a zip file can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = stat.S_IFREG | 0o644
_UNIX = 3
_CHUNK_BYTES = 1 << 20
_NAME_BYTES, _PART_BYTES = 1000, 200
#: Whatever zipfile raises for a file that is damaged or made to confuse it.
_CONFUSED = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OverflowError, struct.error)


class NotAnArchiveError(Exception):
    """The file is no zip archive at all; the message is one line, without the file's name."""


class DamagedError(Exception):
    """The archive is not as it was written. problems: one line each, which name the member where there is one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def write_archive(file: Path, members: Mapping[str, Path]) -> None:
    """Write the archive of ``members`` (name in the archive -> where its content is now), whole or not at all.

    Raises OSError where a member cannot be read or the file not be written, ValueError for a name that no archive of
    ours may hold.
    """
    for name in members:
        if fault := _fault_of_name(name):
            raise ValueError(f"{name!r} {fault}")
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            _write(out, members)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _write(out: IO[bytes], members: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system = _UNIX
            info.external_attr = _MODE << 16
            info.file_size = members[name].stat().st_size  # decides whether it needs the long form
            with members[name].open("rb") as content, archive.open(info, "w") as member:
                shutil.copyfileobj(content, member, _CHUNK_BYTES)


def unpack(file: Path, into: Path) -> list[str]:
    """Write every member below the empty folder ``into``; returns their names, sorted.

    Never writes outside of it, nor more bytes than the archive has. Raises NotAnArchiveError, DamagedError, and
    OSError where it cannot read the file or write the members.
    """
    _require_archive(file)
    with _damage("the archive's directory cannot be read"):
        archive = zipfile.ZipFile(file)
    with archive:
        infos = archive.infolist()
        _require_harmless(infos, size_bytes=file.stat().st_size)
        problems = []
        for info in infos:
            try:
                _unpack_member(archive, info, into)
            except DamagedError as damaged:
                problems += damaged.problems
    if problems:
        raise DamagedError(problems)
    return sorted(info.filename for info in infos)


def assert_canonical(file: Path, unpacked: Path, names: list[str], *, beside: Path) -> None:
    """Raise DamagedError unless ``file`` is byte for byte the archive of the members ``names`` in ``unpacked``.

    beside: where the archive may be written once more to compare; removed again.
    """
    try:
        with beside.open("xb") as out:
            _write(out, {name: unpacked / name for name in names})
        place = _first_difference(file, beside)
    finally:
        beside.unlink(missing_ok=True)
    if place is not None:
        raise DamagedError([f"byte {place + 1} of the file was changed: it is not what the members give"])


def _require_archive(file: Path) -> None:
    with file.open("rb") as content:
        first = content.read(len(_FIRST))
        size = content.seek(0, os.SEEK_END)
        content.seek(max(size - (1 << 16) - 22, 0))
        end = content.read()
    if first != _FIRST and _END not in end:
        raise NotAnArchiveError("it is no zip archive")


def _require_harmless(infos: list[zipfile.ZipInfo], *, size_bytes: int) -> None:
    """Raise DamagedError where unpacking could write outside its folder, too much, or one member over another."""
    problems = [f"{info.filename!r} {fault}" for info in infos if (fault := _fault_of(info))]
    names = [info.filename for info in infos]
    held = set(names)
    if len(held) < len(names):
        twice = sorted(name for name in held if names.count(name) > 1)
        problems += [f"{name!r} is there twice" for name in twice]
    problems += [
        f"{name!r} is in a member that is no folder, {str(above)!r}"
        for name in sorted(held)
        for above in PurePosixPath(name).parents
        if str(above) in held
    ]
    if sum(info.file_size for info in infos) > size_bytes:
        problems.append("its members claim more bytes than the file has")
    if problems:
        raise DamagedError(problems)


def _fault_of(info: zipfile.ZipInfo) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is no ordinary file (a link, a folder or a device)"
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        return "is compressed, which no member of a certificate is"
    return _fault_of_name(info.orig_filename)


def _fault_of_name(name: str) -> str | None:
    """Why a member may not be called so; None if it may."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or str(path) != name or name == ".":
        return "does not name a file below the archive"
    if not name.isprintable() or "\\" in name or ":" in name:
        return "has a character that not every file system has"
    if len(name.encode()) > _NAME_BYTES or any(len(part.encode()) > _PART_BYTES for part in path.parts):
        return "is a longer name than every file system has"
    return None


def _unpack_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, into: Path) -> None:
    place = into / info.filename
    place.parent.mkdir(parents=True, exist_ok=True)
    what = f"{info.filename} was changed"
    with _damage(what):
        content = archive.open(info)
    with content, place.open("xb") as out:
        while True:
            with _damage(what):
                chunk = content.read(_CHUNK_BYTES)
            if not chunk:
                return
            out.write(chunk)


@contextmanager
def _damage(what: str) -> Iterator[None]:
    """Make of whatever zipfile raises a DamagedError that says what could not be read."""
    try:
        yield
    except _CONFUSED as error:
        raise DamagedError([f"{what}: {error}"]) from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # it was led to a place before the file's begin
            raise
        raise DamagedError([f"{what}: it leads outside of the file"]) from None


def _first_difference(one: Path, other: Path) -> int | None:
    """Offset of the first byte in which two files differ, None where they are equal."""
    at = 0
    with one.open("rb") as left, other.open("rb") as right:
        while True:
            a, b = left.read(_CHUNK_BYTES), right.read(_CHUNK_BYTES)
            if a != b:
                length = min(len(a), len(b))
                return at + next((i for i in range(length) if a[i] != b[i]), length)
            if not a:
                return None
            at += len(a)
