"""Every file gone, empty, cut, or of bytes that are no such file."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial

import pyarrow.parquet as pq

from tests.checks.altered.bases import base
from tests.checks.altered.cases import ANY, DOUBTFUL, REFUSED, SAME_OR_REFUSED, UNREADABLE, Case, Cases
from tests.checks.altered.folders import DECISIONS, FAULTS, MANIFEST, NODES, OBSERVED, OPS, Folder

Bytes = Callable[[bytes], bytes]
OF_ANY: dict[str, tuple[Bytes, frozenset[str]]] = {
    "half": (lambda content: content[: len(content) // 2], DOUBTFUL),
    "not text, nor a table": (lambda content: b"\xff\xfe\x00\x80" * 9, UNREADABLE),
    "of zeros": (lambda content: bytes(len(content)), UNREADABLE),
    "HTML": (lambda content: b"<html><body>502 Bad Gateway</body></html>", UNREADABLE),
}
OF_JSON: dict[str, tuple[Bytes, frozenset[str]]] = {
    "a byte that is no UTF-8": (lambda content: content.replace(b'"', b'"\xff', 1), UNREADABLE),
    "begins with a byte order mark": (lambda content: b"\xef\xbb\xbf" + content, SAME_OR_REFUSED),
    "in UTF-16": (lambda content: content.decode().encode("utf-16"), SAME_OR_REFUSED),
    "the last bracket gone": (lambda content: content.rstrip()[:-1], UNREADABLE),
    "more after its end": (lambda content: content.rstrip() + b" {}", UNREADABLE),
    "nested a hundred deep": (lambda content: b'{"a":' * 100 + b"1" + b"}" * 100, UNREADABLE),
    "nested without end": (lambda content: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, UNREADABLE),
    "a list": (lambda content: b"[]", UNREADABLE),
    "a number": (lambda content: b"7", UNREADABLE),
    "null": (lambda content: b"null", UNREADABLE),
    "a control character": (lambda content: content.replace(b'"', b'"\x01', 1), UNREADABLE),
    "half a surrogate pair": (lambda content: content.replace(b'"', b'"\\ud800', 1), UNREADABLE),
    "single quotes": (lambda content: content.replace(b'"', b"'"), UNREADABLE),
    "a key twice": (lambda content: _twice(content), ANY),
}


def _twice(content: bytes) -> bytes:
    """The first object begins with a key that comes again: which one counts is anybody's guess."""
    first = content[content.index(b'"') : content.index(b":")]
    return content.replace(b"{", b"{" + first + b": null, ", 1)


def contents(topology: str) -> Cases:
    folder = base("transfer", topology)
    for path in folder.paths:
        table = path in folder.tables
        for how, (change, allowed) in (OF_ANY if table else OF_ANY | OF_JSON).items():
            yield Case(
                kind=f"a file: {how}",
                place=path,
                workload="transfer",
                topology=topology,
                alter=partial(_change, path=path, change=change),
                allowed=allowed,
                files=(path,),
            )
        yield Case(
            kind="a file: gone",
            place=path,
            workload="transfer",
            topology=topology,
            alter=partial(_gone, path=path),
            allowed=_without(path, topology),
            files=(path, "ops/"),
        )
        yield Case(
            kind="a file: empty",
            place=path,
            workload="transfer",
            topology=topology,
            alter=partial(_change, path=path, change=lambda content: b""),
            allowed=ANY if path == DECISIONS else DOUBTFUL,
            files=(path,),
        )
        yield Case(
            kind="a file: a folder in its place",
            place=path,
            workload="transfer",
            topology=topology,
            alter=partial(_folder_instead, path=path),
            allowed=DOUBTFUL,
            files=(path, "ops/"),
        )


def _without(path: str, topology: str) -> frozenset[str]:
    """A folder may come from a tool that writes less; what is required stays undecided then, and a plan unproven."""
    if path == OPS:
        return frozenset({REFUSED})
    if path == MANIFEST or path == DECISIONS or (path == OBSERVED and topology == "single"):
        return ANY
    return DOUBTFUL


def _bytes(folder: Folder, path: str) -> bytes:
    if path not in folder.tables:
        return folder.written(path)
    into = io.BytesIO()
    pq.write_table(folder.tables[path], into)
    return into.getvalue()


def _change(folder: Folder, *, path: str, change: Bytes) -> None:
    folder.raw[path] = change(_bytes(folder, path))


def _gone(folder: Folder, *, path: str) -> None:
    folder.raw[path] = None


def _folder_instead(folder: Folder, *, path: str) -> None:
    folder.raw[path] = None
    folder.raw[f"{path}/file"] = b"7"


def several_gone(topology: str) -> Cases:
    """Only ops/ can be judged too, but a plan that nothing proves does not pass."""
    folder = base("transfer", topology)
    for how, kept in (
        ("ops alone", {OPS}),
        ("ops and manifest", {OPS, MANIFEST}),
        ("ops, manifest and faults", {OPS, MANIFEST, FAULTS}),
        ("ops and final tables", {OPS, *folder.final}),
        ("ops, final tables and nodes", {OPS, NODES, *folder.final}),
    ):
        yield Case(
            kind="several files gone",
            place=f"{how} left",
            workload="transfer",
            topology=topology,
            alter=partial(_keep, kept=kept),
            allowed=DOUBTFUL if MANIFEST in kept else ANY,
            files=(),
        )


def _keep(folder: Folder, *, kept: set[str]) -> None:
    for path in folder.paths:
        if path not in kept:
            folder.raw[path] = None


def cases() -> Cases:
    for topology in ("single", "async", "group"):
        yield from contents(topology)
        yield from several_gone(topology)
