"""Runs a timeline of faults against a cluster and records every step, with evidence, in faults.jsonl.

Each step has a thread of its own, and each pod that it hits: wait for the moment, prove the pods sound, strike them at
once; then, for each pod, prove the bite, wait, heal, prove that nothing is left and the pod is back and caught up.
Whatever happens in between, heal runs, except for a pod that is killed for good.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pymysql

from chaos import FAULTS
from chaos.fault import BITE_TIMEOUT_S, Evidence, Fault, await_evidence
from chaos.partition import Partition
from chaos.probe import control_plane
from chaos.record import Notebook, Record
from chaos.targets import Target, resolve
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.steering import decisions
from cluster.wait import WaitTimeoutError

log = logging.getLogger("meshbench")

#: The seed moves every fault by up to this much, so that it meets timers at another phase from seed to seed.
PHASE_S = 1.0
#: A group that lost its majority needs most of it: MySQL takes half a minute to force a membership alone.
RECOVERY_TIMEOUT_S = 150.0

After = Literal["failover-started"]
#: What a step can wait for -> the control plane's decision that tells it.
AFTER: Mapping[After, str] = {"failover-started": "primary_gone"}
EVENT_POLL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class PlannedFault:
    """One step of a timeline. Either at_s or after is given.

    at_s: seconds after the load's zero. after: an event of AFTER, the first of its kind since the load's zero.
    peer: of a partition, the only pods that the target is cut off from. heal_after_s: seconds from injection to
    healing, None: when the load ends. for_good: never healed.
    """

    fault: str
    target: Target
    at_s: float | None = None
    after: After | None = None
    peer: Target | None = None
    heal_after_s: float | None = None
    for_good: bool = False


class Injector:
    """Start it when the load has started, stop it when the load has ended; stop heals whatever is still broken."""

    def __init__(self, cluster: Cluster, timeline: Sequence[PlannedFault], *, seed: int, record_to: Path) -> None:
        self._cluster = cluster
        self._timeline = timeline
        self._seed = seed
        self._record = Record(record_to, steps=len(timeline))
        self._over = threading.Event()
        self._recover = True
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(timeline)), thread_name_prefix="step")
        self._running: list[Future[None]] = []

    def start(self, zero_ns: int) -> None:
        """zero_ns: CLOCK_MONOTONIC time of the load's zero, from which the timeline counts."""
        for number, planned in enumerate(self._timeline):
            rng = random.Random(f"{self._seed}/fault/{number}")
            due_ns = None
            if planned.at_s is not None:
                due_ns = zero_ns + round((planned.at_s + rng.uniform(0, PHASE_S)) * 1e9)
            note = self._record.notebook(planned, due_ns, number)
            self._running.append(self._pool.submit(self._step, planned, zero_ns, due_ns, rng, note))

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

    def _step(
        self, planned: PlannedFault, zero_ns: int, due_ns: int | None, rng: random.Random, note: Notebook
    ) -> None:
        """Wait for the step's moment, find out whom it hits, and strike all of them at once."""
        ended = self._wait_for_event(planned, zero_ns) if due_ns is None else self._wait_until(due_ns)
        if ended:
            return  # the load ended first: never injected, and the record says so
        pods = resolve(planned.target, self._cluster, rng)
        fault = FAULTS[planned.fault]
        if planned.peer is not None:
            fault = Partition(peers=tuple(resolve(planned.peer, self._cluster, rng)))
        notes = [note, *(self._record.notebook(planned, due_ns) for _ in pods[1:])]
        with ThreadPoolExecutor(max_workers=len(pods), thread_name_prefix="fault") as pool:
            before = list(pool.map(lambda pod: fault.effect(self._cluster, pod), pods))
            for pod, look in zip(pods, before, strict=True):
                if look.ok:
                    raise HarnessError(f"{fault.name}: {pod} looks broken before the fault: {look.seen}")
            struck = [
                pool.submit(self._run, planned, fault, pod, look, own)
                for pod, look, own in zip(pods, before, notes, strict=True)
            ]
        for one in struck:
            one.result()

    def _run(self, planned: PlannedFault, fault: Fault, pod: str, before: Evidence, note: Notebook) -> None:
        injected_ns = time.monotonic_ns()
        log.info("fault: %s %s (%s)", fault.name, planned.target, pod)
        try:
            try:
                fault.inject(self._cluster, pod)
            except (HarnessError, OSError) as refused:
                if fault.lasts:
                    raise
                # an operation that is refused, or does not come to its end, is a finding: it took no effect
                note("injected", injected_ns, pod)
                note("bitten", time.monotonic_ns(), pod, Evidence(ok=False, seen={"reason": str(refused)}))
                return
            note("injected", injected_ns, pod, Evidence(ok=True, seen={"done_ns": time.monotonic_ns()}))
            bite = await_evidence(
                f"{fault.name} shows on {pod}", lambda: fault.effect(self._cluster, pod), timeout_s=BITE_TIMEOUT_S
            )
            note("bitten", time.monotonic_ns(), pod, Evidence(ok=bite.ok, seen={"before": before.seen, **bite.seen}))
            if planned.for_good:
                self._give_up(pod)
                return
            if fault.lasts:
                heal_s = planned.heal_after_s
                self._wait_until(None if heal_s is None else injected_ns + round(heal_s * 1e9))
        finally:
            if not planned.for_good:
                goal = self._executed_elsewhere(pod)
                fault.heal(self._cluster, pod)
                note("healed", time.monotonic_ns(), pod)
                log.info("fault: %s %s healed", fault.name, pod)
        if self._recover:
            clean = self._recovered(fault.residue, pod, goal)
            note("clean", time.monotonic_ns(), pod, clean)

    def _give_up(self, pod: str) -> None:
        """Count a pod that was killed for good no more."""
        if pod in self._cluster.pods:
            self._cluster.forget(self._cluster.pods[pod])

    def _wait_until(self, due_ns: int | None) -> bool:
        """Wait for a moment (None: for ever) or for the end of the load; returns whether the load ended first."""
        if due_ns is None:
            return self._over.wait()
        return self._over.wait(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))

    def _wait_for_event(self, planned: PlannedFault, zero_ns: int) -> bool:
        """Wait until the control plane has decided what the step waits for; returns whether the load ended first."""
        assert planned.after is not None
        wanted = AFTER[planned.after]
        steering = control_plane(self._cluster)
        while not self._over.wait(EVENT_POLL_S):
            if any(one["event"] == wanted and one["at_ns"] > zero_ns for one in decisions(steering)):
                return False
        return True

    def _executed_elsewhere(self, pod: str) -> str:
        """What the other pods in service had executed when the pod was healed: it must have caught up with that."""
        statuses = self._cluster.status()
        aside = {pod, *self._cluster.quarantined()}
        sets = [one.gtid_executed for name, one in statuses.items() if one and name not in aside]
        return ",".join(filter(None, sets))

    def _recovered(self, residue: Callable[[Cluster, str], Evidence], pod: str, goal: str) -> Evidence:
        """Whether nothing is left of a fault and its pod is back: in service and caught up, or known not to be.

        A pod that is none of the cluster's (the control plane, or one that has left) has only to leave no residue.
        """
        if pod not in self._cluster.pods:
            return await_evidence(
                f"nothing is left on {pod}", lambda: residue(self._cluster, pod), timeout_s=RECOVERY_TIMEOUT_S
            )
        try:
            self._cluster.bring_back(pod, timeout_s=RECOVERY_TIMEOUT_S)
        except WaitTimeoutError as error:
            return Evidence(ok=False, seen={"in_service": False, "reason": str(error)})

        def look() -> Evidence:
            left = residue(self._cluster, pod)
            if why := self._cluster.quarantined().get(pod):
                return Evidence(ok=left.ok, seen={**left.seen, "in_service": False, "quarantined": why})
            try:
                caught_up = self._cluster.has_executed(pod, goal)
            except pymysql.MySQLError as error:
                return Evidence(ok=False, seen={**left.seen, "in_service": False, "reason": str(error)})
            assisted = pod in self._cluster.assisted_rejoins
            return Evidence(
                ok=left.ok and caught_up,
                seen={**left.seen, "in_service": True, "caught_up": caught_up, "assisted_rejoin": assisted},
            )

        return await_evidence(f"{pod} is back and caught up", look, timeout_s=RECOVERY_TIMEOUT_S)
