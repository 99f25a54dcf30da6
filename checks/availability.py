"""Availability: how long writes were wanted and none was acknowledged, and whether they came back.

The write outage is what a client sees, whatever the cause: a gap between two acknowledgements counts only from the
moment a write was wanted in it, so that a low offered rate is not an outage. Reads do not count, nor do writes the
business refused (``checks/operations.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from checks.gates import gate
from checks.history import History
from checks.operations import column_ns, wanted_writes, writes
from checks.slow import slow_stretches
from checks.spans import Span
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown

NAME = "availability"
#: Outages longer than this are listed one by one.
LISTED_OVER_MS = 1000.0
#: Writes that stay away for longer than this until the load ends never recovered.
TRAILING_LIMIT_MS = 5000.0
ERRORS_SHOWN = 10


def availability(history: History) -> Verdict:
    """Judge the write ops. Gates ``write_outage_ms`` and ``min_acked`` (both optional).

    measured: write_outage_ms (the longest), trailing_outage_ms, outages [{start_ns, end_ns, outage_ms}] over 1 s and
    write_unavailable_ms, their sum; slow [{start_ns, end_ns}] (checks/slow.py); ok / fail / unknown (attempts),
    success_ratio, errors [{f, errno, error, count}] of reads and writes, most frequent first. Fails, gates or none,
    when no write was acknowledged at all, none of those wanted after the last injection was, or writes stayed away for
    the last 5 s of the load.
    """
    limit_ms, min_acked = gate(history, "write_outage_ms"), gate(history, "min_acked")
    expected = "writes acknowledged, and again after the last fault"
    expected += f"; write outage at most {limit_ms:g} ms" if limit_ms is not None else ""
    expected += f"; at least {min_acked:g} writes acknowledged" if min_acked is not None else ""
    attempted, wanted = writes(history.ops), wanted_writes(history.ops)
    if wanted.empty:
        return unknown(NAME, expected=expected, reason="the ops hold no write that was wanted")
    gaps = write_gaps(wanted)
    trailing_ms = _trailing_ms(gaps)
    ok, fail = int((attempted["outcome"] == "ok").sum()), int((attempted["outcome"] == "fail").sum())
    outages = gaps[gaps["outage_ms"] > LISTED_OVER_MS]
    outage_ms = float(gaps["outage_ms"].max())
    measured: dict[str, Any] = {
        "write_outage_ms": round(outage_ms, 3),
        "write_unavailable_ms": round(float(outages["outage_ms"].sum()), 3),
        "trailing_outage_ms": round(trailing_ms, 3),
        "outages": _rows(outages),
        "slow": [{"start_ns": start, "end_ns": end} for start, end in slow_stretches(wanted, outages=_spans(outages))],
        "ok": ok,
        "fail": fail,
        "unknown": len(attempted) - ok - fail,
        "success_ratio": round(ok / len(attempted), 6),
        "errors": _errors(history.ops),
    }
    witness: list[dict[str, Any]] = []
    if ok == 0:
        witness.append({"what": "no write was acknowledged", "wanted": len(wanted)})
    elif (unanswered := _wanted_in_vain(history, wanted)) > 0:
        witness.append({"what": "no write wanted after the last injection was acknowledged", "wanted": unanswered})
    if trailing_ms > TRAILING_LIMIT_MS:
        witness.append({"what": "writes never recovered before the load ended", "outage_ms": round(trailing_ms, 3)})
    if limit_ms is not None and outage_ms > limit_ms:
        longest = gaps.sort_values("outage_ms", ascending=False, kind="stable")
        witness += [{"what": "write outage", **row} for row in _rows(longest[longest["outage_ms"] > limit_ms])]
    if min_acked is not None and ok < min_acked:
        witness.append({"what": "too few writes acknowledged", "acked": ok})
    verdict: Outcome = "fail" if witness else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=expected, measured=measured, witness=witness[:WITNESS_LIMIT])


def write_gaps(wanted: pd.DataFrame) -> pd.DataFrame:
    """Every stretch in which a write was wanted and none was acknowledged, in order: start_ns, end_ns, outage_ms, and
    acked, whether an acknowledgement ended it.

    Between acknowledgements a < b it starts at a or, if later, at the earliest intended start among writes that ended
    after a; it ends at b. The first stretch starts where the first write was wanted. A last one, after the final
    acknowledgement, is there if a write was intended since: it ends when the last such write ended.
    """
    intended = column_ns(wanted, "intended_ns")
    # Nothing ends before it was wanted; a row that says so comes from another clock, and counts where it was wanted.
    ends = np.maximum(column_ns(wanted, "end_ns"), intended)
    order = np.argsort(ends, kind="stable")
    wanted, intended, ends = wanted.iloc[order], intended[order], ends[order]
    acks = np.unique(ends[(wanted["outcome"] == "ok").to_numpy(dtype=bool)])
    earliest_from = np.minimum.accumulate(intended[::-1])[::-1]
    starts, stops = earliest_from[:1], acks[:1]
    if len(acks):
        after = np.searchsorted(ends, acks[:-1], side="right")
        starts = np.append(starts, np.maximum(acks[:-1], earliest_from[after]))
        stops = np.append(stops, acks[1:])
    # A straggler intended before the final acknowledgement does not prolong the load: nothing more was asked for.
    last = acks[-1] if len(acks) else intended.min() - 1
    in_vain = intended > last
    if in_vain.any():
        if len(acks):
            starts = np.append(starts, max(last, earliest_from[np.searchsorted(ends, last, side="right")]))
        stops = np.append(stops, ends[in_vain].max())
    outage_ms = np.maximum(stops - starts, 0) / 1e6
    acked = np.arange(len(stops)) < len(acks)
    return pd.DataFrame({"start_ns": starts, "end_ns": stops, "outage_ms": outage_ms, "acked": acked})


def _trailing_ms(gaps: pd.DataFrame) -> float:
    """Length of the stretch that no acknowledgement ended, 0 if there is none."""
    last = gaps.iloc[-1]
    return 0.0 if last["acked"] else float(last["outage_ms"])


def _wanted_in_vain(history: History, wanted: pd.DataFrame) -> int:
    """How many writes were intended after the last injection, if not one of them was acknowledged; else 0."""
    injected = [fault.injected_ns for fault in history.faults if fault.injected_ns is not None]
    if not injected:
        return 0
    since = wanted[wanted["intended_ns"] > max(injected)]
    return 0 if (since["outcome"] == "ok").any() else len(since)


def _rows(gaps: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"start_ns": int(start), "end_ns": int(end), "outage_ms": round(float(ms), 3)}
        for start, end, ms in gaps[["start_ns", "end_ns", "outage_ms"]].itertuples(index=False)
    ]


def _spans(gaps: pd.DataFrame) -> list[Span]:
    return list(zip(gaps["start_ns"].tolist(), gaps["end_ns"].tolist(), strict=True))


def _errors(ops: pd.DataFrame) -> list[dict[str, Any]]:
    bad = ops[ops["outcome"] != "ok"]
    counts = bad.groupby(["f", "errno", "error"], dropna=False).size().sort_values(ascending=False, kind="stable")
    return [
        {
            "f": str(f),
            "errno": None if pd.isna(errno) else int(errno),
            "error": None if pd.isna(error) else str(error),
            "count": n,
        }
        for f, errno, error, n in counts.head(ERRORS_SHOWN).reset_index().itertuples(index=False)
    ]
