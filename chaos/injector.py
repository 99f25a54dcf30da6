"""Runs a timeline of faults against a cluster and records every step, with evidence, in faults.jsonl.

Each fault has a thread of its own: wait for its moment, prove the pod sound, inject, prove the bite, wait, heal, prove
that nothing is left and the pod is back and caught up. Whatever happens in between, heal runs.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import pymysql

from chaos import FAULTS
from chaos.fault import BITE_TIMEOUT_S, Evidence, await_evidence
from chaos.targets import Target, resolve
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.wait import WaitTimeoutError

log = logging.getLogger("meshbench")

#: The seed moves every fault by up to this much, so that it meets timers at another phase from seed to seed.
PHASE_S = 1.0
RECOVERY_TIMEOUT_S = 120.0

Step = Literal["planned", "injected", "bitten", "healed", "clean"]


class Notebook(Protocol):
    """Writes one step of one fault."""

    def __call__(self, step: Step, at_ns: int, pod: str | None, evidence: Evidence | None = None) -> None: ...


@dataclass(frozen=True, kw_only=True)
class PlannedFault:
    """at_s: seconds after the load's zero. heal_after_s: seconds from injection to healing, None: when load ends."""

    fault: str
    target: Target
    at_s: float
    heal_after_s: float | None = None


class Injector:
    """Start it when the load has started, stop it when the load has ended; stop heals whatever is still broken."""

    def __init__(self, cluster: Cluster, timeline: Sequence[PlannedFault], *, seed: int, record_to: Path) -> None:
        self._cluster = cluster
        self._timeline = timeline
        self._seed = seed
        self._file = record_to
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._recover = True
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(timeline)), thread_name_prefix="fault")
        self._running: list[Future[None]] = []

    def start(self, zero_ns: int) -> None:
        """zero_ns: CLOCK_MONOTONIC time of the load's zero, from which the timeline counts."""
        self._file.touch()
        for number, planned in enumerate(self._timeline):
            rng = random.Random(f"{self._seed}/fault/{number}")
            due_ns = zero_ns + round((planned.at_s + rng.uniform(0, PHASE_S)) * 1e9)
            note = self._notebook(number, planned)
            note("planned", due_ns, None)
            self._running.append(self._pool.submit(self._run, planned, due_ns, rng, note))

    def stop(self, *, recover: bool = True) -> None:
        """End all waiting, heal, and return when every fault's story is written.

        recover: wait until healed pods are back, as evidence; without it the pods are about to be removed anyway.
        Raises what a fault's thread raised.
        """
        self._recover = recover
        self._over.set()
        self._pool.shutdown(wait=True)
        for one in self._running:
            one.result()

    def _run(self, planned: PlannedFault, due_ns: int, rng: random.Random, note: Notebook) -> None:
        fault = FAULTS[planned.fault]
        if self._wait_until(due_ns):
            return  # the load ended first: never injected, and the record says so
        pod = resolve(planned.target, self._cluster, rng)
        before = fault.effect(self._cluster, pod)
        if before.ok:
            raise HarnessError(f"{fault.name}: {pod} looks broken before the fault: {before.seen}")
        injected_ns = time.monotonic_ns()
        log.info("fault: %s %s (%s)", fault.name, planned.target, pod)
        try:
            fault.inject(self._cluster, pod)
            note("injected", injected_ns, pod, Evidence(ok=True, seen={"done_ns": time.monotonic_ns()}))
            bite = await_evidence(
                f"{fault.name} shows on {pod}", lambda: fault.effect(self._cluster, pod), timeout_s=BITE_TIMEOUT_S
            )
            note("bitten", time.monotonic_ns(), pod, Evidence(ok=bite.ok, seen={"before": before.seen, **bite.seen}))
            heal_s = planned.heal_after_s
            self._wait_until(None if heal_s is None else injected_ns + round(heal_s * 1e9))
        finally:
            goal = self._executed_elsewhere(pod)
            fault.heal(self._cluster, pod)
            note("healed", time.monotonic_ns(), pod)
            log.info("fault: %s %s healed", fault.name, pod)
        if self._recover:
            clean = self._recovered(fault.residue, pod, goal)
            note("clean", time.monotonic_ns(), pod, clean)

    def _wait_until(self, due_ns: int | None) -> bool:
        """Wait for a moment (None: for ever) or for the end of the load; returns whether the load ended first."""
        if due_ns is None:
            return self._over.wait()
        return self._over.wait(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))

    def _executed_elsewhere(self, pod: str) -> str:
        """What the other pods had executed when the pod was healed: it must have caught up with at least this."""
        sets = [one.gtid_executed for name, one in self._cluster.status().items() if one and name != pod]
        return ",".join(filter(None, sets))

    def _recovered(self, residue: Callable[[Cluster, str], Evidence], pod: str, goal: str) -> Evidence:
        try:
            self._cluster.bring_back(pod, timeout_s=RECOVERY_TIMEOUT_S)
        except WaitTimeoutError as error:
            return Evidence(ok=False, seen={"in_service": False, "reason": str(error)})

        def look() -> Evidence:
            left = residue(self._cluster, pod)
            try:
                with self._cluster.connection(pod) as connection, connection.cursor() as cursor:
                    cursor.execute("SELECT GTID_SUBSET(%s, @@global.gtid_executed)", (goal,))
                    caught_up = bool(cursor.fetchone()[0])
            except pymysql.MySQLError as error:
                return Evidence(ok=False, seen={**left.seen, "in_service": False, "reason": str(error)})
            assisted = pod in self._cluster.assisted_rejoins
            return Evidence(
                ok=left.ok and caught_up,
                seen={**left.seen, "in_service": True, "caught_up": caught_up, "assisted_rejoin": assisted},
            )

        return await_evidence(f"{pod} is back and caught up", look, timeout_s=RECOVERY_TIMEOUT_S)

    def _notebook(self, number: int, planned: PlannedFault) -> Notebook:
        def note(step: Step, at_ns: int, pod: str | None, evidence: Evidence | None = None) -> None:
            line: dict[str, Any] = {"id": number, "step": step, "at_ns": at_ns, "fault": planned.fault}
            line |= {"target": planned.target, "pod": pod}
            if evidence is not None:
                line |= {"ok": evidence.ok, "evidence": evidence.seen}
            with self._lock, self._file.open("a") as file:
                file.write(json.dumps(line) + "\n")

        return note
