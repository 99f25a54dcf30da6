"""The steps of a recovery that were observed, in the order they happened: what can be drawn. Measures nothing."""

from __future__ import annotations

from typing import Any

#: Faults of one kind that struck within this time are one event to the eye.
_TOGETHER_NS = 1_000_000_000

Fault = dict[str, Any]


def known_steps(fault: Fault) -> list[dict[str, Any]]:
    """The steps with a time of one fault of a summary, by time; none for a fault that was never injected."""
    known = [step for step in fault["waterfall"] if step["at_ns"] is not None]
    # The loss of a replica may be detected after the first write that was acknowledged in spite of it.
    return sorted(known, key=lambda step: int(step["at_ns"]))


def struck_together(faults: list[Fault]) -> list[list[Fault]]:
    """The injected faults of a summary in order of time, those of one kind that struck at once in one list.

    First in each list is the one with most steps to show: of a majority that was killed, the primary.
    """
    groups: list[list[Fault]] = []
    for fault in sorted((one for one in faults if one["injected_ns"] is not None), key=lambda one: one["injected_ns"]):
        mates = next((one for one in groups if _same_event(one[0], fault)), None)
        if mates is None:
            groups.append([fault])
        else:
            mates.append(fault)
    return [sorted(group, key=lambda fault: -len(known_steps(fault))) for group in groups]


def event_words(group: list[Fault]) -> str:
    """What one such list is called: ``kill of node1, node2``."""
    whom = [fault["pod"] or fault["target"] for fault in group]
    return f"{group[0]['name']} of {', '.join(dict.fromkeys(sorted(whom)))}"


def _same_event(first: Fault, other: Fault) -> bool:
    return bool(first["name"] == other["name"] and other["injected_ns"] - first["injected_ns"] < _TOGETHER_NS)
