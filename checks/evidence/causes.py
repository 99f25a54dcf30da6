"""What was going on while service was bad: what the record shows at that time, in plain words.

Names evidence and draws no conclusion beyond it: a fault in force, a pod on its way back, a planned change under way,
and the settings of Group Replication that decide how much such a pod holds up the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.evidence.intervals import END_OF_TIME_NS, Span, intersection
from history.faults import FaultRecord
from history.history import History

NOTHING = "nothing recorded was in progress"
_SINGLE_LEADER, _FLOW_CONTROL = "group_replication_paxos_single_leader", "group_replication_flow_control_mode"


def cause(history: History, span: Span) -> str:
    """Whatever was under way for at least half of a stretch, such as ``node1 came back, OFFLINE then RECOVERING``."""
    found = [words for fault in history.faults for words, when in _under_way(history, fault) if _covers(when, span)]
    back = [pod for fault in history.faults for pod in fault.pods if _covers(_return(fault), span)]
    if back and history.run.topology.is_group:
        found += _settings(history)
    return "; ".join(found) or NOTHING


def _under_way(history: History, fault: FaultRecord) -> Iterator[tuple[str, Span | None]]:
    if fault.is_change:
        yield f"{fault.fault} of {fault.whom} was under way", _span(fault.injected_ns, fault.clean_ns)
        return
    yield f"{fault.fault} of {fault.whom} was in force", _span(fault.injected_ns, fault.healed_ns)
    states = _states(history, fault)
    yield f"{fault.whom} came back" + (f", {' then '.join(states)}" if states else ""), _return(fault)


def _return(fault: FaultRecord) -> Span | None:
    return None if fault.is_change or fault.healed_ns is None else _span(fault.healed_ns, fault.clean_ns)


def _span(start_ns: int | None, end_ns: int | None) -> Span | None:
    return None if start_ns is None else (start_ns, END_OF_TIME_NS if end_ns is None else end_ns)


def _covers(when: Span | None, span: Span) -> bool:
    """Whether it took up at least half of the stretch."""
    shared = intersection([when], [span]) if when and when[0] < when[1] else []
    return sum(end - start for start, end in shared) * 2 >= span[1] - span[0]


def _states(history: History, fault: FaultRecord) -> list[str]:
    """What the pod said of itself on its way back, each state once, in order: ``["OFFLINE", "RECOVERING"]``."""
    back = _return(fault)
    seen = [
        one.state
        for one in history.samples
        if back and one.name in fault.pods and one.state and back[0] <= one.at_ns < back[1]
    ]
    return [state for state in dict.fromkeys(seen) if state != "ONLINE"]


def _settings(history: History) -> Iterator[str]:
    pods = history.run.variables.values()
    if any(str(pod.get(_SINGLE_LEADER)) in ("OFF", "0") for pod in pods):
        yield f"{_SINGLE_LEADER}=OFF, so that all wait when a joining member is to lead"
    if any(pod.get(_FLOW_CONTROL) == "QUOTA" for pod in pods):
        yield f"{_FLOW_CONTROL}=QUOTA, so that its queue may slow all down"
