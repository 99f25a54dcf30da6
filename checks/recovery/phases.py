"""Before, during and after the faults of a run: the three windows every latency is reported in.

An op belongs to the phase it was *intended* in, so that a stalled arrival counts where it was wanted.
Judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from checks.evidence.intervals import END_OF_TIME_NS
from checks.evidence.operations import column_ns
from checks.recovery.waterfall import waterfalls
from history.history import History


@dataclass(frozen=True, kw_only=True)
class Phases:
    """injected_ns: the first injection, None without a fault. recovered_ns: when the last fault was over; None without
    a fault, and where one never was. never_steady: whether service was not steady again before the load ended."""

    injected_ns: int | None
    recovered_ns: int | None
    never_steady: bool = False

    def split(self, ops: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """The ops intended ``before`` the first injection, ``after`` recovery, and ``during``, in between.

        A service that was not steady again has no after: all that followed the injection is during.
        """
        if self.injected_ns is None:
            return {"before": ops, "during": ops[:0], "after": ops[:0]}
        intended = column_ns(ops, "intended_ns")
        before = intended < self.injected_ns
        after = intended >= (END_OF_TIME_NS if self.recovered_ns is None else self.recovered_ns)
        return {"before": ops[before], "during": ops[~before & ~after], "after": ops[after]}


def phases(history: History) -> Phases:
    """Where the phases of a run begin and end.

    A fault is over when its pod was back (else healed, else injected) and, if that is known and later, when
    the service was steady again; recovery is when the last fault is over. Where it is known that service was not
    steady again when the load ended, there was no recovery.
    """
    steady = [
        (fault, step)
        for fault, steps in zip(history.faults, waterfalls(history), strict=True)
        for step in steps
        if step.step == "steady" and fault.injected_ns is not None
    ]
    never = any(step.lost for _, step in steady)
    over = [max(fault.clean_ns or fault.healed_ns or fault.injected_ns or 0, step.at_ns or 0) for fault, step in steady]
    return Phases(
        injected_ns=min((fault.injected_ns for fault, _ in steady if fault.injected_ns is not None), default=None),
        recovered_ns=None if never else max(over, default=None),
        never_steady=never,
    )
