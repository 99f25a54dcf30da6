"""``final/nodes.json``: what each node was at the end, by its name; checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from history.fields import LIST, OBJECT, TEXT, WHOLE, Kind, is_whole, one_of, taken, taken_if_there
from history.vocabulary import ROLES

_ROLE = one_of(sorted(ROLES))
#: MySQL's are numbers; another tool may have its own.
_CHECKSUM = Kind("a whole number or text", lambda value: is_whole(value) or isinstance(value, str))


class Unanswered(TypedDict):
    """What a node did not answer. table: None, where it answered nothing at all."""

    table: str | None
    errno: int | None
    error: str


class NodeRow(TypedDict, total=False):
    """state: of the group's member, or in words of ours. checksums: by table. unread: what it did not answer."""

    role: str | None
    state: str | None
    gtid_executed: str | None
    checksums: dict[str, Any]
    unread: list[Unanswered]


def assert_nodes_readable(nodes: Mapping[str, Any] | None, *, name: str = "nodes.json") -> None:
    """Raise HistoryError when a pod's record is not of its kind. name: the file, for the message."""
    for pod in nodes or {}:
        record = taken(nodes or {}, pod, OBJECT, place=name)
        place = f"{name}: {pod}"
        taken_if_there(record, "role", _ROLE, place=place)
        for key in ("state", "gtid_executed"):
            taken_if_there(record, key, TEXT, place=place)
        checksums = taken_if_there(record, "checksums", OBJECT, place=place) or {}
        for table in checksums:
            taken_if_there(checksums, table, _CHECKSUM, place=f"{place}: checksums")
        entries = taken_if_there(record, "unread", LIST, place=place) or []
        for number in range(len(entries)):
            entry = taken({"unread": entries[number]}, "unread", OBJECT, place=place)
            for key, kind in (("table", TEXT), ("errno", WHOLE), ("error", TEXT)):
                taken_if_there(entry, key, kind, place=f"{place}: unread")
