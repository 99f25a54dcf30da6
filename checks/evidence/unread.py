"""What a pod could not answer when its final state was read: ``unread`` of its record in ``final/nodes.json``.

Each entry is ``{"table": name or null, "errno": MySQL's number or null, "error": its words}``; a null table stands for
the whole pod. Two kinds, and they mean the opposite. A pod that says that it *has no* such database, table or column
has answered: what was there is gone from it. A pod that *could not be asked* (it died, it hung, it refused) has said
nothing, so its rows are neither there nor lost. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: No such database, no such column, no such table.
GONE = frozenset({1049, 1054, 1146})
#: Options that keep changes out of a pod, or out of what it hands on.
_FILTERS = ("replicate_", "binlog_do_db", "binlog_ignore_db")


@dataclass(frozen=True, kw_only=True)
class Unread:
    """One answer that a pod did not give. table: None for the whole pod. gone: it says that there is no such thing."""

    node: str
    table: str | None
    errno: int | None
    error: str

    @property
    def gone(self) -> bool:
        return self.errno in GONE

    @property
    def words(self) -> str:
        return self.error if self.errno is None else f"{self.errno} {self.error}"


def unread(nodes: Mapping[str, Any] | None) -> list[Unread]:
    """All of them, in the order of the file. nodes: of final/nodes.json."""
    return [
        Unread(node=name, table=one.get("table"), errno=one.get("errno"), error=str(one.get("error") or "no words"))
        for name, record in (nodes or {}).items()
        for one in _entries(record)
    ]


def _entries(record: object) -> Iterator[Mapping[str, Any]]:
    found = record.get("unread") if isinstance(record, Mapping) else None
    yield from (one for one in found or [] if isinstance(one, Mapping))


def unasked(record: object) -> bool:
    """Whether a pod's record says that the pod could not be asked, so that nothing is known of its rows."""
    return any(one.get("errno") not in GONE for one in _entries(record))


def filters(manifest: Mapping[str, Any]) -> str:
    """The user's options that keep changes from pods, such as ``replicate_do_db=shop (mysql.config)``; or nothing."""
    rows = manifest.get("options")
    asked = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    return ", ".join(
        f"{row['option']}={row.get('asked', '')} ({row.get('from', 'mysql.config')})"
        for row in asked
        if str(row.get("option", "")).lower().replace("-", "_").removeprefix("loose_").startswith(_FILTERS)
    )
