"""A failover of a group of three, seen from all sides, for the tests of its waterfall."""

from __future__ import annotations

from checks.recovery.waterfall import Step
from history.faults import FaultRecord
from tests.checks.conftest import Run

ALL_ON = {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
SUSPECT = {"node1": "UNREACHABLE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
MOVED = {"node2": "ONLINE/PRIMARY", "node3": "ONLINE/SECONDARY"}


def on_primary(run: Run, at_ms: float, name: str, *, view: dict[str, str] | None) -> None:
    run.pod(at_ms, name, role="primary", read_only=False, view=view)


def failover(run: Run) -> FaultRecord:
    """The primary of three dies at 10 s; suspected at 12, node2 elected at 14, routed at 14.3, first write at 14.5."""
    run.traffic(0, 10_000)
    for at_ms in (9900, 9950):
        on_primary(run, at_ms, "node1", view=ALL_ON)
        run.pod(at_ms + 1, "node2", view=ALL_ON)
        run.proxy(at_ms + 2, write={"node1": True, "node2": False})
    for at_ms in range(10_050, 16_000, 50):
        run.pod(at_ms, "node1", up=False, role=None, state=None, read_only=None)
        if at_ms < 14_000:
            run.pod(at_ms + 1, "node2", view=ALL_ON if at_ms < 12_000 else SUSPECT)
        else:
            on_primary(run, at_ms + 1, "node2", view=MOVED)
        run.proxy(at_ms + 2, write={"node1": at_ms < 10_500, "node2": at_ms >= 14_300})
    run.transfer("lost", at_ms=10_001, took_ms=10, outcome="unknown")
    run.transfer("first", at_ms=10_010, start_ms=14_400, took_ms=4490, server="node2")
    run.traffic(14_520, 22_000, server="node2")
    return run.fault(injected_ms=10_000, healed_ms=15_000)


def since_ms(steps: list[Step]) -> dict[str, float | None]:
    """The steps; without the pod's return where nothing showed it."""
    return {step.step: step.since_ms for step in steps if step.step != "rejoined" or step.at_ns is not None}
