"""What the control plane decided, and which pods it set aside, as a summary carries it and as people read it."""

from __future__ import annotations

from typing import NamedTuple

from checks.evidence.operations import column_ns
from checks.evidence.quarantine import errant_transactions, in_quarantine_at_end, quarantined
from history.history import History
from reports.summary_types import DecisionEntry, QuarantineRow, Summary
from reports.text.units import count, duration, facts, label


class DecisionRow(NamedTuple):
    """One line of the table: when (since the load began), what, about whom, and the rest in words."""

    since: str
    event: str
    pod: str
    detail: str


def decisions(history: History) -> list[DecisionEntry]:
    """The decisions as summary.json carries them: {at_ns, since_load_ms, event, epoch, pod, detail}."""
    ops = history.ops
    zero_ns = int(column_ns(ops, "intended_ns").min()) if len(ops) else None
    return [
        {
            "at_ns": one.at_ns,
            "since_load_ms": None if zero_ns is None else round((one.at_ns - zero_ns) / 1e6, 3),
            "event": one.event,
            "epoch": one.epoch,
            "pod": one.pod,
            "detail": one.detail,
        }
        for one in history.decisions
    ]


def set_aside(history: History) -> list[QuarantineRow]:
    """The nodes in quarantine at the end: {pod, count, errant, explained}; count and errant None if not known."""
    errant, explained = errant_transactions(history.decisions), in_quarantine_at_end(history.decisions)
    return [
        {
            "pod": pod,
            "count": errant[pod].count if pod in errant else None,
            "errant": errant[pod].gtid_set if pod in errant else None,
            "explained": pod in explained,
        }
        for pod in sorted(quarantined(history))
    ]


def decision_rows(summary: Summary) -> list[DecisionRow]:
    return [
        DecisionRow(duration(one["since_load_ms"]), label(one["event"]), one["pod"] or "", _words(one))
        for one in summary["decisions"]
    ]


def quarantine_words(pod: QuarantineRow) -> str:
    """What it means that a pod is in quarantine."""
    if pod["count"] is None and not pod["errant"]:
        return f"{pod['pod']} is quarantined, and no decision of the control plane says why."
    many = "transactions" if pod["count"] is None else _transactions(pod["count"])
    return f"{pod['pod']} is quarantined: it holds {many} that no other node has ({pod['errant'] or 'not named'})."


def _words(decision: DecisionEntry) -> str:
    detail = dict(decision["detail"])
    if decision["event"] == "published":
        pools = [(use, detail.pop(pool, None)) for use, pool in (("writes to", "write"), ("reads from", "read"))]
        said = [f"{use} {', '.join(map(str, pods)) or 'none'}" for use, pods in pools if isinstance(pods, list)]
    elif decision["event"] == "quarantined":
        said = [f"{_transactions(detail.pop('count', None))} that no other node has: {detail.pop('errant', None)}"]
    else:
        said = [str(detail.pop("reason"))] if isinstance(detail.get("reason"), str) else []
    return "; ".join([*said, *([facts(detail)] if detail else [])])


def _transactions(number: object) -> str:
    if not isinstance(number, int):
        return "transactions"
    return f"{count(number)} transaction{'' if number == 1 else 's'}"
