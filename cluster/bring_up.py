"""All pods of a cluster from nothing to in service: the first leads as soon as it can, then the others follow it."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor

import pymysql

from cluster.joining import PATIENCE_S, PATIENCE_WITH_THEIRS_S, brought, told_in_a_line, tried
from cluster.membership import Membership
from cluster.mysqld import mysqld_log
from cluster.nodes import Nodes
from cluster.operations.start import start_node
from cluster.platform.platform import Pod
from cluster.status.agreement import in_agreement
from cluster.wait import wait_until

#: Longer than two tries to start Group Replication, each of which takes up to a minute to fail.
JOIN_TIMEOUT_S = 150.0


def bring_up(nodes: Nodes, membership: Membership) -> None:
    """Start all pods at once and return when every one is in service; raises ConfigurationError or HarnessError.

    A member is ONLINE up to a second before its START GROUP_REPLICATION returns, so nobody waits for the statement:
    what counts is what the pods say of themselves.
    """
    first, *others = nodes.pods.values()
    joining: list[Future[None]] = []

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

    def lead() -> None:
        start_node(nodes, first)
        join(first)
        wait_until(
            f"{first.name} leads", lambda: in_service([first]), timeout_s=JOIN_TIMEOUT_S, now=membership.disagreement
        )

    def follow(pod: Pod) -> None:
        start_node(nodes, pod)
        leader.result()
        join(pod)

    with ThreadPoolExecutor(max_workers=len(nodes.pods), thread_name_prefix="boot") as pool:
        leader = pool.submit(lead)
        for one in [leader, *(pool.submit(follow, pod) for pod in others)]:
            one.result()
    everybody = nodes.pods.values()
    wait_until(
        "every pod is in service", lambda: in_service(everybody), timeout_s=JOIN_TIMEOUT_S, now=membership.disagreement
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
