"""Replication: never two writable pods that clients could both write to; how far replicas were behind, what is errant.

A pod's own belief is not the crime: a primary that was frozen or cut off goes on believing in itself for a while, and
that is reported as a number. It fails when both could have acknowledged a write and both could be reached (each in the
write pool of a proxy, or no proxy at all), whatever part they said they play; when both did acknowledge writes; and
when a pod acknowledged writes that was no primary in service, or no longer the primary. Where several primaries are
what a topology is for, a pod that has left them is still one too many. Where nobody looked, nothing is known. Does not
ask what was lost (durability), nor whether pods agree at the end (convergence).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checks.check import Check
from checks.evidence.blind import PROXIES, blind_stretches, without_performance_schema
from checks.evidence.cuts import cut_off_from_clients
from checks.evidence.intervals import END_OF_TIME_NS, Span, intersection, total_ms, without
from checks.evidence.lookout import not_seen
from checks.evidence.operations import column_ns
from checks.evidence.quarantine import errant_transactions
from checks.leadership.changes import Handover, changes, decided, seen_to_happen
from checks.leadership.claims import Overlap, able_to_commit, overlaps, reachable, strays, writable
from checks.leadership.split_brain import Intruder, intruders, outsiders
from checks.leadership.stale import StaleWrites, stale_writes
from checks.recovery.phases import phases
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from history.decisions import Decision
from history.history import History
from history.observed import Sample

NAME = "replication"
EXPECTED = (
    "never two writable nodes within clients' reach, nor writes acknowledged by two, or by one that is not a primary"
)
OF_SEVERAL = "no node outside the group is writable within clients' reach, or acknowledges writes"
PROMOTED = frozenset({"promoted"})


def replication(history: History) -> Verdict:
    """Judge what pods and proxies showed, and who acknowledged writes.

    measured: two_primaries_claimed_ms (two pods not read-only), two_primaries_reachable_ms (and clients could have
    written to both; None if no proxy told), writes_out_of_turn (writes by a pod whose turn it was not) and
    two_writers_ms (from the first of them to the last), writes_outside (by a pod that was no primary in service),
    writes_at_old_primary (that it answered after another had been made primary, refused ones too: what stale endpoints
    cost), acknowledged_at_old_primary (those of them that it took, a second and more after that), failovers,
    switchovers, errant_transactions, errant {pod: GTID set}, replica_lag_during_ms and replica_lag_after_ms (the
    largest age of a transaction being applied on a replica in service; None if none was ever seen applying, or a pod
    ran without its performance schema, from which lag is read).
    """
    seen = history.samples
    pods = {sample.name for sample in seen if sample.kind == "pod"}
    several = history.run.topology.primaries_meant > 1
    expected = OF_SEVERAL if several else EXPECTED
    if not pods:
        return unknown(NAME, expected=expected, reason="observed.parquet is missing or shows no node")

    claimed = _two(writable(seen), strays(seen) if several else None)
    exposed = _exposed(history, several=several) if claimed else []
    outside = outsiders(history)
    handovers, possible = [*decided(history.decisions), *seen_to_happen(seen)], _unseen(history)
    out_of_turn = [] if several else intruders(history, pods, [*handovers, *possible])
    stale = StaleWrites() if several else stale_writes(history, handovers, possible=possible)
    measured: dict[str, Any] = {
        "two_primaries_claimed_ms": _length_ms(claimed),
        "two_primaries_reachable_ms": None if exposed is None else _length_ms(exposed),
        "writes_out_of_turn": len(out_of_turn),
        "two_writers_ms": _lasted_ms(out_of_turn),
        "writes_outside": len(outside),
        "writes_at_old_primary": stale.reached,
        "acknowledged_at_old_primary": len(stale.acknowledged),
        **_counts(history, seen),
        **_errant(history.decisions),
        **_lag(history),
    }
    witness = _witness(exposed or [], outside, out_of_turn, stale.acknowledged)
    why = "" if witness else _not_known(history, claimed, exposed)
    if why:
        measured["reason"] = why
    verdict: Outcome = "fail" if witness else "unknown" if why else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=expected, measured=measured, witness=witness)


def _two(open_: dict[str, list[Span]], of: dict[str, list[Span]] | None) -> list[Overlap]:
    """When two pods were open at once. of: those of whom one must be for it to count; None: any."""
    found = overlaps(open_)
    if of is None:
        return found
    cut = [
        Overlap(pods=one.pods, start_ns=start, end_ns=end)
        for one in found
        for pod in one.pods
        for start, end in intersection([(one.start_ns, one.end_ns)], of.get(pod, []))
    ]
    return sorted(set(cut), key=lambda overlap: (overlap.start_ns, overlap.pods))


def _exposed(history: History, *, several: bool) -> list[Overlap] | None:
    """When clients could have had writes acknowledged by two pods; None if nothing tells whom they could reach.

    Without a proxy clients reach every pod that is not cut off from them; they do not know one that came later.
    """
    seen = history.samples
    able = able_to_commit(seen)
    if history.run.mesh.is_direct:
        newcomers = {pod for fault in history.faults if fault.brings_about == "pod_added" for pod in fault.pods}
        within = {
            pod: without(own, cut_off_from_clients(history, pod)) for pod, own in able.items() if pod not in newcomers
        }
    elif (pools := reachable(seen)) is not None:
        within = {pod: intersection(own, pools.get(pod, [])) for pod, own in able.items()}
    else:
        return None
    return _two(within, strays(seen) if several else None)


def _unseen(history: History) -> list[Handover]:
    """Handovers that there may have been where nobody looked, and the control plane told nothing either."""
    holes = [] if history.decisions else blind_stretches(history)
    return [Handover(pod=one.name, earliest_ns=one.start_ns, latest_ns=one.end_ns) for one in holes]


def _not_known(history: History, claimed: Sequence[Overlap], exposed: Sequence[Overlap] | None) -> str:
    """Why nothing bad was seen, other than that nothing was there; empty where all was looked at."""
    if exposed is None:
        return "two nodes were writable, and no proxy said which of them it would have sent writes to"
    for hole in blind_stretches(history):
        # what proxies did is asked only where two pods were writable
        if hole.name != PROXIES or any(hole.overlaps(one.start_ns, one.end_ns) for one in claimed):
            return f"{hole.name} was not observed for {hole.lasted_s:.1f} s of the load"
    return not_seen(history)


def _length_ms(found: Sequence[Overlap]) -> float:
    return total_ms((one.start_ns, one.end_ns) for one in found)


def _lasted_ms(found: Sequence[Intruder]) -> float:
    """From the start of the first write to the end of the last."""
    return total_ms([(found[0].start_ns, max(one.end_ns for one in found))]) if found else 0.0


def _witness(
    exposed: Sequence[Overlap],
    outside: Sequence[Intruder],
    out_of_turn: Sequence[Intruder],
    stale: Sequence[Intruder],
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            "what": "two writable pods could be reached",
            "pods": list(one.pods),
            "start_ns": one.start_ns,
            "end_ns": one.end_ns,
            "overlap_ms": _length_ms([one]),
        }
        for one in exposed[: WITNESS_LIMIT // 2]
    ]
    for what, found in (
        ("a write acknowledged by a pod that was no primary in service", outside),
        ("a write acknowledged by a pod whose turn was over", out_of_turn),
        ("a write acknowledged by the old primary after another had been made primary", stale),
    ):
        rows += [
            {"what": what, "key": one.key, "server": one.server, "start_ns": one.start_ns, "end_ns": one.end_ns}
            for one in found[: (WITNESS_LIMIT - len(rows) + 1) // 2]
        ]
    return rows


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
    if without_performance_schema(history):
        return dict.fromkeys(("replica_lag_during_ms", "replica_lag_after_ms"))
    own = observed[(observed["role"] == "replica") & (observed["state"] == "ONLINE") & observed["lag_ms"].notna()]
    windows = phases(history)
    after = column_ns(own, "at_ns") >= (windows.recovered_ns or END_OF_TIME_NS)
    during = ~after & (column_ns(own, "at_ns") >= (windows.injected_ns or END_OF_TIME_NS))
    largest = {name: own["lag_ms"][chosen].max() for name, chosen in (("during", during), ("after", after))}
    return {f"replica_lag_{name}_ms": None if lag != lag else round(float(lag), 3) for name, lag in largest.items()}


CHECK = Check(
    name=NAME,
    question="were two pods writable within clients' reach, or did one acknowledge writes that was no primary?",
    run=replication,
    safety=True,
    needs="replicas",
    observed=True,
)
