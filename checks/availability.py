"""Availability: how long writes were wanted and none, or too few, were acknowledged, and whether they came back.

The write outage is what a client sees, whatever the cause: a gap between two acknowledgements counts only from the
moment a write was wanted in it, so that a low offered rate is not an outage, and only until the load was over
(``checks/evidence/due.py``): a write that was due and waits is wanted until then, and a load that has ended wants
nothing more. So an outage that begins under load and lasts into the drain counts up to the end of the load, whatever
the drain then tries again; and what a locustfile asks for after that end counts for nothing. Reads are looked at
likewise, by themselves. Writes the business refused count for nothing (``checks/evidence/operations.py``). Brown-outs:
``checks/evidence/degraded.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from checks.check import Check, Gate
from checks.evidence.causes import cause
from checks.evidence.degraded import BrownOuts, brown_outs, share_acked
from checks.evidence.due import due, load_end_ns, unsurvivable
from checks.evidence.intervals import Span, without
from checks.evidence.operations import column_ns, reads, refused, wanted_writes, writes
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from history.history import History
from history.vocabulary import WorkloadFacts

NAME = "availability"
#: Outages longer than this are listed one by one.
LISTED_OVER_MS = 1000.0
#: Writes that stay away for longer than this until the load ends never recovered.
TRAILING_LIMIT_MS = 5000.0
ERRORS_SHOWN = 10
GATES = (
    Gate(
        name="write_outage",
        unit="ms",
        asks="longest time without an acknowledged write, although writes were wanted",
        path=("write_outage_ms",),
        needs="writes",
    ),
    Gate(
        name="read_outage",
        unit="ms",
        asks="longest time without an answered read, although reads were wanted",
        path=("read_outage_ms",),
        needs="reads",
    ),
    Gate(
        name="brownout",
        unit="ms",
        asks="longest time with less than half of the wanted writes acknowledged, outages included",
        path=("brownout_ms",),
        needs="writes",
    ),
    Gate(
        name="success_ratio",
        unit="share",
        asks="share of the wanted writes that were acknowledged, however many attempts it took",
        path=("success_ratio",),
        at="at least",
        needs="writes",
    ),
    Gate(
        name="min_acked",
        unit="count",
        asks="acknowledged writes",
        path=("ok",),
        at="at least",
        needs="writes",
    ),
)


def availability(history: History) -> Verdict:
    """Judge the ops. Gates, all optional: ``write_outage_ms``, ``read_outage_ms``, ``brownout_ms``,
    ``success_ratio``, ``min_acked``.

    measured: write_outage_ms (the longest), trailing_outage_ms, outages [{start_ns, end_ns, outage_ms}] over 1 s and
    write_unavailable_ms, their sum; read_outage_ms, None without reads; brownout_ms (the longest, outages included;
    None where too few writes were wanted to tell), brownouts [{start_ns, end_ns, brownout_ms, wanted, acked, cause}] of
    3 s and more, and slow, the same outside of outages; ok / fail / unknown (attempts), success_ratio (of operations),
    errors [{f, errno, error, count}] of reads and writes, most frequent first. Fails, gates or none, when no write was
    acknowledged at all, none of those wanted after the last injection was, or writes stayed away for the last 5 s of
    the load.
    """
    limits = {gate: limit for gate in GATES if (limit := gate.limit(history)) is not None}
    expected = "; ".join(
        ["writes acknowledged, also after the last fault", *(gate.demands(limits[gate]) for gate in limits)]
    )
    attempted = writes(history.ops, history.workload)
    wanted = due(wanted_writes(history.ops, history.workload), history)
    read_gaps = _gaps_of_reads(history)
    if wanted.empty:
        return _of_reads_alone(expected, read_gaps, limits)
    gaps = _demanded(outage_gaps(wanted, until_ns=load_end_ns(history)), history)
    trailing_ms = _trailing_ms(gaps)
    ok, fail = int((attempted["outcome"] == "ok").sum()), int((attempted["outcome"] == "fail").sum())
    outages = gaps[gaps["outage_ms"] > LISTED_OVER_MS]
    dim = brown_outs(wanted, outages=_spans(outages))
    measured: dict[str, Any] = {
        "write_outage_ms": round(float(gaps["outage_ms"].max()), 3),
        "write_unavailable_ms": round(float(outages["outage_ms"].sum()), 3),
        "trailing_outage_ms": round(trailing_ms, 3),
        "read_outage_ms": _longest_ms(read_gaps),
        "brownout_ms": dim.longest_ms,
        "outages": _rows(outages),
        **_brownouts(history, wanted, dim),
        "ok": ok,
        "fail": fail,
        "unknown": len(attempted) - ok - fail,
        "success_ratio": _success_ratio(attempted, history.workload),
        "errors": _errors(history.ops),
    }
    witness: list[dict[str, Any]] = []
    if ok == 0:
        witness.append({"what": "no write was acknowledged", "wanted": len(wanted)})
    elif (unanswered := _wanted_in_vain(history, wanted)) > 0:
        witness.append({"what": "no write wanted after the last injection was acknowledged", "wanted": unanswered})
    if trailing_ms > TRAILING_LIMIT_MS:
        witness.append({"what": "writes never recovered before the load ended", "outage_ms": round(trailing_ms, 3)})
    for gate, limit in limits.items():
        number = gate.measured(measured)
        if number is not None and not gate.kept(number, limit):
            witness += _breaches(gate.key, limit, gaps if gate.name == "write_outage" else read_gaps, measured)
    verdict: Outcome = "fail" if witness else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=expected, measured=measured, witness=witness[:WITNESS_LIMIT])


def outage_gaps(wanted: pd.DataFrame, *, until_ns: int) -> pd.DataFrame:
    """Every stretch in which an op (a write, or a read) was wanted and none was acknowledged, in order: start_ns,
    end_ns, outage_ms, and acked, whether an acknowledgement ended it.

    Between acknowledgements a < b it starts at a or, if later, at the earliest intended start among ops that ended
    after a; it ends at b. The first stretch starts where the first op was wanted. A last one, after the final
    acknowledgement, is there if an op was intended since, and ends when nobody waits for one any more. None lasts
    beyond until_ns, when the load was over.
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
    stops = np.minimum(stops, until_ns)
    outage_ms = np.maximum(stops - starts, 0) / 1e6
    acked = np.arange(len(stops)) < len(acks)
    return pd.DataFrame({"start_ns": starts, "end_ns": stops, "outage_ms": outage_ms, "acked": acked})


def _demanded(gaps: pd.DataFrame, history: History) -> pd.DataFrame:
    """The same without the time in which no progress was demanded: a write that was wanted shortly before waits through
    it, and its gap would be as long."""
    gone = unsurvivable(history)
    if not gone:
        return gaps
    rows = []
    for start_ns, end_ns, acked in zip(gaps["start_ns"], gaps["end_ns"], gaps["acked"], strict=True):
        for begin, end in without([(int(start_ns), int(end_ns))], gone) or [(int(end_ns), int(end_ns))]:
            rows.append({"start_ns": begin, "end_ns": end, "outage_ms": (end - begin) / 1e6, "acked": acked})
    return pd.DataFrame(rows)


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


def _gaps_of_reads(history: History) -> pd.DataFrame | None:
    asked = reads(history.ops, history.workload)
    asked = due(asked[~refused(asked, history.workload)], history)
    return None if asked.empty else _demanded(outage_gaps(asked, until_ns=load_end_ns(history)), history)


def _longest_ms(gaps: pd.DataFrame | None) -> float | None:
    return None if gaps is None else round(float(gaps["outage_ms"].max()), 3)


def _of_reads_alone(expected: str, read_gaps: pd.DataFrame | None, limits: Mapping[Gate, float]) -> Verdict:
    """Without writes only the gate on reads can be decided."""
    nothing = unknown(NAME, expected=expected, reason="the ops hold no write that was wanted")
    measured = {**nothing.measured, "read_outage_ms": _longest_ms(read_gaps)}
    limit_ms = {gate.key: limit for gate, limit in limits.items()}.get("read_outage_ms")
    if measured["read_outage_ms"] is None or limit_ms is None:
        return replace(nothing, measured=measured)
    witness = _breaches("read_outage_ms", limit_ms, read_gaps, measured)
    return replace(nothing, verdict="fail" if witness else "pass", measured=measured, witness=witness[:WITNESS_LIMIT])


def _success_ratio(attempted: pd.DataFrame, workload: WorkloadFacts) -> float | None:
    """Of the operations that the business did not refuse, the share of which an attempt was acknowledged."""
    asked = attempted[~attempted["key"].isin(attempted["key"][refused(attempted, workload)])]
    total = int(asked["key"].nunique())
    return round(int(asked["key"][asked["outcome"] == "ok"].nunique()) / total, 6) if total else None


def _brownouts(history: History, wanted: pd.DataFrame, dim: BrownOuts) -> dict[str, list[dict[str, Any]]]:
    def told(span: Span) -> dict[str, Any]:
        return {
            "start_ns": span[0],
            "end_ns": span[1],
            "brownout_ms": (span[1] - span[0]) / 1e6,
            **share_acked(wanted, span),
            "cause": cause(history, span),
        }

    return {"brownouts": [told(span) for span in dim.stretches], "slow": [told(span) for span in dim.slow]}


def _breaches(key: str, limit: float, gaps: pd.DataFrame | None, measured: dict[str, Any]) -> list[dict[str, Any]]:
    """The witnesses of one gate that was not kept, the longest first."""
    if key == "min_acked":
        return [{"what": "too few writes acknowledged", "acked": measured["ok"]}]
    if key == "success_ratio":
        return [{"what": "too few of the wanted writes succeeded", "success_ratio": measured[key]}]
    if key == "brownout_ms":
        told = sorted(measured["brownouts"], key=lambda one: -float(one[key]))
        rows = [{"what": "brown-out", **one} for one in told if one[key] > limit]
        return rows or [{"what": "brown-out", key: measured[key]}]
    longest = gaps.sort_values("outage_ms", ascending=False, kind="stable") if gaps is not None else pd.DataFrame()
    what = "write outage" if key == "write_outage_ms" else "read outage"
    return [{"what": what, **row} for row in _rows(longest[longest["outage_ms"] > limit])]


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


CHECK = Check(
    name=NAME,
    question="how long was no write, or less than half of them, acknowledged although they were wanted?",
    run=availability,
    gates=GATES,
)
