"""The words that op rows and samples are made of. What is called by another word would be judged by nothing.

``f`` is the workload's: each of ours has a fixed set of operations. A user's own class or locustfile calls its
operations as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from history.ops import Outcome

OUTCOMES = frozenset(get_args(Outcome))
#: Jepsen's word for an outcome that is not known.
INFO = "info"

#: Workload -> the f of its operations.
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
    return None if is_own(name) else OPERATIONS_OF[name]
