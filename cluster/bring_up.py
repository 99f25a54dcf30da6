"""All pods of a cluster from nothing to in service: the first leads as soon as it can, then the others follow it.

One mysqld a little after the other: namespaces are opened one by one, which is mostly waiting, and each server starts
as soon as it has one. The first then leads sooner, and members of a group join in turns anyhow. Other programs than
mysqld start when all of these are up: they would take the processor from them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import pymysql

from cluster.joining import PATIENCE_S, PATIENCE_WITH_THEIRS_S, brought, told_in_a_line, tried
from cluster.membership import Membership
from cluster.mysqld import mysqld_log
from cluster.nodes import Nodes
from cluster.operations.start import set_up, start_agent, start_mysqld
from cluster.platform.platform import Pod
from cluster.status.agreement import in_agreement
from cluster.wait import wait_until

#: Longer than two tries to start Group Replication, each of which takes up to a minute to fail.
JOIN_TIMEOUT_S = 150.0


@dataclass(frozen=True, kw_only=True)
class Guests:
    """What else is to start beside the nodes. namespaces: each opens one; called while the servers start, for it is
    waiting. start: called once every mysqld is up, on a thread of its own, and waited for."""

    namespaces: Sequence[Callable[[], object]] = ()
    start: Callable[[], None] = lambda: None


NO_GUESTS = Guests()


def bring_up(nodes: Nodes, membership: Membership, *, guests: Guests = NO_GUESTS) -> None:
    """Start all pods at once and return when every one is in service; raises ConfigurationError or HarnessError.

    guests: what else is to start.
    A member is ONLINE up to a second before its START GROUP_REPLICATION returns, so nobody waits for the statement:
    what counts is what the pods say of themselves.
    """
    first, *others = nodes.pods.values()
    joining: list[Future[None]] = []
    replication = nodes.topology.replication
    engine, turn = threading.Lock(), threading.Lock()

    def join(pod: Pod) -> None:
        outcome = Future[None]()
        joining.append(outcome)

        def state() -> None:
            try:
                _join(nodes, membership, pod, first=pod is first)
            except Exception as error:  # noqa: BLE001  whoever waits for it hears of it
                outcome.set_exception(error)
            else:
                outcome.set_result(None)

        # A daemon: an interrupted run removes the pod under the statement, whose answer then never comes, and a
        # process ends only after all of its other threads.
        threading.Thread(target=state, name=f"join-{pod.name}", daemon=True).start()

    def in_service(pods: Collection[Pod]) -> bool:
        for one in joining:
            if one.done():
                one.result()  # raises what its statement raised
        statuses = nodes.status(pods)
        for pod in pods:
            if statuses[pod.name] is None:
                mysqld_log.refuse_exited(pod, nodes.topology)
        return all(in_agreement(pod.name, statuses) for pod in pods)

    def joined(pod: Pod, words: str) -> None:
        with nodes.steps.step(words, pod.name):
            join(pod)
            wait_until(
                f"{pod.name} is in service",
                lambda: in_service([pod]),
                timeout_s=JOIN_TIMEOUT_S,
                now=membership.disagreement,
            )

    def start(pod: Pod) -> None:
        with engine:
            pod.open_namespace(nodes.network, nodes.network.node_names)
        start_mysqld(nodes, pod)
        set_up(nodes, pod)

    def lead() -> None:
        start(first)
        joined(first, replication.lead_words)

    def follow(pod: Pod) -> None:
        started[pod.name].result()
        leader.result()
        with turn if replication.join_apart_s else nullcontext():
            with nodes.steps.step("waits before it joins", pod.name):
                time.sleep(replication.join_apart_s)
            joined(pod, replication.follow_words)

    def open_guests() -> None:
        for open_namespace in guests.namespaces:
            with engine:
                open_namespace()

    def shadow(what: Callable[[], None]) -> None:
        for one in (leader, *started.values()):
            one.result()
        what()

    with ThreadPoolExecutor(max_workers=3 * len(nodes.pods) + 2, thread_name_prefix="boot") as pool:
        leader = pool.submit(lead)
        started = {pod.name: pool.submit(start, pod) for pod in others}
        following = [pool.submit(follow, pod) for pod in others]
        shadows = [pool.submit(shadow, partial(start_agent, nodes, pod)) for pod in nodes.pods.values()]
        shadows.append(pool.submit(shadow, guests.start))
        for one in [pool.submit(open_guests), leader, *started.values(), *following, *shadows]:
            one.result()
    everybody = nodes.pods.values()
    with nodes.steps.step("all agree"):
        wait_until(
            "every pod is in service",
            lambda: in_service(everybody),
            timeout_s=JOIN_TIMEOUT_S,
            now=membership.disagreement,
        )


def _join(nodes: Nodes, membership: Membership, pod: Pod, *, first: bool) -> None:
    """`Membership.join`, with another try where its failure may pass; raises ConfigurationError or HarnessError."""
    replication = nodes.topology.replication

    def leave() -> None:
        with nodes.connect(pod.name, timeout_s=60) as connection:
            replication.leave(connection)

    def join() -> None:
        try:
            membership.join(pod, first=first)
        except pymysql.MySQLError:
            if not membership.in_service(pod.name):  # it may have joined all the same, and the load may have begun
                raise

    part = replication.lead_words if first else replication.follow_words
    patience_s = PATIENCE_WITH_THEIRS_S if brought(nodes.topology) else PATIENCE_S
    with told_in_a_line(f"{pod.name} could not {part}", pod, nodes.topology):
        tried(
            f"{pod.name} is to {part}",
            join,
            undo=leave,
            passing=replication.passing_errors,
            patience_s=patience_s,
        )
