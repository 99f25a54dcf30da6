"""From when on the service was steady again after a fault: as good as before, from then to the end of the load.

The last step of the waterfall (``checks/recovery/waterfall.py``). The yardstick for the rate is what was offered in the
same second, since random arrivals differ from second to second; for latency it is the run itself before its first
fault. A service that was good for a while and is bad later was not steady then: a pod that comes back may take it down
again. One second that is a little worse is no lapse; one with less than half of the writes is, and so are three in a
row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from checks.evidence.intervals import Span
from checks.evidence.latency_stats import quantiles_ms
from checks.evidence.ledger import Codes
from checks.evidence.operations import column_ns, offered, writes
from history.vocabulary import WorkloadFacts

WINDOW_NS = 1_000_000_000
WINDOWS = 3
RATE_SHARE, LAPSE_SHARE = 0.9, 0.5
P99_FACTOR, P99_SLACK_MS = 2.0, 50.0


@dataclass(frozen=True, kw_only=True)
class _Acked:
    """Acknowledged ops in order of their end: end times of writes and of all, and the response time of all; beside
    them the intended times of all writes, in their order."""

    write_ends: Codes
    write_intents: Codes
    ends: Codes
    response_ns: Codes

    def share(self, start_ns: int) -> float:
        """Acknowledged writes of the window that starts there, as a share of those it was offered; 0.0 without any."""
        window = [start_ns, start_ns + WINDOW_NS]
        acknowledged, wanted = (np.diff(np.searchsorted(at, window))[0] for at in (self.write_ends, self.write_intents))
        return float(acknowledged / max(wanted, 1))

    def p99_ms(self, start_ns: int, end_ns: int) -> float:
        """Response p99 of the ops that ended from start to end; infinite where there are none."""
        low, high = np.searchsorted(self.ends, [start_ns, end_ns])
        p99 = quantiles_ms(self.response_ns[low:high])["p99"]
        return float("inf") if p99 is None else p99


@dataclass(frozen=True, kw_only=True)
class Steady:
    """at_ns: from when on, None if not. note: how it was judged, or why not. lost: service was not steady again when
    the load ended; False also where nothing can be said."""

    at_ns: int | None
    note: str
    lost: bool = False


def steady(
    ops: pd.DataFrame,
    workload: WorkloadFacts,
    *,
    first_ack_ns: int,
    baseline_end_ns: int,
    load_end_ns: int,
    until_ns: int | None = None,
) -> Steady:
    """The start of the first of 3 successive full seconds, counted from first_ack_ns, that are each as good as before,
    and from which service stays so until the load ends, or until_ns, when another pod was broken.

    As good: acknowledged writes at least 90 % of those offered in that second, and response p99 of all acknowledged
    ops at most the larger of twice the p99 before baseline_end_ns and 50 ms more. A second is full if the load still
    offered ops until its end; load_end_ns: when it offered the last.
    """
    if ops.empty:
        return Steady(at_ns=None, note="the ops are empty")
    ok = ops[ops["outcome"] == "ok"].sort_values("end_ns", kind="stable")
    ends = column_ns(ok, "end_ns")
    acked = _Acked(
        write_ends=column_ns(writes(ok, workload), "end_ns"),
        write_intents=np.sort(column_ns(offered(writes(ops, workload)), "intended_ns")),
        ends=ends,
        response_ns=ends - column_ns(ok, "intended_ns"),
    )
    load_start_ns = int(ops["intended_ns"].min())
    p99_before_ms = acked.p99_ms(load_start_ns, baseline_end_ns)
    if p99_before_ms == float("inf"):
        return Steady(at_ns=None, note="nothing was acknowledged before the fault to compare with")
    p99_limit_ms = max(P99_FACTOR * p99_before_ms, p99_before_ms + P99_SLACK_MS)
    end_ns, end = load_end_ns, "the load ended"
    if until_ns is not None and until_ns < load_end_ns:
        end_ns, end = until_ns, "the next fault came"
    if end_ns < first_ack_ns + WINDOWS * WINDOW_NS:
        return Steady(
            at_ns=None, note=f"{end} {(end_ns - first_ack_ns) / 1e9:.1f} s after the first acknowledged write"
        )
    at_ns, ended = _last_good(acked, first_ack_ns, end_ns, p99_limit_ms)
    limits = f"p99 {'before ' if at_ns else ''}{p99_before_ms:g} ms, limit {p99_limit_ms:g} ms"
    if at_ns is not None:
        return Steady(at_ns=at_ns, note="; ".join([limits, *_for_a_while(ended, first_ack_ns)]))
    only = f"no {WINDOWS} s in a row as good as before ({limits})"
    note = f"bad when {end} ({'; '.join([limits, *_for_a_while(ended, first_ack_ns)])})" if ended else only
    return Steady(at_ns=None, note=note, lost=until_ns is None or until_ns >= load_end_ns)


def _for_a_while(ended: list[Span], first_ack_ns: int) -> list[str]:
    """The good times that did not last, in words."""
    return [
        f"good before for {(to - since) / 1e9:.0f} s, from {(since - first_ack_ns) / 1e9:.1f} s after the first ack"
        for since, to in ended
    ]


def _last_good(acked: _Acked, first_ns: int, end_ns: int, p99_limit_ms: float) -> tuple[int | None, list[Span]]:
    """Where the good time that lasts to the end begins, None without; and the good times before it that ended."""
    since, good, bad, ended = None, 0, 0, []
    for start in range(first_ns, end_ns - WINDOW_NS + 1, WINDOW_NS):
        share = acked.share(start)
        healthy = share >= RATE_SHARE and acked.p99_ms(start, start + WINDOW_NS) <= p99_limit_ms
        good, bad = (good + 1, 0) if healthy else (0, bad + 1)
        if since is None and good == WINDOWS:
            since = start - (WINDOWS - 1) * WINDOW_NS
        elif since is not None and (bad == WINDOWS or share < LAPSE_SHARE):
            ended.append((since, start - (bad - 1) * WINDOW_NS))
            since = None
    return since, ended
