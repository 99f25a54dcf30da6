"""The JSON files of a run folder, read with care: whatever is wrong with one becomes one line that names it.

A folder may come from anywhere. What this module lets through can be walked, shown and written again: no value is
nested deeper than DEPTH_LIMIT, and all text can be encoded. It does not know what the files mean.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DEPTH_LIMIT = 64


class HistoryError(Exception):
    """The folder cannot be read as a run; the message is one line that names the file and how to fix it."""


class _NotJsonError(Exception):
    """Why a text is no JSON that can be used, in plain words."""


def read_object(file: Path) -> dict[str, Any] | None:
    """The JSON object in a file, None if there is no such file; raises HistoryError if it holds anything else."""
    if not file.exists():
        return None
    try:
        loaded = _parsed(_text(file))
    except _NotJsonError as why:
        raise HistoryError(f"{file}: not readable as JSON: {why}") from None
    if not isinstance(loaded, dict):
        raise HistoryError(f"{file}: expected a JSON object")
    return loaded


def read_lines(file: Path, *, what: str) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a file with one JSON object a line, each with its place (``…/faults.jsonl:3: not a fault step``)
    for messages.

    Empty if there is no such file. what: what a line is, in words. Raises HistoryError, naming the line.
    """
    if not file.exists():
        return []
    # Only a line feed ends a line: JSON text may hold other characters that Python takes for line ends.
    lines = _text(file).split("\n")
    if not lines[-1]:
        lines.pop()
    rows: list[tuple[str, dict[str, Any]]] = []
    for number, line in enumerate(lines, start=1):
        place = f"{file}:{number}: not a {what}"
        try:
            row = _parsed(line)
        except _NotJsonError as why:
            raise HistoryError(f"{place}: {why}") from None
        if not isinstance(row, dict):
            raise HistoryError(f"{place}: expected a JSON object")
        rows.append((place, row))
    return rows


def _text(file: Path) -> str:
    if not file.is_file():  # to read a pipe would wait for ever
        raise HistoryError(f"{file}: is no file")
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise HistoryError(f"{file}: not readable as text: byte {error.start + 1} is not UTF-8") from None
    except OSError as error:
        raise HistoryError(f"{file}: not readable: {error.strerror}") from None


def _parsed(text: str) -> Any:
    """The value of a JSON text; raises _NotJsonError when it is none, or one that could not be walked or written."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise _NotJsonError(f"nested deeper than {DEPTH_LIMIT}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise _NotJsonError(f"no JSON at {where}" if text.strip() else "it is empty") from None
    except ValueError:  # Python's limit on the digits of a number
        raise _NotJsonError("a number has too many digits") from None
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [*one, *one.values()]
            elif isinstance(one, list):
                inner += one
            elif isinstance(one, str) and not _is_encodable(one):
                raise _NotJsonError("half a surrogate pair is no character")
        if not inner:
            return value
        level = inner
    raise _NotJsonError(f"nested deeper than {DEPTH_LIMIT}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two values of one key JSON keeps the last, so that one could hide the other."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotJsonError(f"key {twice[:80]!r} is there twice")
    return members


def _is_encodable(text: str) -> bool:
    """JSON can spell half a surrogate pair, which no file can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
