"""The control plane's deeds. Each may be repeated, and notes in the state what is done before the next one begins.

Whatever is asked of a pod has a timeout and may fail with one of UNREACHABLE: then nothing was decided, and the rules
in `decide` will come to the same deed again.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from cluster.agent.lease import LEASE_S, failover_quorum
from cluster.session import connect
from cluster.status.poller import UNREACHABLE
from cluster.status.status import Status
from cluster.topologies.replication import CanFollow, CanPromote
from cluster.topology import MAX_PODS
from control.agents import Agents, Promises
from control.elect import choose, offer
from control.rules import Rules, cannot_elect
from control.settings import USER, Plan
from control.state import Move, Store
from control.watch import Watch
from history import gtid

PROMISE_TIMEOUT_S = 0.6
SQL_TIMEOUT_S = 2.0
#: One turn of waiting for a relay log to be applied; the loop comes back for the next.
DRAIN_TURN_S = 0.5
FENCE_TIMEOUT_S = 15.0
#: To stop a receiver that is connecting to silence takes until that times out; semi-sync takes a second to end.
ATTACH_TIMEOUT_S = 5.0


class Deeds:
    """What can be done to the pods of one cluster whose primary the control plane chooses."""

    def __init__(self, plan: Plan, store: Store, watch: Watch, agents: Agents) -> None:
        self._plan = plan
        self._rules = Rules(kind=plan.kind, down_after_s=plan.down_after_s, wait_count=plan.wait_count)
        self._store = store
        self._watch = watch
        self._agents = agents
        self._pool = ThreadPoolExecutor(max_workers=MAX_PODS, thread_name_prefix="deeds")

    @property
    def _leading(self) -> CanPromote:
        replication = self._plan.replication
        assert isinstance(replication, CanPromote), "the rules decide nothing for others"
        return replication

    @property
    def _following(self) -> CanFollow:
        replication = self._plan.replication
        assert isinstance(replication, CanFollow), "the rules decide nothing for others"
        return replication

    def begin(self, primary: str) -> None:
        """The primary is gone: from here on no one leads."""
        state = self._store.state
        self._store.log("primary_gone", primary)
        move = Move(why="failover", step="fence", old=primary)
        self._store.save(replace(state.assign(new_epoch=True, primary=None), move=move))
        self._pool.submit(self._fence_if_it_answers, primary)  # the agent does so as well, if it still runs
        for name in self._able():
            # a receiver that is connecting to a silent address stops only when that has timed out: begin with it now
            self._pool.submit(self._silence, name)

    def promise(self) -> bool:
        """Fence: no one may hold the old lease any more once its time has run out, or its holder has given it up.

        Who held it gave it up when its own agent has promised and its mysqld takes no writes. False: not fenced yet.
        """
        state, assignment = self._store.state, self._store.state.assignment
        assert state.move is not None
        old = state.move.old
        voters = [[name for name in pods if name != old] for pods in state.electorates]

        def majority(promises: Collection[str]) -> bool:
            return all(len(set(some) & set(promises)) >= failover_quorum(len(some) + 1) for some in voters)

        def given_up(promises: Promises) -> bool:
            return old is not None and promises.get(old) is False

        fenced_ns = 0

        def enough(promises: Promises) -> bool:
            nonlocal fenced_ns
            if majority(promises):
                fenced_ns = fenced_ns or time.monotonic_ns()
            return given_up(promises)

        promises = self._agents.tell(assignment, assignment.pods, enough=enough, timeout_s=PROMISE_TIMEOUT_S)
        if not majority(promises) and not given_up(promises):
            return False
        # counted from when most had promised: whatever they granted before, they granted before that
        wait_s = 0.0 if given_up(promises) else LEASE_S
        ends_ns = (fenced_ns or time.monotonic_ns()) + int(wait_s * 1e9)
        self._store.save(replace(state, move=replace(state.move, step="elect", lease_ends_ns=ends_ns)))
        self._store.log("fenced", old, promised=sorted(promises), lease_wait_s=wait_s)
        return True

    def elect(self) -> None:
        """Stop all receivers, then choose by what every pod has."""
        state = self._store.state
        assert state.move is not None
        able = self._able()
        statuses = dict(zip(able, self._pool.map(self._silence, able), strict=True))
        offers = {name: offer(status) for name, status in statuses.items() if status is not None}
        if set(offers) != set(able) or cannot_elect(statuses, state, self._rules):
            return  # one that should have answered did not: look again before choosing without it
        chosen = choose(offers, state)
        received = gtid.written(offers[chosen])
        self._store.save(replace(state, move=replace(state.move, step="drain", candidate=chosen, received=received)))
        self._store.log("candidate_chosen", chosen, offers={name: gtid.written(one) for name, one in offers.items()})

    def drain(self, candidate: str) -> None:
        """Let the candidate apply what it has received; once it has, it is the new primary, still closed."""
        state = self._store.state
        assert state.move is not None
        with self._on(candidate) as connection:
            if not self._leading.drain(connection, received=state.move.received, timeout_s=DRAIN_TURN_S):
                return
        self._store.log("drained", candidate, executed=state.move.received)
        self._store.save(replace(state.assign(primary=candidate), move=replace(state.move, step="open")))

    def undo(self) -> None:
        """A switchover that did not come to its end: the old primary leads again."""
        state = self._store.state
        assert state.move is not None
        self._store.save(
            replace(
                state.assign(new_epoch=True, primary=state.move.old),
                move=Move(why="undo", step="open", old=state.move.old),
            )
        )

    def open(self, primary: str) -> None:
        """Open the pod that the assignment names, once its agent knows that it is the one."""
        state = self._store.state
        one = {primary: state.assignment.pods[primary]}
        if primary not in self._agents.tell(state.assignment, one, enough=bool, timeout_s=SQL_TIMEOUT_S):
            raise ConnectionError(f"the agent of {primary} does not answer")
        with self._on(primary) as connection:
            self._leading.promote(connection)
            self._leading.open_for_writes(connection)
            self._watch.note(primary, self._status(connection))
        move = state.move
        if move is None or move.why == "undo":
            self._store.log("reopened", primary)
        else:
            self._store.log("promoted", primary, why=move.why)
        # the primary knows the pods of this assignment now, so nobody counts by an older list
        self._store.save(replace(state, move=None, before=None))
        self._agents.spread(state.assignment)

    def fence(self, pod: str) -> None:
        """A pod that takes writes and is not the primary."""
        with self._on(pod, timeout_s=FENCE_TIMEOUT_S) as connection:
            self._leading.fence(connection)

    def attach(self, pods: list[str]) -> None:
        """Make pods follow the primary, all at once; quarantine one that has what the primary has not."""
        for pod, errant in zip(pods, self._pool.map(self._attach, pods), strict=True):
            if errant:
                self._quarantine(pod, errant)

    def _attach(self, pod: str) -> str:
        """Have one pod follow the primary, unless it has errant transactions: the GTID set of those."""
        primary = self._store.state.assignment.primary
        assert primary is not None
        try:
            with self._on(pod, timeout_s=ATTACH_TIMEOUT_S) as connection:
                # nothing is executed between our look at it and the change of source
                self._following.detach(connection)
                status = self._status(connection)
                if status.source in (None, primary):
                    self._store.log("rejoining", pod, source=primary)
                with self._on(primary) as leading:
                    errant = self._following.errant(leading, executed=status.gtid_executed, source=leading)
                if not errant and status.source == primary:
                    self._following.resume(connection)  # its relay log may hold what no other pod has: it stays
                    self._store.log("rejoined", pod, source=primary)
                elif not errant:
                    self._following.follow(connection, source=primary, password=self._plan.repl_password)
                    self._store.log("rejoined" if status.source is None else "repointed", pod, source=primary)
                elif status.source is not None:
                    self._following.forget_source(connection)
                return errant
        except UNREACHABLE as error:
            print(f"attach {pod}: {error!r}", flush=True)
            return ""

    def _quarantine(self, pod: str, errant: str) -> None:
        state = self._store.state
        count = gtid.count(gtid.parse(errant))
        what = f"{count} transaction{'' if count == 1 else 's'}"
        why = f"{what} that {state.assignment.primary} does not have: {errant}"
        self._store.save(state.assign(quarantined={**state.assignment.quarantined, pod: why}))
        self._store.log("quarantined", pod, errant=errant, count=count)
        self._agents.spread(self._store.state.assignment)

    def executed(self, pod: str) -> str:
        with self._on(pod) as connection:
            return self._status(connection).gtid_executed

    def catch_up(self, pod: str, executed: str, *, timeout_s: float) -> bool:
        """Wait until a pod has executed a GTID set; False when time runs out."""
        with self._on(pod, timeout_s=timeout_s + SQL_TIMEOUT_S) as connection:
            return self._leading.drain(connection, received=executed, timeout_s=timeout_s)

    def _able(self) -> list[str]:
        """The pods that answer and are not quarantined."""
        quarantined = self._store.state.assignment.quarantined
        return [name for name, one in self._watch.seen().items() if one.status and name not in quarantined]

    def _silence(self, pod: str) -> Status | None:
        """Stop the pod's receiver and have it read-only; its status after that, None when it does not answer."""
        try:
            with self._on(pod, timeout_s=ATTACH_TIMEOUT_S) as connection:
                self._leading.fence(connection)
                self._leading.stop_receiving(connection)
                return self._status(connection)
        except UNREACHABLE as error:
            print(f"{pod} did not stop receiving: {error!r}", flush=True)
            return None

    def _fence_if_it_answers(self, pod: str) -> None:
        try:
            self.fence(pod)
        except UNREACHABLE as error:
            print(f"direct fencing of {pod} failed: {error!r}", flush=True)

    def _status(self, connection: Any) -> Status:
        with connection.cursor() as cursor:
            cursor.execute(self._plan.replication.status_query)
            return self._plan.replication.parse(cursor.fetchall())

    def _on(self, pod: str, *, timeout_s: float = SQL_TIMEOUT_S) -> Any:
        address = self._store.state.assignment.pods[pod]
        return connect(host=address, user=USER, password=self._plan.password, timeout_s=timeout_s)
