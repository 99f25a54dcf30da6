"""A failover of three pods as the observer and the clients saw it, for the tests of replication."""

from __future__ import annotations

from checks.replication import replication
from checks.verdict import Verdict
from tests.checks.conftest import Run


def primary(run: Run, at_ms: float, name: str) -> None:
    run.pod(at_ms, name, role="primary", read_only=False)


def failover(run: Run, *, believes_until_ms: float = 4000, in_pool_until_ms: float = 4000) -> None:
    """node1 leads until 4 s, node2 from 6 s on, routed so, with writes; node1 may believe, and be routed to, longer."""
    for at_ms in range(0, 10_000, 40):
        if at_ms < believes_until_ms:
            primary(run, at_ms, "node1")
        else:
            run.pod(at_ms, "node1", lag_ms=float(at_ms))
        if at_ms < 6000:
            run.pod(at_ms + 1, "node2")
        else:
            primary(run, at_ms + 1, "node2")
        run.pod(at_ms + 1, "node3")
        run.proxy(at_ms + 2, write={"node1": at_ms < in_pool_until_ms, "node2": at_ms >= 6000})
    run.traffic(0, 4000)
    run.traffic(6100, 9900, server="node2")
    run.fault(injected_ms=4000, healed_ms=7000, clean_ms=8000)


def judged(run: Run) -> Verdict:
    return replication(run.history())
