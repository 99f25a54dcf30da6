"""Runs a timeline of faults against a cluster and records every step, with evidence, in faults.jsonl.

Each step has a thread of its own, and each pod that it hits: wait for the moment, prove the pods sound, strike them at
once; then, for each pod, prove the bite, wait, heal, prove that nothing is left and the pod is back and caught up.
Whatever happens in between, heal runs, except for a pod that is killed for good. What a thread raises ends the run at
once: who runs the load asks with `require_sound`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import pymysql

from chaos.events import FirstAck, Watch, nobody_listens
from chaos.fault import Context, Evidence, Injection, Victim, await_evidence
from chaos.feed import Feed
from chaos.journal import Record, Story
from chaos.outlook import Outlook
from chaos.targets import Aim, NobodyError, Scene, part_of, resolve
from chaos.timeline import PlannedFault
from cluster.cluster import Cluster
from cluster.errors import RefusedError
from cluster.wait import WaitTimeoutError

log = logging.getLogger("meshbench")

#: The seed moves every fault by up to this much, so that it meets timers at another phase from seed to seed.
PHASE_S = 1.0
#: A step that strikes so long after it was due was held up, and says so.
LATE_S = 2.0
#: A fault that does not show within this time did not bite.
BITE_TIMEOUT_S = 10.0
#: A group that lost its majority needs most of it: MySQL takes half a minute to force a membership alone.
RECOVERY_TIMEOUT_S = 150.0


class Looking(Scene, Protocol):
    """An Outlook."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Injector:
    """Start it when the load has started, stop it when the load has ended; stop heals whatever is still broken.

    first_ack: how to hear that a client had a write acknowledged. outlook: who plays which part, by default as the
    cluster's own pods say. phase_s, late_s, bite_timeout_s: see the constants.
    """

    def __init__(
        self,
        cluster: Cluster,
        timeline: Sequence[PlannedFault],
        *,
        seed: int,
        record_to: Path,
        first_ack: FirstAck = nobody_listens,
        outlook: Looking | None = None,
        shift_s: float = 0.0,
        phase_s: float = PHASE_S,
        late_s: float = LATE_S,
        bite_timeout_s: float = BITE_TIMEOUT_S,
    ) -> None:
        """shift_s: so much later is every step that has a moment. phase_s: and each by up to so much more."""
        self._cluster = cluster
        self._timeline = timeline
        self._seed = seed
        self._record = Record(record_to, steps=len(timeline))
        self._over = threading.Event()
        self._recover = True
        self._outlook = outlook or Outlook(cluster)
        self._shift_s = shift_s
        self._phase_s, self._late_s, self._bite_timeout_s = phase_s, late_s, bite_timeout_s
        self._feed = Feed(lambda: cluster.control)
        self._first_ack = first_ack
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(timeline)), thread_name_prefix="step")
        self._running: list[Future[None]] = []

    def start(self, zero_ns: int) -> None:
        """zero_ns: CLOCK_MONOTONIC time of the load's zero, from which the timeline counts."""
        if not self._timeline:
            return
        self._outlook.start()
        self._feed.start(zero_ns)
        events = Watch(cluster=self._cluster, feed=self._feed, first_ack=self._first_ack, zero_ns=zero_ns)
        for number, planned in enumerate(self._timeline):
            rng = random.Random(f"{self._seed}/fault/{number}")
            due_ns = None
            if planned.at_s is not None:
                due_ns = zero_ns + round((planned.at_s + self._shift_s + rng.uniform(0, self._phase_s)) * 1e9)
            story = self._record.story(planned.asked(), due_ns, number)
            self._running.append(self._pool.submit(self._step, planned, events, due_ns, rng, story))

    def require_sound(self) -> None:
        """Raise what a step's thread has raised, as soon as it has."""
        for step in self._running:
            if step.done():
                step.result()

    def stop(self, *, recover: bool = True) -> None:
        """End all waiting, heal, and return when every fault's story is written.

        recover: wait until healed pods are back, as evidence; without it the pods are about to be removed anyway.
        Raises what a fault's thread raised.
        """
        self._recover = recover
        self._over.set()
        self._pool.shutdown(wait=True)
        self._feed.stop()
        self._outlook.stop()
        for step in self._running:
            step.result()

    def _step(self, planned: PlannedFault, events: Watch, due_ns: int | None, rng: random.Random, story: Story) -> None:
        """Wait for the step's moment, and strike."""
        if planned.after is None:
            assert due_ns is not None
            if not self._wait_until(due_ns):
                self._strike(planned, due_ns, rng, story)
            return
        event = planned.after
        if not planned.delay_s:
            events.hold(event)
        try:
            happened_ns = events.wait_for(event, self._over)
            if happened_ns is None:
                return
            due_ns = happened_ns + round(planned.delay_s * 1e9)
            if not self._wait_until(due_ns):
                self._strike(planned, due_ns, rng, story, struck=lambda: events.release(event))
        finally:
            events.release(event)  # whatever came in between: twice is as good as once

    def _strike(
        self,
        planned: PlannedFault,
        due_ns: int,
        rng: random.Random,
        story: Story,
        *,
        struck: Callable[[], None] = lambda: None,
    ) -> None:
        """Find out whom the step hits, and strike all of them at once. struck: called when all have been.

        Where nobody plays the part, or a pod shows already what the fault is to show, nothing is injected.
        """
        aim = Aim(cluster=self._cluster, scene=self._outlook, made=self._feed.made, rng=rng)
        try:
            pods = resolve(planned.target, aim)
            peers = () if planned.peer is None else tuple(resolve(planned.peer, aim))
        except NobodyError as nobody:
            log.warning("fault: %s of %s was not injected: %s", planned.fault.name, planned.target, nobody)
            return
        context = Context(cluster=self._cluster, peers=peers, rng=rng)
        part = part_of(planned.target)
        if planned.fault.one_by_one:
            self._take_in_turn(planned, [Victim(pod=pod, part=part) for pod in pods], context, due_ns, story)
            struck()
            return
        injections = planned.fault.aimed([Victim(pod=pod, part=part) for pod in pods], context)
        stories = [story, *(self._record.story(planned.asked(), due_ns) for _ in injections[1:])]
        with ThreadPoolExecutor(max_workers=len(injections), thread_name_prefix="fault") as pool:
            before = list(pool.map(lambda injection: injection.effect(), injections))
            for injection, look in zip(injections, before, strict=True):
                if look.ok:
                    _warn_of_presence(planned, injection.pod, look)
            sound = [strike for strike in zip(injections, before, stories, strict=True) if not strike[1].ok]
            all_struck = _Countdown(len(sound), then=struck)
            running = [
                pool.submit(self._run, planned, injection, look, own_story, all_struck, due_ns)
                for injection, look, own_story in sound
            ]
        for strike in running:
            strike.result()

    def _take_in_turn(
        self, planned: PlannedFault, victims: list[Victim], context: Context, due_ns: int, story: Story
    ) -> None:
        """One pod after another, the primary last; the next one only when the one before is back in service.

        It ends with the first that does not come to its end, as whoever rolls by hand would.
        """
        primary = self._outlook.settled.primary
        for number, victim in enumerate(sorted(victims, key=lambda one: (one.pod == primary, one.pod))):
            if number and self._over.is_set():
                log.warning("fault: %s ends before %s: the load has ended", planned.fault.name, victim.pod)
                return
            injection = planned.fault.on(victim, context)
            look = injection.effect()
            if look.ok:
                _warn_of_presence(planned, victim.pod, look)
                continue
            own_story = self._record.story(planned.asked(), None) if number else story
            begins_ns = time.monotonic_ns() if number else due_ns
            if not self._run(planned, injection, look, own_story, _Countdown(1, then=lambda: None), begins_ns):
                return

    def _run(
        self,
        planned: PlannedFault,
        injection: Injection[Any],
        before: Evidence,
        story: Story,
        all_struck: _Countdown,
        due_ns: int,
    ) -> bool:
        """The whole story of one fault on one pod; returns whether it took effect and the pod is back."""
        fault, pod = planned.fault, injection.pod
        story.befalls(pod, isolates_from=fault.isolates_from(injection.victim, injection.context))
        injected_ns = time.monotonic_ns()
        log.info("fault: %s %s (%s)", fault.name, planned.target, pod)
        if (late_s := (injected_ns - due_ns) / 1e9) > self._late_s:
            log.warning("fault: %s of %s is %.1f s late", fault.name, pod, late_s)
        try:
            try:
                injection.inject()
            except RefusedError as refused:
                if fault.lasts:
                    raise
                # a change that is refused, or does not come to its end, is a finding: it took no effect
                story.note("injected", injected_ns)
                story.note("bitten", time.monotonic_ns(), Evidence(ok=False, seen={"reason": str(refused)}))
                return False
            finally:
                all_struck.one_more()
            seen = {"due_ns": due_ns, "done_ns": time.monotonic_ns()}
            story.note("injected", injected_ns, Evidence(ok=True, seen=seen))
            bite = await_evidence(f"{fault.name} shows on {pod}", injection.effect, timeout_s=self._bite_timeout_s)
            story.note(
                "bitten", time.monotonic_ns(), Evidence(ok=bite.ok, seen={"before": before.as_seen(), **bite.as_seen()})
            )
            if planned.for_good:
                self._give_up(pod)
                return bite.ok
            if fault.lasts:
                heal_s = planned.heal_after_s
                self._wait_until(None if heal_s is None else injected_ns + round(heal_s * 1e9))
        finally:
            if not planned.for_good:
                executed = self._executed_elsewhere(pod)
                injection.heal()
                story.note("healed", time.monotonic_ns())
                log.info("fault: %s %s healed", fault.name, pod)
        if self._recover:
            clean = self._recovered(injection.residue, pod, executed)
            story.note("clean", time.monotonic_ns(), clean)
            return bite.ok and clean.ok
        return False

    def _give_up(self, pod: str) -> None:
        """Count a pod that was killed for good no more."""
        if pod in self._cluster.pods:
            self._cluster.nodes.forget(self._cluster.pods[pod])

    def _wait_until(self, due_ns: int | None) -> bool:
        """Wait for a moment (None: for ever) or for the end of the load; returns whether the load ended first."""
        if due_ns is None:
            return self._over.wait()
        return self._over.wait(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))

    def _executed_elsewhere(self, pod: str) -> dict[str, str]:
        """Other pod -> what it had executed when the pod was healed: it must have caught up with that, except with what
        is found later on to be on a quarantined pod alone."""
        return {name: one.gtid_executed for name, one in self._cluster.status().items() if one and name != pod}

    def _recovered(self, residue: Callable[[], Evidence], pod: str, executed: Mapping[str, str]) -> Evidence:
        """Whether nothing is left of a fault and its pod is back: in service and caught up, or known not to be.

        A pod that is none of the cluster's (the control plane, or one that has left) has only to leave no residue.
        """
        if pod not in self._cluster.pods:
            return await_evidence(f"nothing is left on {pod}", residue, timeout_s=RECOVERY_TIMEOUT_S)
        try:
            self._cluster.membership.bring_back(pod, timeout_s=RECOVERY_TIMEOUT_S, given_up=lambda: not self._recover)
        except WaitTimeoutError as error:
            return Evidence(ok=False, seen={"in_service": False, "reason": str(error)})

        def look() -> Evidence:
            left = residue()
            quarantined = self._cluster.membership.quarantined()
            if why := quarantined.get(pod):
                return Evidence(ok=left.ok, seen={**left.as_seen(), "in_service": False, "quarantined": why})
            goal = ",".join(gtids for name, gtids in executed.items() if gtids and name not in quarantined)
            try:
                caught_up = self._cluster.membership.has_executed(pod, goal)
            except pymysql.MySQLError as error:
                return Evidence(ok=False, seen={**left.as_seen(), "in_service": False, "reason": str(error)})
            assisted = pod in self._cluster.membership.assisted_rejoins
            return Evidence(
                ok=left.ok and caught_up,
                seen={**left.as_seen(), "in_service": True, "caught_up": caught_up, "assisted_rejoin": assisted},
            )

        return await_evidence(f"{pod} is back and caught up", look, timeout_s=RECOVERY_TIMEOUT_S)


def _warn_of_presence(planned: PlannedFault, pod: str, look: Evidence) -> None:
    name = planned.fault.name
    log.warning("fault: %s of %s was not injected: its effect is already present: %s", name, pod, look.seen)


class _Countdown:
    """Calls ``then`` when that many have been counted."""

    def __init__(self, left: int, *, then: Callable[[], None]) -> None:
        self._left = left
        self._then = then
        self._lock = threading.Lock()

    def one_more(self) -> None:
        with self._lock:
            self._left -= 1
            last = self._left == 0
        if last:
            self._then()
