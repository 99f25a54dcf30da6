"""Before, during and after the faults of a run: the three windows every latency is reported in.

An op belongs to the phase it was *intended* in, so that a stalled arrival counts where it was wanted.
Judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.history import FaultRecord, History
from checks.operations import column_ns
from checks.waterfall import waterfall


@dataclass(frozen=True, kw_only=True)
class Phases:
    """injected_ns: the first injection. recovered_ns: when the last fault was over. Both None without a fault."""

    injected_ns: int | None
    recovered_ns: int | None

    def split(self, ops: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The ops intended ``before`` the first injection, ``after`` recovery, and ``during``, in between."""
        if self.injected_ns is None or self.recovered_ns is None:
            return {"before": ops, "during": ops[:0], "after": ops[:0]}
        intended = column_ns(ops, "intended_ns")
        before, after = intended < self.injected_ns, intended >= self.recovered_ns
        return {"before": ops[before], "during": ops[~before & ~after], "after": ops[after]}


def phases(history: History) -> Phases:
    """Where the phases of a run begin and end.

    A fault is over when its pod was back (else healed, else injected) and, if that is known and later, when
    the service was steady again; recovery is when the last fault is over.
    """
    faults = [fault for fault in history.faults if fault.injected_ns is not None]
    return Phases(
        injected_ns=min((fault.injected_ns for fault in faults if fault.injected_ns is not None), default=None),
        recovered_ns=max((_over_ns(history, fault) for fault in faults), default=None),
    )


def _over_ns(history: History, fault: FaultRecord) -> int:
    steady_ns = next((step.at_ns for step in waterfall(history, fault) if step.step == "steady"), None)
    return max(fault.clean_ns or fault.healed_ns or fault.injected_ns or 0, steady_ns or 0)
