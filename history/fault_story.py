"""The lines of ``faults.jsonl`` about one fault as a story that can have happened: each step once, and in order.

A file whose times cannot be is no record of anything, so it is refused. Whether the story is that of the fault which
was planned is asked later (`checks.plausible`).
"""

from __future__ import annotations

from typing import Any

from history.fields import one_of, spelt
from history.json_files import HistoryError

STEPS = ("planned", "injected", "bitten", "healed", "clean")
STEP = one_of(STEPS)
#: A timer may fire this much before the moment it was set to.
_EARLY_NS = 10_000_000
#: step -> the steps it cannot come before.
_AFTER = {
    "injected": ("planned",),
    "bitten": ("injected",),
    "healed": ("injected", "bitten"),
    "clean": ("injected", "bitten", "healed"),
}


class Story:
    """The steps of one fault so far; its fault and target are the same on every line."""

    def __init__(self) -> None:
        self._first: dict[str, Any] = {}
        self._at_ns: dict[str, int | None] = {}

    def add(self, step: str, at_ns: int | None, line: dict[str, Any], *, place: str) -> None:
        """One more line. place: for the message of the HistoryError that is raised when it cannot be."""
        self._first = self._first or line
        for name in ("fault", "target"):
            if line[name] != self._first[name]:
                told = f"{spelt(self._first[name])} before and {spelt(line[name])} here"
                raise HistoryError(f"{place}: {name!r} of id {line['id']} is {told}; expected the same on every line")
        if step in self._at_ns:
            raise HistoryError(f"{place}: step {step!r} of id {line['id']} is there already; expected it once")
        self._at_ns[step] = at_ns
        for later, causes in _AFTER.items():
            for cause in causes:
                self._require_order(cause, later, line, place)

    def _require_order(self, cause: str, later: str, line: dict[str, Any], place: str) -> None:
        first_ns, then_ns = self._at_ns.get(cause), self._at_ns.get(later)
        if first_ns is None or then_ns is None:
            return
        if then_ns < first_ns - (_EARLY_NS if cause == "planned" else 0):
            early_ms = (first_ns - then_ns) / 1e6
            raise HistoryError(f"{place}: id {line['id']} is {later} {early_ms:g} ms before it is {cause}")
