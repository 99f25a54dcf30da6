"""What a workload says of itself that judging must know. Its class declares it, a run writes it into the manifest.

``manifest.workload`` is ``{"operations": [...] or null, "reads": [...], "refusals": [...], "keyed": true}``. A folder
that does not say, as those made before it was written, is judged by what held for all workloads then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from history.vocabulary import operations_of, workload_name

#: The f of operations that write nothing, of a class that does not say: those of all workloads there were at first.
READS = frozenset({"read", "balance", "order-status", "stock-level"})
#: Likewise the errors by which the business refuses an operation.
REFUSALS = frozenset({"insufficient-funds", "unused-item", "declined"})


@dataclass(frozen=True, kw_only=True)
class WorkloadFacts:
    """operations: the f that its rows may have; None: any. reads: the f of those that write nothing. refusals: the
    errors by which the business refuses an operation, which is an answer and no failure. keyed: whether a final table
    lists the keys of what took effect."""

    operations: frozenset[str] | None = None
    reads: frozenset[str] = READS
    refusals: frozenset[str] = REFUSALS
    keyed: bool = True

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> WorkloadFacts:
        """The inverse of `as_json`. What is not told is as it always was."""
        words = {name: told.get(name) for name in ("operations", "reads", "refusals")}
        sets: dict[str, Any] = {name: frozenset(value) for name, value in words.items() if value is not None}
        return cls(**sets, keyed=told.get("keyed") is not False)

    def as_json(self) -> dict[str, Any]:
        return {
            "operations": None if self.operations is None else sorted(self.operations),
            "reads": sorted(self.reads),
            "refusals": sorted(self.refusals),
            "keyed": self.keyed,
        }


def facts_of(manifest: Mapping[str, Any]) -> WorkloadFacts:
    """What a manifest says of its workload, once `history.manifest.assert_readable` has found it readable."""
    told = manifest.get("workload")
    if isinstance(told, Mapping):
        return WorkloadFacts.read(told)
    return WorkloadFacts(operations=operations_of(workload_name(manifest)))
