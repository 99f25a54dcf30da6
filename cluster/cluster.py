"""A running cluster: MySQL pods in one network, replicating as the topology says.

Five things can be asked of it: start, its status, a connection to a pod, to bring a pod back, and to wait until all
pods agree. Removing it is the business of `labels.remove`, which needs no cluster to still make sense.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import pymysql

from cluster import group, images, mysqld, replication
from cluster.assignment import CONTROL_PORT
from cluster.network import RunNetwork, create_network
from cluster.pod import Pod
from cluster.poller import UNREACHABLE, Poller
from cluster.proxies import Admin
from cluster.status import Status, in_agreement
from cluster.topology import Topology
from cluster.wait import WaitTimeoutError, wait_until

log = logging.getLogger("meshbench")

BOOT_TIMEOUT_S = 120.0
#: A member that still is not online after this long gets what an operator would do: leave and join again.
NUDGE_AFTER_S = 30.0


class Cluster:
    """Pods ``node1`` … ``nodeN`` and the network of the run, which other rooms add their own pods to."""

    def __init__(self, topology: Topology, *, run_id: str) -> None:
        self.topology = topology
        self.run_id = run_id
        self.credentials = mysqld.Credentials()
        self.pods: dict[str, Pod] = {}
        self.network: RunNetwork
        self.hosts: dict[str, str] = {}
        self.assisted_rejoins: list[str] = []
        self.guests: dict[str, Pod] = {}
        #: Pods that the control plane keeps out of service, once there is one: pod -> why.
        self.quarantined: Callable[[], Mapping[str, str]] = dict

    def start(self) -> None:
        """Start all pods at once and return when every one serves; raises ConfigurationError or HarnessError."""
        self.network = create_network(self.run_id)
        names = [f"node{index + 1}" for index in range(self.topology.pods)]
        self.hosts = {name: self.network.address("node", index) for index, name in enumerate(names)}
        self.pods = {name: Pod(run_id=self.run_id, name=name, address=self.hosts[name]) for name in names}
        self._bring_up(uuid.uuid4())

    def _bring_up(self, group_name: uuid.UUID) -> None:
        """All pods at once; the first leads as soon as it can, and the others follow from then on.

        A member is ONLINE up to a second before its START GROUP_REPLICATION returns, so nobody waits for the statement:
        what counts is what the pods say of themselves.
        """
        first, *others = self.pods.values()
        statements = ThreadPoolExecutor(max_workers=len(self.pods), thread_name_prefix="join")
        joining: list[Future[None]] = []

        def join(pod: Pod) -> None:
            joining.append(statements.submit(self._join, pod, first=pod is first))

        def in_service(pods: Collection[Pod]) -> bool:
            for one in joining:
                if one.done():
                    one.result()  # raises what its statement raised
            statuses = self.status(pods)
            return all(in_agreement(pod.name, statuses) for pod in pods)

        def lead() -> None:
            self._start_pod(first, group_name)
            join(first)
            wait_until(f"{first.name} leads", lambda: in_service([first]), timeout_s=BOOT_TIMEOUT_S)

        def follow(pod: Pod) -> None:
            self._start_pod(pod, group_name)
            leader.result()
            join(pod)

        try:
            with ThreadPoolExecutor(max_workers=len(self.pods), thread_name_prefix="boot") as pool:
                leader = pool.submit(lead)
                for one in [leader, *(pool.submit(follow, pod) for pod in others)]:
                    one.result()
            everybody = self.pods.values()
            wait_until("every pod is in service", lambda: in_service(everybody), timeout_s=BOOT_TIMEOUT_S)
        finally:
            statements.shutdown(wait=False, cancel_futures=True)

    def _start_pod(self, pod: Pod, group_name: uuid.UUID) -> None:
        index = list(self.pods).index(pod.name)
        own: list[str] = []
        if self.topology.group:
            own = group.options(
                group_name=group_name,
                address=pod.address,
                seeds=list(self.hosts.values()),
                subnet=str(self.network.subnet),
                kind=self.topology.kind,
            )
        elif self.topology.source_replica:
            own = replication.options(self.topology.kind)
        cnf = self.topology.my_cnf
        pod.start_pause(self.network, self.network.node_names)
        pod.add(
            "mysqld",
            self.topology.image or images.image("mysql").tag,
            mysqld.command(self.topology, index=index, name=pod.name, own=own),
            env={"MYSQL_ROOT_PASSWORD": self.credentials.root, "MYSQL_ROOT_HOST": "%"},
            files={mysqld.USER_CNF: cnf.read_bytes()} if cnf else None,
        )
        pod.add(
            "agent",
            images.image("tools").tag,
            ["python3", "-m", "cluster.agent"],
            env={
                "MESHBENCH_USER": "meshbench_watch",
                "MESHBENCH_PASSWORD": self.credentials.watch,
                "MESHBENCH_KIND": self.topology.kind,
                "MESHBENCH_CONTROL": f"{self.network.address('control')}:{CONTROL_PORT}",
            },
        )
        self._wait_for_login(pod)
        with self.connection(pod.name) as connection:
            mysqld.create_users(connection, self.credentials)
            if self.topology.group:
                group.prepare(connection, self.credentials)
            elif self.topology.source_replica:
                replication.prepare(connection)

    def _wait_for_login(self, pod: Pod) -> None:
        def login() -> bool:
            mysqld.refuse_exited(pod)
            with self.connection(pod.name, timeout_s=2):
                return True

        wait_until(f"{pod.name} accepts logins", login, timeout_s=BOOT_TIMEOUT_S, tolerate=pymysql.MySQLError)

    def _join(self, pod: Pod, *, first: bool) -> None:
        """Give the pod its first part: the first one leads, the others follow it."""
        kind = self.topology.kind
        with self.connection(pod.name, timeout_s=BOOT_TIMEOUT_S) as connection:
            if self.topology.group:
                group.join(connection, bootstrap=first)
            elif self.topology.source_replica and first:
                replication.open_for_writes(connection, kind=kind)
            elif self.topology.source_replica:
                replication.follow(connection, source="node1", password=self.credentials.repl)

    def connection(self, pod: str, *, timeout_s: float = 10, database: str | None = None) -> Any:
        """A connection as root to one pod, around every proxy."""
        return mysqld.connect(
            self.hosts[pod], user="root", password=self.credentials.root, timeout_s=timeout_s, database=database
        )

    def status(self, pods: Collection[Pod] = ()) -> dict[str, Status | None]:
        """The status of these pods (none given: of all) now, None where one does not answer within a second."""
        asked = list(pods or self.pods.values())

        def sample(pod: Pod) -> Status | None:
            poller = Poller(
                host=pod.address,
                user="root",
                password=self.credentials.root,
                kind=self.topology.kind,
                timeout_s=1.0,
            )
            try:
                return poller.sample()
            except UNREACHABLE:
                return None
            finally:
                poller.close()

        with ThreadPoolExecutor(max_workers=len(asked)) as pool:
            return dict(zip((pod.name for pod in asked), pool.map(sample, asked), strict=True))

    def primary(self, *, timeout_s: float = 30) -> str:
        """The pod that takes writes now, as a majority of pods sees it; waits for an election that is under way."""
        return wait_until("one pod is a writable primary", self._writable, timeout_s=timeout_s)

    def _writable(self) -> str | None:
        statuses = self.status()
        writable = [name for name, status in statuses.items() if status and status.writable]
        return next((name for name in writable if in_agreement(name, statuses)), None)

    def bring_back(self, pod: str, *, timeout_s: float) -> None:
        """Wait until a healed pod is in service again; where its own attempts fail, restart its membership.

        Such help is noted in ``assisted_rejoins``: an operator would have been called.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            patience_s = max(0.0, min(NUDGE_AFTER_S, deadline - time.monotonic()))
            try:
                wait_until(f"{pod} is in service", lambda: self._in_service(pod), timeout_s=patience_s, poll_s=0.2)
                return
            except WaitTimeoutError:
                if time.monotonic() >= deadline:
                    raise
            self._nudge(pod)

    def _in_service(self, pod: str) -> bool:
        return in_agreement(pod, self.status())

    def _nudge(self, pod: str) -> None:
        """Restart the membership of a member that gave up; one that is busy recovering is left alone."""
        status = self.status()[pod]
        if not self.topology.group or status is None or status.state not in ("ERROR", "OFFLINE"):
            return
        log.info("%s is %s: restarting its group membership", pod, status.state)
        self.assisted_rejoins.append(pod)
        try:
            with self.connection(pod, timeout_s=60) as connection:
                group.restart_membership(connection, bootstrap=self.topology.pods == 1)
        except pymysql.MySQLError as error:
            log.info("%s: %s", pod, error)

    def wait_converged(self, *, timeout_s: float) -> bool:
        """Wait until every pod that is not quarantined is in service with the same executed transactions; False when
        time runs out."""
        try:
            wait_until("all pods agree", self._converged, timeout_s=timeout_s, poll_s=0.2)
        except WaitTimeoutError as error:
            log.info("%s", error)
            return False
        return True

    def _converged(self) -> bool:
        aside = self.quarantined()
        statuses = {name: one for name, one in self.status().items() if name not in aside}
        executed = {one.gtid_executed for one in statuses.values() if one}
        return len(executed) == 1 and all(in_agreement(name, statuses) for name in statuses)

    def start_observer(self, proxies: Mapping[str, Admin]) -> Pod:
        """Start the observer pod. proxies: name -> where its admin interface is."""
        plan = {
            "user": "meshbench_watch",
            "password": self.credentials.watch,
            "kind": self.topology.kind,
            "pods": self.hosts,
            "proxies": {name: asdict(admin) for name, admin in proxies.items()},
        }
        pod = self.extra_pod("observer", self.network.address("observer"))
        pod.add(
            "observer",
            images.image("tools").tag,
            ["python3", "-m", "cluster.observer"],
            env={"MESHBENCH_OBSERVE": json.dumps(plan)},
        )
        return pod

    def extra_pod(self, name: str, address: str) -> Pod:
        """A pod of another room (proxy, load) in this run's network, its namespace started; kept in ``guests``."""
        pod = Pod(run_id=self.run_id, name=name, address=address)
        pod.start_pause(self.network, self.network.node_names)
        self.guests[name] = pod
        return pod
