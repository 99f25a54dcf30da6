"""The steps of a recovery that were observed, in the order they happened: what can be drawn. Measures nothing."""

from __future__ import annotations

from reports.summary_types import FaultRow, StepRow

#: Faults of one kind that struck within this time are one event to the eye.
_TOGETHER_NS = 1_000_000_000


def known_steps(fault: FaultRow) -> list[StepRow]:
    """The steps with a time of one fault of a summary, by time; none for a fault that was never injected."""
    known = [(step["at_ns"], step) for step in fault["waterfall"] if step["at_ns"] is not None]
    # The loss of a replica may be detected after the first write that was acknowledged in spite of it.
    return [step for _, step in sorted(known, key=lambda timed: timed[0])]


def recovered(faults: list[FaultRow]) -> list[FaultRow]:
    """Those of a summary after which anything had to recover: a step beside the injection is known."""
    return [fault for fault in faults if len(known_steps(fault)) > 1]


def struck_together(faults: list[FaultRow]) -> list[list[FaultRow]]:
    """The injected faults of a summary in order of time, those of one kind that struck at once in one list.

    First in each list is the one with most steps to show: of a majority that was killed, the primary.
    """
    groups: list[list[FaultRow]] = []
    injected = [fault for fault in faults if fault["injected_ns"] is not None]
    for fault in sorted(injected, key=injected_ns):
        mates = next((one for one in groups if _same_event(one[0], fault)), None)
        if mates is None:
            groups.append([fault])
        else:
            mates.append(fault)
    return [sorted(group, key=lambda fault: -len(known_steps(fault))) for group in groups]


def event_words(group: list[FaultRow]) -> str:
    """What one such list is called: ``kill of node1, node2``."""
    whom = [fault["pod"] or fault["target"] for fault in group]
    return f"{group[0]['name']} of {', '.join(dict.fromkeys(sorted(whom)))}"


def _same_event(first: FaultRow, other: FaultRow) -> bool:
    return first["name"] == other["name"] and injected_ns(other) - injected_ns(first) < _TOGETHER_NS


def injected_ns(fault: FaultRow) -> int:
    """Of a fault that was injected."""
    return fault["injected_ns"] or 0
