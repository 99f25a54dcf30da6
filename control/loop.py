"""The loop: look, decide, act, publish, ten times a second; and whatever the API asks for, in between.

One thread changes the state. What it does blocks it for a bounded time; the pods are watched, and the agents answered,
by others.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from cluster.agent.assignment import Assignment
from cluster.status.poller import UNREACHABLE
from cluster.topologies.replication import CanHandOver, CanPromote
from control.agents import Agents
from control.elect import would_lead
from control.failover_steps import Deeds
from control.notes import GroupNotes
from control.publish import publish
from control.rules import Action, Rules, Seen, decide, elected, pools
from control.settings import EDS, STATE, USER, Plan
from control.state import Move, State, Store
from control.switchover import RefusedError, ask_nodes, switch
from control.watch import Watch

LOOP_S = 0.1
#: Views of a group change pod by pod: this long nobody agrees before it counts.
DISAGREEMENT_S = 0.5
#: How soon the same deed is tried on the same pod again. A replica that has just been told whom to follow needs a
#: moment to connect; so does a status to show what has been done.
AGAIN_S = {"attach": 3.0, "open": 0.5, "fence": 1.0, "begin": 0.0, "promise": 0.1, "elect": 0.1, "drain": 0.0}

T = TypeVar("T")


def first_state(plan: Plan) -> State:
    """What a control plane that remembers nothing begins with: the first pod leads (a group elects)."""
    leading = isinstance(plan.replication, CanPromote)
    primary = None if plan.replication.elects_by_itself else next(iter(plan.pods))
    return State(
        assignment=Assignment(epoch=1, version=1, primary=primary, pods=dict(plan.pods)),
        move=Move(why="boot", step="open") if leading else None,
    )


class ControlPlane:
    """Everything of one control plane, in one process."""

    def __init__(self, plan: Plan, *, state_folder: Path = Path(STATE), eds_folder: Path = Path(EDS)) -> None:
        self.plan = plan
        self.rules = Rules(kind=plan.kind, down_after_s=plan.down_after_s, wait_count=plan.wait_count)
        self.store = Store(state_folder, first_state(plan))
        self.watch = Watch(user=USER, password=plan.password, replication=plan.replication)
        self.agents = Agents()
        self.deeds = Deeds(plan, self.store, self.watch, self.agents)
        self.published: tuple[list[str], list[str]] | None = None
        self._published_pods: dict[str, str] = {}
        self._eds = eds_folder
        self._requests: queue.Queue[Callable[[], None]] = queue.Queue()
        self._tried_s: dict[tuple[str, str | None], float] = {}
        self._said: Action | None = None
        self._agreed_s = time.monotonic()
        self._notes = GroupNotes()

    def run(self) -> None:
        """For ever."""
        state = self.store.state
        self.store.log("restarted" if self.store.resumed else "started", primary=state.assignment.primary)
        while True:
            version, step = self._progress()
            self.turn()
            moving = self._progress() != (version, step)
            try:
                self._requests.get(timeout=0 if moving else LOOP_S)()
            except queue.Empty:
                continue

    def _progress(self) -> tuple[int, str]:
        """Where the state stands: when a turn changed it, the next step is due at once."""
        state = self.store.state
        return state.assignment.version, state.move.step if state.move else ""

    def turn(self) -> None:
        """Look once, and do what is due."""
        self.watch.follow(self.store.state.assignment.pods)
        seen = self.watch.seen()
        if self.plan.replication.elects_by_itself:
            for event, pod in self._notes.look(seen, self.store.state.leaders):
                self.store.log(event, pod)
            self._follow_election(seen)
        actions = decide(seen, self.store.state, self.rules, now_ns=time.monotonic_ns())
        if self.store.state.move is None and not any(action.verb in ("suspect", "hold") for action in actions):
            self._said = None
        for action in actions:
            self._do(action)
        self._attach([action.pod for action in actions if action.verb == "attach" and action.pod])
        self.publish()

    def ask(self, request: Callable[[], T], *, timeout_s: float) -> T:
        """Have the loop's thread do something; raises what it raises, or TimeoutError: then it is done no more, unless
        it has begun."""
        answer: Future[T] = Future()

        def run() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(request())
            except Exception as error:  # noqa: BLE001  # it belongs to who asked
                answer.set_exception(error)

        self._requests.put(run)
        try:
            return answer.result(timeout=timeout_s)
        finally:
            answer.cancel()  # means nothing to one that has its result

    def candidate(self) -> str | None:
        """Who is to lead next, as far as that is for the control plane to decide."""
        decides = isinstance(self.plan.replication, CanPromote)
        return would_lead(self.watch.seen(), self.store.state) if decides else None

    def switchover(self, to: str | None, *, timeout_s: float) -> str:
        """Switch over and return the new primary; raises RefusedError."""
        try:
            if (why := self.plan.replication.no_switchover) is not None:
                raise RefusedError(why)
            if isinstance(self.plan.replication, CanHandOver):
                return ask_nodes(
                    to,
                    replication=self.plan.replication,
                    plan=self.plan,
                    seen=self.watch.seen(),
                    store=self.store,
                    timeout_s=timeout_s,
                )
            return self.ask(lambda: self._switch(to, timeout_s), timeout_s=2 * timeout_s + 30)
        except RefusedError as refused:
            self.store.log("switchover_refused", to, reason=str(refused))
            raise

    def _switch(self, to: str | None, timeout_s: float) -> str:
        return switch(
            to,
            seen=self.watch.seen(),
            store=self.store,
            deeds=self.deeds,
            publish=self.publish,
            timeout_s=timeout_s,
        )

    def publish(self) -> None:
        """Publish the pools, if they have changed.

        After a restart not before every pod has been asked: what stands published is truer than an empty first look.
        """
        if self.store.resumed and self.published is None and not self.watch.complete:
            return
        pods = dict(self.store.state.assignment.pods)
        serving = pools(self.watch.seen(), self.store.state, self.rules, before=self.published or ([], []))
        if serving == self.published and pods == self._published_pods:
            return
        publish(self._eds, pods, serving={"write": serving[0], "read": serving[1]})
        self.published, self._published_pods = serving, pods
        self.store.log("published", write=serving[0], read=serving[1])

    def _do(self, action: Action) -> None:
        key, now_s = (action.verb, action.pod), time.monotonic()
        if action.verb in ("suspect", "hold"):
            self._say(action)
            return
        if action.verb == "attach":
            return  # together, afterwards
        if now_s - self._tried_s.get(key, 0.0) < AGAIN_S.get(action.verb, 0.0):
            return
        try:
            self._deed(action)
        except UNREACHABLE as error:
            print(f"{action.verb} {action.pod or ''}: {error!r}", flush=True)
        self._tried_s[key] = time.monotonic()

    def _attach(self, pods: list[str]) -> None:
        """All at once: the first that follows may be the one for which semi-synchronous writes wait."""
        now_s = time.monotonic()
        due = [pod for pod in pods if now_s - self._tried_s.get(("attach", pod), 0.0) >= AGAIN_S["attach"]]
        if due:
            self.deeds.attach(due)
            self._tried_s |= {("attach", pod): time.monotonic() for pod in due}

    def _deed(self, action: Action) -> None:
        deeds, pod = self.deeds, action.pod
        match action.verb:
            case "begin" if pod:
                deeds.begin(pod)
            case "promise":
                if not deeds.promise():
                    self._say(Action("hold", pod, "most replicas have not acknowledged the new epoch"))
            case "elect":
                deeds.elect()
            case "drain" if pod:
                deeds.drain(pod)
            case "undo":
                deeds.undo()
                self.store.log("switchover_refused", pod, reason="the control plane was restarted in the middle of it")
            case "open" if pod:
                deeds.open(pod)
            case "fence" if pod:
                deeds.fence(pod)

    def _say(self, action: Action) -> None:
        """Note a suspicion, or why nothing follows from it: once, until the reason changes."""
        if action.verb == "suspect":
            if self._said is None:
                self.store.log("primary_suspected", action.pod)
                self._said = action
        elif self._said != action:
            self.store.log("no_failover", action.pod, reason=action.reason)
            self._said = action

    def _follow_election(self, seen: Mapping[str, Seen]) -> None:
        """Note whom a group has elected; a group that has lost its majority has nobody."""
        now_s = time.monotonic()
        leaders = elected(seen)
        if leaders is not None or all(one.status is None for one in seen.values()):
            self._agreed_s = now_s
        if leaders is None:
            if now_s - self._agreed_s < DISAGREEMENT_S:
                return
            leaders = ()
        state = self.store.state
        if leaders == state.leaders:
            return
        for gone in sorted(set(state.leaders) - set(leaders)):
            self.store.log("primary_gone", gone, leaders=leaders)
        primary = leaders[0] if leaders and not self.plan.replication.multi_primary else None
        changed = state.assign(new_epoch=True, primary=primary)
        self.store.save(replace(changed, leaders=leaders))
        for new in sorted(set(leaders) - set(state.leaders)):
            self.store.log("promoted", new)
