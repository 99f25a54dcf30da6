"""Replication: never two primaries that clients could both write to; and how far replicas were behind, what is errant.

A pod's own belief is not the crime: a primary that was frozen or cut off goes on believing in itself for a while, and
that is reported as a number. It fails when both could be reached (each in the write pool of a proxy, or no proxy at
all), or when both acknowledged writes. Topologies of several primaries are measured only. Does not ask what was lost
(durability), nor whether pods agree at the end (convergence).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks import topology
from checks.handovers import changes, decided, seen_to_happen
from checks.history import Decision, History
from checks.operations import column_ns
from checks.phases import phases
from checks.primaries import Overlap, claimed, overlaps, reachable
from checks.quarantine import errant_transactions
from checks.samples import Sample
from checks.spans import END_OF_TIME_NS, Span, intersection, total_ms, union, without
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from checks.writers import Intruder, intruders

NAME = "replication"
EXPECTED = "never two writable primaries that clients could reach, nor two that acknowledged writes"
PROMOTED = frozenset({"promoted"})


def replication(history: History) -> Verdict:
    """Judge what pods and proxies showed, and who acknowledged writes.

    measured: two_primaries_claimed_ms, two_primaries_reachable_ms (None if no proxy told), writes_out_of_turn (writes
    by a pod whose turn it was not) and two_writers_ms (from the first of them to the last), failovers, switchovers,
    errant_transactions, errant {pod: GTID set}, replica_lag_during_ms and replica_lag_after_ms (largest age of a
    transaction being applied on a replica in service; None if none was ever seen applying).
    """
    seen = history.samples
    pods = {sample.name for sample in seen if sample.kind == "pod"}
    if not pods:
        return unknown(NAME, expected=EXPECTED, reason="observed.parquet is missing or shows no pod")
    about = {**_counts(history, seen), **_errant(history.decisions), **_lag(history)}
    if topology.primaries(history) > 1:
        about["reason"] = "several primaries are what this topology is for; measured only"
        return Verdict(name=NAME, verdict="unknown", expected="not judged: several primaries", measured=about)

    believers = claimed(seen)
    exposed = _exposed(history, believers, reachable(seen))
    strays = intruders(history.ops, pods, [*decided(history.decisions), *seen_to_happen(seen)])
    measured: dict[str, Any] = {
        "two_primaries_claimed_ms": _length_ms(overlaps(believers)),
        "two_primaries_reachable_ms": None if exposed is None else _length_ms(exposed),
        "writes_out_of_turn": len(strays),
        "two_writers_ms": total_ms([(strays[0].start_ns, max(one.end_ns for one in strays))]) if strays else 0.0,
        **about,
    }
    witness = _witness(exposed or [], strays)
    if not witness and exposed is None:
        measured["reason"] = "two pods claimed to be primary, and no proxy told whom it would have sent writes to"
    verdict: Outcome = "fail" if witness else "unknown" if exposed is None else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=EXPECTED, measured=measured, witness=witness)


def _exposed(
    history: History, believers: dict[str, list[Span]], pools: dict[str, list[Span]] | None
) -> list[Overlap] | None:
    """When clients could have reached two pods that both held themselves for primary; None if nothing tells.

    Without a proxy clients reach every pod that is not cut off.
    """
    believed = overlaps(believers)
    if not believed:
        return []
    if topology.direct(history):
        return overlaps({pod: without(own, _cut_off(history, pod)) for pod, own in believers.items()})
    return (
        None
        if pools is None
        else overlaps({pod: intersection(own, pools.get(pod, [])) for pod, own in believers.items()})
    )


def _cut_off(history: History, pod: str) -> list[Span]:
    """When a partition kept a pod from everyone."""
    return union(
        (fault.injected_ns, fault.healed_ns or END_OF_TIME_NS)
        for fault in history.faults
        if fault.fault == "partition" and pod in fault.pods and fault.injected_ns is not None
    )


def _length_ms(found: Sequence[Overlap]) -> float:
    return total_ms((one.start_ns, one.end_ns) for one in found)


def _witness(exposed: Sequence[Overlap], strays: Sequence[Intruder]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "what": "two writable primaries could be reached",
            "pods": list(one.pods),
            "start_ns": one.start_ns,
            "end_ns": one.end_ns,
            "overlap_ms": _length_ms([one]),
        }
        for one in exposed[: WITNESS_LIMIT // 2]
    ]
    return rows + [
        {
            "what": "a write acknowledged by a pod whose turn was over",
            "key": one.key,
            "server": one.server,
            "start_ns": one.start_ns,
            "end_ns": one.end_ns,
        }
        for one in strays[: WITNESS_LIMIT - len(rows)]
    ]


def _counts(history: History, seen: Sequence[Sample]) -> dict[str, int]:
    """How often another pod became the primary since the load began; what nobody decided counts as a failover."""
    begun_ns = int(column_ns(history.ops, "intended_ns").min()) if len(history.ops) else 0
    if history.decisions:
        changed = changes(decided(history.decisions, events=PROMOTED), since_ns=begun_ns)
    else:
        shown = seen_to_happen(seen)
        changed = changes(shown, since_ns=begun_ns, had=shown[0].pod if shown else None)
    planned = sum(one.planned for one in changed)
    return {"failovers": len(changed) - planned, "switchovers": planned}


def _errant(decisions: Sequence[Decision]) -> dict[str, Any]:
    found = errant_transactions(decisions)
    return {
        "errant_transactions": sum(one.count or 0 for one in found.values()),
        "errant": {pod: one.gtid_set for pod, one in found.items()},
    }


def _lag(history: History) -> dict[str, float | None]:
    observed = history.observed
    if observed is None:
        return {}
    own = observed[(observed["role"] == "replica") & (observed["state"] == "ONLINE") & observed["lag_ms"].notna()]
    windows = phases(history)
    after = column_ns(own, "at_ns") >= (windows.recovered_ns or END_OF_TIME_NS)
    during = ~after & (column_ns(own, "at_ns") >= (windows.injected_ns or END_OF_TIME_NS))
    largest = {name: own["lag_ms"][chosen].max() for name, chosen in (("during", during), ("after", after))}
    return {f"replica_lag_{name}_ms": None if lag != lag else round(float(lag), 3) for name, lag in largest.items()}
