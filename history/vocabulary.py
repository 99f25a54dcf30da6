"""The words that op rows and samples are made of. What is called by another word would be judged by nothing.

``f`` is the workload's: each of ours has a fixed set of operations. A user's own class or locustfile calls its
operations as it likes. What judging must know of a workload its class declares, and a run writes it into the manifest:
``manifest.workload`` is ``{"operations": [...] or null, "reads": [...], "refusals": [...], "keyed": true, "read_port":
[...]}``. A folder that does not say, as those made before it was written, is judged by what held for all workloads
then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from history.ops import Outcome

OUTCOMES = frozenset(get_args(Outcome))
#: Jepsen's word for an outcome that is not known.
INFO = "info"

#: Workload -> the f of its operations, for folders that do not say (`WorkloadFacts`).
OPERATIONS_OF: Mapping[str, frozenset[str]] = {
    "transfer": frozenset({"transfer", "read"}),
    "tpcb": frozenset({"deposit"}),
    "smallbank": frozenset(
        {"amalgamate", "balance", "deposit-checking", "send-payment", "transact-savings", "write-check"}
    ),
    "tpcc": frozenset({"new-order", "payment", "order-status", "delivery", "stock-level"}),
    "append": frozenset({"append", "read"}),
    "mixed-read": frozenset({"write", "read"}),
}

#: The f of operations that write nothing, of a class that does not say: those of all workloads there were at first.
READS = frozenset({"read", "balance", "order-status", "stock-level"})
#: Likewise the errors by which the business refuses an operation.
REFUSALS = frozenset({"insufficient-funds", "unused-item", "declined"})

SAMPLE_KINDS = frozenset({"pod", "proxy"})
ROLES = frozenset({"primary", "replica"})


def is_own(name: str) -> bool:
    """Whether a workload is a user's own: ``path/to/file.py:ClassName``, or the path of a locustfile."""
    return name.rpartition(":")[0].endswith(".py") or name.endswith(".py")


def is_locustfile(name: str) -> bool:
    """Whether a workload is a user's own locustfile, whose users ask when they like."""
    return name.endswith(".py")


def operations_of(name: str | None) -> frozenset[str] | None:
    """The f that a workload's operations may have, without a name those of all of ours; None if any will do."""
    if name is None:
        return frozenset().union(*OPERATIONS_OF.values())
    return None if is_own(name) else OPERATIONS_OF.get(name)


@dataclass(frozen=True, kw_only=True)
class WorkloadFacts:
    """operations: the f that its rows may have; None: any. reads: the f of those that write nothing. refusals: the
    errors by which the business refuses an operation, which is an answer and no failure. keyed: whether a final table
    lists the keys of what took effect. read_port: the f of those that go to the mesh's read port."""

    operations: frozenset[str] | None = None
    reads: frozenset[str] = READS
    refusals: frozenset[str] = REFUSALS
    keyed: bool = True
    read_port: frozenset[str] = frozenset()

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> WorkloadFacts:
        """The inverse of `as_json`. What is not told is as it always was."""
        words = {name: told.get(name) for name in ("operations", "reads", "refusals", "read_port")}
        sets: dict[str, Any] = {name: frozenset(value) for name, value in words.items() if value is not None}
        return cls(**sets, keyed=told.get("keyed") is not False)

    def as_json(self) -> dict[str, Any]:
        return {
            "operations": None if self.operations is None else sorted(self.operations),
            "reads": sorted(self.reads),
            "refusals": sorted(self.refusals),
            "keyed": self.keyed,
            "read_port": sorted(self.read_port),
        }
