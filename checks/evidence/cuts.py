"""When clients could not reach a pod because a fault had cut it off from them. Read from the journal; judges nothing.

A pod that is cut off from some peers is still there for everybody else: only a cut that takes in the clients counts.
"""

from __future__ import annotations

from checks.evidence.intervals import END_OF_TIME_NS, Span, intersection, union
from history.faults import EVERYONE, FaultRecord
from history.history import History

#: The load pod of a run that has one, which the manifest then does not name.
_ONE_CLIENT = ("load1",)


def cut_off_from_clients(history: History, pod: str) -> list[Span]:
    """When none of the load pods could reach a pod, as far as faults that bit tell, in order of time."""
    spans: list[Span] = [(0, END_OF_TIME_NS)]
    for client in _clients(history):
        spans = intersection(spans, union(_cuts(history, pod, client)))
    return spans


def _cuts(history: History, pod: str, client: str) -> list[Span]:
    """When faults kept the two apart, whichever of them was hit."""
    return [
        (fault.injected_ns, fault.healed_ns or END_OF_TIME_NS)
        for fault in history.faults
        if fault.injected_ns is not None and fault.bitten and _separates(fault, history, pod, client)
    ]


def _separates(fault: FaultRecord, history: History, one: str, other: str) -> bool:
    isolated = _isolated_from(fault, history)
    return any(
        hit in fault.pods and (EVERYONE in isolated or peer in isolated) for hit, peer in ((one, other), (other, one))
    )


def _isolated_from(fault: FaultRecord, history: History) -> tuple[str, ...]:
    """From whom, as the journal says; not from everyone where the scenario named a peer."""
    isolated = fault.isolated_from
    return () if EVERYONE in isolated and _had_peer(fault, history) else isolated


def _had_peer(fault: FaultRecord, history: History) -> bool:
    return any(
        (step.fault, step.target) == (fault.fault, fault.target) and step.peer is not None
        for step in history.run.scenario.faults or ()
    )


def _clients(history: History) -> tuple[str, ...]:
    return tuple(history.run.load.pods) or _ONE_CLIENT
