"""The seal of a run: SHA256SUMS, written once, by the run itself, and what of the folder no longer fits it.

A sealed folder is not written to again; a later judgement writes its reports elsewhere. The sums show that a folder is
as the run left it, or was changed by mistake, by an interrupted copy, or by somebody who did not hide it. They are not
a signature: whoever edits a file can also rewrite its sum. The rules and their reasons are in docs/decisions/0015.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from history.json_files import HistoryError, read_object
from reports.files import write_atomically

CHECKSUMS = "SHA256SUMS"
MANIFEST = "manifest.json"
_SUMMARY = "summary.json"
#: Member of a manifest: names of the files that the run recorded. Who has it was sealed.
EVIDENCE = "evidence"

#: Where a run writes. A file there without a sum does not belong to the run; files elsewhere are a user's own notes.
_FOLDERS = ("ops", "final", "logs", "hdr")
_FILES = (MANIFEST, "faults.jsonl", "decisions.jsonl", "observed.parquet", "series.csv")
_REPORTS = ("summary.json", "report.html", "summary.md", "junit.xml", "metrics.prom")
_SUM = re.compile(r"(\\?)([0-9a-f]{64}) [ *](.+)")
_ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
_TOLD = 3


class Alteration(NamedTuple):
    """A file that is not as the run left it. name: in the folder, printable. what: such as ``is gone``."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}"


def evidence_of(folder: Path) -> list[str]:
    """Names of what a run has recorded: every file in and below its folder, sorted."""
    return _files_below(folder, folder)


def seal(folder: Path) -> None:
    """Write SHA256SUMS of every file in and below ``folder``; ``sha256sum -c SHA256SUMS``, run there, proves it all."""
    write_atomically(folder / CHECKSUMS, checksums(folder).encode(errors="surrogateescape"))


def checksums(folder: Path) -> str:
    """Lines of ``sha256sum`` for every file in and below ``folder`` but its SHA256SUMS, sorted by path."""
    names = [name for name in _files_below(folder, folder) if name != CHECKSUMS]
    return checksums_of({name: folder / name for name in names})


def checksums_of(files: Mapping[str, Path]) -> str:
    """Lines of ``sha256sum`` for files (name -> where its content is), sorted by name."""
    return "".join(_sum_line(_digest(files[name]), name) for name in sorted(files))


def alterations(folder: Path) -> list[Alteration] | None:
    """What of a run folder is not as its seal says; empty where all is, None where it never had a seal."""
    recorded = _recorded(folder)
    if not os.path.lexists(folder / CHECKSUMS):
        whose = MANIFEST if recorded is not None else _SUMMARY if _was_sealed(folder) else None
        return None if whose is None else [Alteration(CHECKSUMS, f"is gone, though {whose} is that of a sealed run")]
    try:
        sums = read_sums(folder / CHECKSUMS)
    except (OSError, ValueError) as error:
        return [Alteration(CHECKSUMS, f"cannot be read ({_reason(error)})")]
    changed = ((name, _change(folder / name, digest)) for name, digest in sums.items())
    unsummed = {*(recorded or []), *_names_of_a_run(folder)} - sums.keys()
    return [
        *(Alteration(_printable(name), what) for name, what in changed if what),
        *(Alteration(_printable(name), "has no sum in SHA256SUMS") for name in sorted(unsummed)),
    ]


def in_words(altered: list[Alteration]) -> str:
    """The first few, and how many more."""
    told = [str(one) for one in altered[:_TOLD]]
    more = len(altered) - len(told)
    return ", ".join([*told, f"and {more} more"] if more else told)


def sealed_run_around(place: Path) -> Path | None:
    """The sealed run that ``place`` is, or is inside of; None where it is in none, so that it may be written to."""
    where = Path(os.path.realpath(place))  # of a loop of links, too, which resolve() refuses
    for folder in (where, *where.parents):
        if (folder / "ops").is_dir() and (os.path.lexists(folder / CHECKSUMS) or _recorded(folder) is not None):
            return folder
    return None


def _recorded(folder: Path) -> list[str] | None:
    """The names of the evidence by the manifest; None where it does not say, so that nothing shows there was a seal."""
    try:
        names = (read_object(folder / MANIFEST) or {}).get(EVIDENCE)
    except (HistoryError, OSError):
        return None  # reading the run reports what is wrong with it
    return [str(name) for name in names] if isinstance(names, list) else None


def _was_sealed(folder: Path) -> bool:
    """Whether a summary stands here that a run wrote before it sealed its folder."""
    try:
        return (read_object(folder / _SUMMARY) or {}).get("sealed") == "yes"
    except (HistoryError, OSError):
        return False


def read_sums(file: Path) -> dict[str, str]:
    """Name -> digest, of what ``sha256sum`` wrote. Raises OSError, and ValueError, naming the line that is wrong."""
    _assert_readable(file)
    sums: dict[str, str] = {}
    # A name need not be UTF-8, nor need a file that somebody put in this one's place.
    lines = file.read_bytes().decode(errors="surrogateescape").split("\n")
    if lines.pop():
        raise ValueError(f"line {len(lines) + 1} breaks off")
    for number, line in enumerate(lines, start=1):
        found = _SUM.fullmatch(line)
        name = "" if found is None else _unescaped(found[3]) if found[1] else found[3]
        path = PurePosixPath(name)
        if found is None or path.is_absolute() or ".." in path.parts or str(path) in sums:
            raise ValueError(f"line {number} is not the sum and the name of one more file")
        sums[str(path)] = found[2]
    return sums


def _change(file: Path, digest: str) -> str | None:
    """What happened to a file, None if it is as it was."""
    try:
        _assert_readable(file)
        return None if _digest(file) == digest else "was changed"
    except (FileNotFoundError, NotADirectoryError):
        return "is gone"
    except (OSError, ValueError) as error:
        return f"cannot be read ({_reason(error)})"


def _assert_readable(file: Path) -> None:
    """Raise OSError or ValueError unless it is a file with a read permission: root could read it whatever its mode."""
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode):
        raise ValueError("it is no file")
    if not mode & 0o444:
        raise ValueError(f"mode {stat.S_IMODE(mode):03o}")


def _reason(error: OSError | ValueError) -> str:
    return str(getattr(error, "strerror", None) or error)


def _names_of_a_run(folder: Path) -> list[str]:
    """Names of the files that stand where a run writes: in its folders, or under a name of its files."""
    inside = [name for part in _FOLDERS for name in _files_below(folder / part, folder)]
    figures = [file.name for file in folder.glob("*.png")]
    return [*inside, *figures, *(name for name in (*_FILES, *_REPORTS) if os.path.lexists(folder / name))]


def _files_below(place: Path, folder: Path) -> list[str]:
    """Names, relative to ``folder``, of everything in and below ``place`` that is no directory, sorted."""
    found = [file for file in place.rglob("*") if not file.is_dir()]
    return sorted(file.relative_to(folder).as_posix() for file in found)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sum_line(digest: str, name: str) -> str:
    """One line; coreutils marks a name with a backslash or a line end by a leading backslash, and escapes it."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return f"{mark}{digest}  {escaped}\n"


def _unescaped(name: str) -> str:
    return re.sub(r"\\[\\nr]", lambda found: _ESCAPES[found[0]], name)


def _printable(name: str) -> str:
    """As it may be shown on a terminal: what is no printable character is spelt out."""
    text = name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
