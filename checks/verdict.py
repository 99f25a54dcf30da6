"""What a check says: one verdict with what was expected, what was measured, and witnesses.

Three values, after Jepsen: ``pass``, ``fail`` and ``unknown`` (the evidence is missing, or the check itself crashed).
The worst verdict of a run wins; ``unknown`` alone fails nothing unless the scenario requires that check.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["pass", "fail", "unknown"]

#: A report shows at most this many witnesses; ``measured`` always carries the full count.
WITNESS_LIMIT = 20


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement of one check.

    name: one of the check names of docs/map.md, such as ``durability``.
    expected: the threshold in words, such as ``"0 acknowledged transfers lost"``.
    measured: numbers by name, units last in the name (``outage_ms``); JSON-serialisable.
    witness: up to WITNESS_LIMIT concrete rows that show the failure (keys, accounts, nodes); JSON-serialisable.
    """

    name: str
    verdict: Outcome
    expected: str
    measured: dict[str, Any] = field(default_factory=dict)
    witness: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def unknown(name: str, *, expected: str, reason: str) -> Verdict:
    """A verdict that says which evidence was missing."""
    return Verdict(name=name, verdict="unknown", expected=expected, measured={"reason": reason})
