"""A user's option file (my.cnf), read as mysqld reads it, with the file and line of every option.

Groups, comments, quotes, escapes, ``!include`` and ``!includedir`` are those of MySQL's my_default.cc;
`cluster.mysqld.requested` holds the result against what the image's own mysqld makes of the same file. What a file
includes is on the user's machine and not in a pod: so `read` writes everything into one file, in its place, and that
goes into the pods.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from cluster.errors import ConfigurationError

#: Groups that every mysqld reads; beside them its own version's, such as ``mysqld-9.7``.
GROUPS = ("mysql_cluster", "mysqld", "server")
MOST_FILES = 100
MOST_BYTES = 1_000_000
#: How deep mysqld follows includes; deeper ones it passes over.
DEEPEST = 10
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "s": " ", '"': '"', "'": "'", "\\": "\\"}
_INCLUDE = re.compile(r"!\s*(includedir|include)\s+(.*)")
_SPACES = " \t\r\n\v\f"


@dataclass(frozen=True, kw_only=True)
class FileOption:
    """name: as written, without dashes. value: without quotes; None where there is no ``=``. where: ``my.cnf:12``."""

    name: str
    value: str | None
    group: str
    where: str

    @property
    def given(self) -> str:
        """The value; one that is left out turns a switch on."""
        return "ON" if self.value is None else self.value


@dataclass(kw_only=True)
class OptionFile:
    """content: all of it as one file. options: of every group, in mysqld's order. files: what was read, the user's
    file first."""

    content: bytes = b""
    bytes_read: int = 0
    options: list[FileOption] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def of(self, groups: tuple[str, ...]) -> list[FileOption]:
        """The options of these groups: mysqld reads groups without regard to case."""
        return [one for one in self.options if one.group.lower() in groups]


def groups_of(version: tuple[int, int, int]) -> tuple[str, ...]:
    """What a mysqld reads, by its version."""
    return (*GROUPS, f"mysqld-{version[0]}.{version[1]}")


def printed(options: list[FileOption]) -> str:
    """Options as ``mysqld --print-defaults`` prints them, which takes all that begins with password for one."""
    words = (f"--{one.name}" + ("" if one.value is None else f"={one.value}") for one in options)
    return " ".join("--password=*****" if word.startswith("--password") else word for word in words)


def read(file: Path) -> OptionFile:
    """Read a file and all that it includes; raises ConfigurationError with file and line."""
    found = OptionFile()
    found.content = "".join(_read(file, found, depth=0, within=file.name)).encode("utf-8", "surrogateescape")
    return found


def _read(file: Path, found: OptionFile, *, depth: int, within: str) -> list[str]:
    """A file's lines, with includes in their place. within: who asks for it, as the messages say it."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{within}: {file} cannot be read ({error.strerror})") from None
    found.files.append(file)
    found.bytes_read += len(raw)
    if b"\0" in raw or found.bytes_read > MOST_BYTES or len(found.files) > MOST_FILES:
        raise ConfigurationError(
            f"{within}: {file} is no option file, or with all that it includes more than {MOST_FILES} files or "
            f"{MOST_BYTES // 1_000_000} MB"
        )
    group, lines = "", list[str]()
    for number, line in enumerate(raw.decode("utf-8", "surrogateescape").split("\n"), start=1):
        text, where = line.lstrip(_SPACES), f"{file.name}:{number}"
        if not text or text[0] in "#;":
            continue
        if not text.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise ConfigurationError(f"{where}: expected UTF-8")
        if text[0] == "!":
            if depth < DEEPEST:
                for one in _included(text, file, where):
                    lines += _read(one, found, depth=depth + 1, within=where)
                lines += [f"[{group}]\n"] if group else []
        elif text[0] == "[":
            inside, end, _ = text[1:].partition("]")
            if not end:
                raise ConfigurationError(f"{where}: expected a group such as [mysqld]")
            group = inside.rstrip(_SPACES)
            lines.append(f"[{group}]\n")
        elif not group:
            raise ConfigurationError(f"{where}: an option before the first group, such as [mysqld]")
        else:
            found.options.append(_option(text, group, where))
            lines.append(line.rstrip(_SPACES) + "\n")
    return lines


def _included(text: str, file: Path, where: str) -> list[Path]:
    """The files that one ``!include`` or ``!includedir`` names, as mysqld takes them: of a folder ``*.cnf``, sorted."""
    directive = _INCLUDE.fullmatch(text.rstrip(_SPACES))
    if directive is None:
        return []  # which mysqld passes over
    what, path = directive[1], file.parent / directive[2]
    if what == "include" and path.is_file():
        return [path]
    if what == "includedir" and path.is_dir():
        return sorted(one for one in path.iterdir() if one.suffix == ".cnf" and one.is_file())
    raise ConfigurationError(
        f"{where}: !{what} {directive[2]}: not on this machine, from where it goes into the pods; bring it along, or "
        "leave the line out"
    )


def _option(text: str, group: str, where: str) -> FileOption:
    name, equals, value = _without_comment(text).partition("=")
    value = value.strip(_SPACES)
    if len(value) > 1 and value[0] in "\"'" and value[0] == value[-1]:
        value = value[1:-1]
    return FileOption(name=name.rstrip(_SPACES), value=_unescaped(value) if equals else None, group=group, where=where)


def _without_comment(text: str) -> str:
    """Up to the first ``#`` that stands in no quotes."""
    quote, escaped = "", False
    for at, letter in enumerate(text):
        if letter in "'\"" and not escaped:
            quote = "" if quote == letter else quote or letter
        if not quote and letter == "#":
            return text[:at]
        escaped = bool(quote) and letter == "\\" and not escaped
    return text


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value, flags=re.DOTALL)
