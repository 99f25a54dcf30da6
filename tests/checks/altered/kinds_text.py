"""Text that a terminal or a browser would obey, in every place that holds text: it may be shown, but not obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa

from tests.checks.altered.bases import base
from tests.checks.altered.cases import ANY, Alter, Case, Cases
from tests.checks.altered.folders import DECISIONS, FAULTS, MANIFEST, NODES, OBSERVED, OPS, Folder

#: Colors, a title, a bell, C1's CSI, a right-to-left override, an isolate, a delete and a line end.
EVIL = "x\x1b[31m\x1b]0;y\x07\x9b7m\u202ecba\u2066\x7f\r\nz"

Keys = tuple[Any, ...]


def texts(value: Any, at: Keys = ()) -> Iterator[Keys]:
    """Where there is text in a JSON value."""
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inner, (*at, key))


def objects(value: Any, at: Keys = ()) -> Iterator[Keys]:
    """Where there is an object in a JSON value."""
    if isinstance(value, dict):
        yield at
        for key, inner in value.items():
            yield from objects(inner, (*at, key))


def _case(path: str, place: str, workload: str, alter: Alter) -> Case:
    return Case(
        kind=f"control characters in {'final tables' if path.startswith('final/') and path != NODES else path}",
        place=f"{path}: {place}",
        workload=workload,
        topology="group",
        alter=alter,
        allowed=ANY,
        files=(path,),
        pages=True,
    )


def columns(workload: str, path: str) -> Cases:
    """In one cell, and, so that a witness shows it, in a row that only one pod has."""
    for field in base(workload, "group").tables[path].schema:
        if pa.types.is_string(field.type):
            for every in (False, True):
                alter = partial(_cell, path=path, column=field.name, every=every)
                yield _case(path, f"{field.name}, {'all rows' if every else 'one row'}", workload, alter)


def _cell(folder: Folder, *, path: str, column: str, every: bool) -> None:
    rows = folder.rows(path)
    for row in rows if every else rows[-1:]:
        row[column] = (row[column] or "") + EVIL if every else EVIL
    folder.put(path, rows)


def _lost_key(folder: Folder) -> None:
    """An acknowledged key of control characters, whose row is lost on one pod: it becomes a witness."""
    key = folder.made["acked"][4]
    for path, column in ((OPS, "key"), ("final/transfers.parquet", "id"), ("final/entries.parquet", "transfer")):
        rows = folder.rows(path)
        for row in rows:
            if row[column] == key:
                row[column] = EVIL
        folder.put(path, rows)
    folder.edit("final/transfers.parquet", lambda row: row["id"] == EVIL and row["node"] == "node2", lambda row: [])


def _errors(folder: Folder) -> None:
    folder.edit(OPS, lambda row: row["error"] is not None, lambda row: row | {"error": EVIL})


def _put(folder: Folder, *, path: str, number: int | None, keys: Keys, as_key: bool) -> None:
    place: Any = folder.objects[path] if number is None else folder.lines[path][number]
    for key in keys if as_key else keys[:-1]:
        place = place[key]
    if as_key:
        place[EVIL] = 7
    else:
        place[keys[-1]] = EVIL


def values(path: str) -> Cases:
    folder = base("transfer", "group")
    found = [(None, folder.objects[path])] if path in folder.objects else list(enumerate(folder.lines[path]))
    for number, value in found:
        at = "" if number is None else f"line {number + 1}, "
        for as_key, places in ((False, texts(value)), (True, objects(value))):
            for keys in places:
                if keys[:1] in (("variables",), ("versions",), ("images",)) and len(keys) > 2:
                    continue
                place = f"{at}{'a key in ' * as_key}{'.'.join(map(str, keys)) or 'the whole'}"
                yield _case(path, place, "transfer", partial(_put, path=path, number=number, keys=keys, as_key=as_key))


def cases() -> Cases:
    for path in (OPS, OBSERVED, *base("transfer", "group").final):
        yield from columns("transfer", path)
    for workload in ("append", "smallbank", "tpcb", "mixed-read"):
        for path in base(workload, "group").final:
            yield from columns(workload, path)
    yield _case(OPS, "an acknowledged key that one pod lost", "transfer", _lost_key)
    yield _case(OPS, "all errors", "transfer", _errors)
    for path in (MANIFEST, NODES, FAULTS, DECISIONS):
        yield from values(path)
