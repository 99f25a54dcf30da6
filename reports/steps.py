"""The steps of a recovery that somebody saw, in the order they happened: what can be drawn. Measures nothing."""

from __future__ import annotations

from typing import Any


def known_steps(fault: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps with a time of one fault of a summary, by time; none for a fault that was never injected."""
    known = [step for step in fault["waterfall"] if step["at_ns"] is not None]
    # The loss of a replica may be detected after the first write that was acknowledged in spite of it.
    return sorted(known, key=lambda step: int(step["at_ns"]))
