"""What a group does by itself, noted for those who wait for it: a leader that is suspected, a member that comes back.

Decides nothing. What lasts less than a look of the control plane may go unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from cluster.status.views import unreachable
from control.rules import Seen

Note = tuple[Literal["primary_suspected", "rejoining"], str]


class GroupNotes:
    """Looks again and again; tells each thing once."""

    def __init__(self) -> None:
        self._suspected: set[str] = set()
        #: Member -> whether it is in its group, out of it, or on its way back; missing before it was in at all.
        self._part: dict[str, Literal["in", "out", "returning"]] = {}

    def look(self, seen: Mapping[str, Seen], leaders: Collection[str]) -> list[Note]:
        """What is new. leaders: who took writes as last agreed."""
        return [*self._suspicions(seen, leaders), *self._returns(seen)]

    def _suspicions(self, seen: Mapping[str, Seen], leaders: Collection[str]) -> Iterator[Note]:
        suspected = {name for name in leaders if any(unreachable(part) for part in _seen_as(name, seen))}
        for name in sorted(suspected - self._suspected):
            yield "primary_suspected", name
        self._suspected = suspected

    def _returns(self, seen: Mapping[str, Seen]) -> Iterator[Note]:
        for name, one in seen.items():
            state, part = one.status.state if one.status else None, self._part.get(name)
            if state == "ONLINE":
                if part == "out":
                    yield "rejoining", name  # its recovery was over between two looks
                self._part[name] = "in"
            elif state == "RECOVERING":
                if part in ("in", "out"):
                    yield "rejoining", name
                    self._part[name] = "returning"
            elif part is not None and not any(_seen_as(name, seen)):
                self._part[name] = "out"


def _seen_as(name: str, seen: Mapping[str, Seen]) -> list[str]:
    """What the other members in service have a member for, ``STATE/ROLE`` each; none of those that do not have it."""
    views = [one.status.view for other, one in seen.items() if other != name and one.status and one.status.in_service]
    return [view[name] for view in views if name in view]
