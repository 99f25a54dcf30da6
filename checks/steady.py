"""When the service was steady again after a fault: it kept up with the load, at healthy latency, for three seconds.

The last step of the waterfall (``checks/waterfall.py``). The yardstick for the rate is what was offered in the same
second, since random arrivals differ from second to second; for latency it is the run itself before its first fault.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.figures import quantiles_ms
from checks.ledger import Codes
from checks.operations import column_ns, offered, writes

WINDOW_NS = 1_000_000_000
WINDOWS = 3
RATE_SHARE = 0.9
P99_FACTOR, P99_SLACK_MS = 2.0, 50.0


@dataclass(frozen=True, kw_only=True)
class _Acked:
    """Acknowledged ops in order of their end: end times of writes and of all, and the response time of all; beside
    them the intended times of all writes, in their order."""

    write_ends: Codes
    write_intents: Codes
    ends: Codes
    response_ns: Codes

    def keeps_up(self, start_ns: int) -> bool:
        """Whether the window that starts there acknowledged RATE_SHARE of the writes it was offered."""
        window = [start_ns, start_ns + WINDOW_NS]
        acknowledged, wanted = (np.diff(np.searchsorted(at, window))[0] for at in (self.write_ends, self.write_intents))
        return bool(acknowledged > 0 and acknowledged >= RATE_SHARE * wanted)

    def p99_ms(self, start_ns: int, end_ns: int) -> float:
        """Response p99 of the ops that ended from start to end; infinite where there are none."""
        low, high = np.searchsorted(self.ends, [start_ns, end_ns])
        p99 = quantiles_ms(self.response_ns[low:high])["p99"]
        return float("inf") if p99 is None else p99


def steady(ops: pd.DataFrame, *, first_ack_ns: int, baseline_end_ns: int) -> tuple[int | None, str]:
    """The start of the first of 3 successive full seconds, counted from first_ack_ns, that are each as good as before.

    As good: acknowledged writes at least 90 % of those offered in that second, and response p99 of all acknowledged
    ops at most the larger of twice the p99 before baseline_end_ns and 50 ms more. A second is full if the load still
    offered ops until its end. Returns that start, or None, and a note that says why or how it was judged.
    """
    if ops.empty:
        return None, "the ops are empty"
    ok = ops[ops["outcome"] == "ok"].sort_values("end_ns", kind="stable")
    ends = column_ns(ok, "end_ns")
    acked = _Acked(
        write_ends=column_ns(writes(ok), "end_ns"),
        write_intents=np.sort(column_ns(offered(writes(ops)), "intended_ns")),
        ends=ends,
        response_ns=ends - column_ns(ok, "intended_ns"),
    )
    load_start_ns, load_end_ns = int(ops["intended_ns"].min()), int(ops["intended_ns"].max())
    p99_before_ms = acked.p99_ms(load_start_ns, baseline_end_ns)
    if p99_before_ms == float("inf"):
        return None, "nothing was acknowledged before the fault to compare with"
    p99_limit_ms = max(P99_FACTOR * p99_before_ms, p99_before_ms + P99_SLACK_MS)

    run = 0
    for start in range(first_ack_ns, load_end_ns - WINDOW_NS + 1, WINDOW_NS):
        healthy = acked.p99_ms(start, start + WINDOW_NS) <= p99_limit_ms
        run = run + 1 if healthy and acked.keeps_up(start) else 0
        if run == WINDOWS:
            return start - (WINDOWS - 1) * WINDOW_NS, f"p99 before {p99_before_ms:g} ms, limit {p99_limit_ms:g} ms"
    if load_end_ns < first_ack_ns + WINDOWS * WINDOW_NS:
        return None, f"the load ended {(load_end_ns - first_ack_ns) / 1e9:.1f} s after the first acknowledged write"
    return None, f"no {WINDOWS} s in a row as good as before (p99 {p99_before_ms:g} ms, limit {p99_limit_ms:g} ms)"
