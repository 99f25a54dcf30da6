"""What a reader must know of a run beside its verdict, a sentence each: what came late, and what could not be seen.

None of it changes a verdict: what does is a reason of the judgement.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.evidence.blind import without_performance_schema
from history.faults import FaultRecord
from history.history import History
from reports.text.server_words import missing_words
from reports.text.units import duration, listed

#: A step looks for its target and proves it sound first, and a container needs its time to be back; what is later than
#: that was held up.
LATE_MS, HEALED_LATE_MS = 2_000.0, 10_000.0


def notes(history: History) -> list[str]:
    return [*_late(history), *_not_clean(history), *_not_seen(history), *missing_words(history), *history.run.notes]


def _late(history: History) -> Iterator[str]:
    for fault in history.faults:
        if fault.late_ms is not None and fault.late_ms > LATE_MS:
            yield (
                f"{_name(fault)} came {duration(fault.late_ms)} after it was due: something held up the process that "
                "runs meshbench, so the timeline is not the one that was planned."
            )
        if fault.healed_late_ms is not None and fault.healed_late_ms > HEALED_LATE_MS:
            yield f"{_name(fault)} was healed {duration(fault.healed_late_ms)} late, so it lasted longer."


def _not_clean(history: History) -> Iterator[str]:
    """Where all pods end up equal, the run may pass all the same (`checks.judge`)."""
    for fault in history.faults:
        if fault.bitten and fault.healed_ns is not None and not fault.clean:
            yield f"{_name(fault)} was healed, and nothing shows that none of it was left."


def _name(fault: FaultRecord) -> str:
    return f"The {fault.fault} of {fault.whom}"


def _not_seen(history: History) -> Iterator[str]:
    if pods := without_performance_schema(history):
        yield (
            f"performance_schema is OFF on {listed(pods)}: how far replicas were behind is not known, and MySQL keeps "
            "no account of statements, waits and locks there that anybody could look into."
        )
