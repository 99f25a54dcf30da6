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
    """The folder cannot be read as a run; the message is one line that names the file and how to mend it."""


def read_object(file: Path) -> dict[str, Any] | None:
    """The JSON object in a file, None if there is no such file; raises HistoryError if it holds anything else."""
    if not file.exists():
        return None
    try:
        loaded = _parsed(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise HistoryError(f"{file}: not readable as JSON ({error})") from None
    if not isinstance(loaded, dict):
        raise HistoryError(f"{file}: expected a JSON object")
    return loaded


def read_lines(file: Path, *, what: str) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a file with one JSON object a line, each with its place (``…/faults.jsonl:3``) for messages.

    Empty if there is no such file. what: what a line is, in words. Raises HistoryError, naming the line.
    """
    if not file.exists():
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (ValueError, OSError) as error:
        raise HistoryError(f"{file}: not readable as text ({error})") from None
    rows: list[tuple[str, dict[str, Any]]] = []
    for number, line in enumerate(lines, start=1):
        place = f"{file}:{number}"
        try:
            row = _parsed(line)
        except ValueError as error:
            raise HistoryError(f"{place}: not a {what} ({error})") from None
        if not isinstance(row, dict):
            raise HistoryError(f"{place}: not a {what} (expected a JSON object)")
        rows.append((place, row))
    return rows


def _parsed(text: str) -> Any:
    """The value of a JSON text; raises ValueError when it is none, or one that could not be walked or written."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(f"nested deeper than {DEPTH_LIMIT}") from None
    level: list[Any] = [value]
    for _ in range(DEPTH_LIMIT):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += [*one, *one.values()]
            elif isinstance(one, list):
                inner += one
            elif isinstance(one, str):
                one.encode()  # JSON can spell half a surrogate pair; the UnicodeError is a ValueError
        if not inner:
            return value
        level = inner
    raise ValueError(f"nested deeper than {DEPTH_LIMIT}")
