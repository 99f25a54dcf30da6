"""A running cluster: MySQL pods in one network, replicating as the topology says.

Five things can be asked of it: start, its status, a connection to a pod, to bring a pod back, and to wait until all
pods agree. Removing it is the business of `ownership.remove`, which needs no cluster to still make sense.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

import pymysql

from cluster.agent import agent as role_agent
from cluster.agent.assignment import CONTROL_PORT
from cluster.bring_up import BOOT_TIMEOUT_S, bring_up
from cluster.control_plane import Steering
from cluster.joining import told_in_a_line
from cluster.mysqld import mysqld, mysqld_log, requested
from cluster.operations.quorum_loss import Rescuer
from cluster.platform import images, reach
from cluster.platform.docker_network import create_network
from cluster.platform.docker_pod import DockerPod
from cluster.platform.network import RunNetwork
from cluster.platform.platform import Pod
from cluster.prospects import Prospects
from cluster.status.agreement import in_agreement
from cluster.status.poller import UNREACHABLE, Poller
from cluster.status.status import Status, stopped_by
from cluster.topologies.replication import CanForceQuorum, Node
from cluster.topology import Topology
from cluster.wait import WaitTimeoutError, wait_until

log = logging.getLogger("meshbench")

#: A member that still is not online after this long gets what an operator would do: leave and join again.
NUDGE_AFTER_S = 30.0
#: Of a server, in a GTID set; its first group is enough for people to tell it from another.
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22}")


class Cluster:
    """Pods ``node1`` … ``nodeN`` and the network of the run, which other rooms add their own pods to."""

    def __init__(self, topology: Topology, *, run_id: str, spare_pods: int = 0) -> None:
        """spare_pods: how many pods may be added while it runs."""
        self.topology = topology
        self.run_id = run_id
        self._spare_pods = spare_pods
        self._group_name = uuid.uuid4()
        self._rescuer = Rescuer(self)
        self.credentials = mysqld.Credentials()
        self.pods: dict[str, Pod] = {}
        self.network: RunNetwork
        self.hosts: dict[str, str] = {}
        #: Pods that were of the cluster and will not come back: killed for good, or removed. Their logs stay.
        self.departed: dict[str, Pod] = {}
        self.assisted_rejoins: list[str] = []
        self.guests: dict[str, Pod] = {}
        #: The admin interface of each proxy, by its name, once the observer looks at them.
        #: Asks a proxy, by its name, for its endpoints: pool -> pod -> at least ``{"healthy": bool}``. Raises OSError,
        #: ValueError or KeyError without a usable answer.
        self.proxies: dict[str, Callable[[], Mapping[str, Mapping[str, Mapping[str, Any]]]]] = {}
        #: When pods that were added began to copy their data (CLOCK_MONOTONIC ns), oldest first.
        self.clones_begun_ns: list[int] = []
        #: The control plane, once there is one.
        self.steering: Steering | None = None
        #: Puts into a MySQL pod that is added later what the mesh needs there, once there is a mesh.
        self.attend_newcomer: Callable[[Pod], None] = lambda _: None
        #: Pods that the control plane keeps out of service, once there is one: pod -> why.
        self.quarantined: Callable[[], Mapping[str, str]] = dict

    def open_network(self) -> None:
        """Create the run's network and settle every pod's name and address: others may then start beside the pods."""
        self.network = create_network(self.run_id)
        names = [f"node{index + 1}" for index in range(self.topology.pods)]
        self.hosts = {name: self.network.address("node", index) for index, name in enumerate(names)}
        self.pods = {name: DockerPod(run_id=self.run_id, name=name, address=self.hosts[name]) for name in names}

    def start(self) -> None:
        """Start all pods at once and return when every one serves; raises ConfigurationError or HarnessError."""
        if not self.pods:
            self.open_network()
        bring_up(self)

    @property
    def expected_hosts(self) -> dict[str, str]:
        """Name and address of every pod that this cluster may have in its life, those to be added later included."""
        count = self.topology.pods + self._spare_pods
        return {name: address for name, address in self.network.node_names.items() if _number(name) <= count}

    def start_pod(self, pod: Pod, *, volumes: Mapping[str, str] | None = None, agent: bool = True) -> None:
        """Start a pod's containers and return when its mysqld is set up, of no group and with no source yet.

        volumes: of mysqld's container, as for `Pod.add`. agent: whether its role agent starts at once.
        """
        replication = self.topology.replication
        own = replication.options(self._node(pod))
        file = mysqld.user_file(self.topology, own=own)
        pod.open_namespace(self.network, self.network.node_names)
        pod.add(
            "mysqld",
            self.topology.image or images.image("mysql").tag,
            mysqld.command(self.topology, index=_number(pod.name) - 1, name=pod.name, own=own),
            env={"MYSQL_ROOT_PASSWORD": self.credentials.root, "MYSQL_ROOT_HOST": "%"},
            files={mysqld.USER_CNF: file} if file else None,
            volumes=volumes,
        )
        if agent:
            self.start_agent(pod)
            reach.require(pod, "agent", port=role_agent.PORT)
        self.wait_for_login(pod)
        refused = told_in_a_line(f"{pod.name} could not be set up", pod, self.topology)
        with refused, self.connection(pod.name) as connection:
            loaded = [*own, *requested.plugin_arguments(self.topology)]
            mysqld_log.refuse_without_plugins(connection, pod, self.topology, arguments=loaded)
            mysqld.create_users(connection, self.credentials, replication_privileges=replication.replication_privileges)
            replication.prepare(connection, self._node(pod))

    def start_agent(self, pod: Pod) -> None:
        """Start a pod's role agent, which from then on fences its mysqld unless that is meant to lead."""
        pod.add(
            "agent",
            images.image("tools").tag,
            ["python3", "-m", "cluster.agent.agent"],
            env={
                "MESHBENCH_USER": "meshbench_watch",
                "MESHBENCH_PASSWORD": self.credentials.watch,
                "MESHBENCH_KIND": self.topology.kind,
                "MESHBENCH_CONTROL": f"{self.network.address('control')}:{CONTROL_PORT}",
            },
        )

    def wait_for_login(self, pod: Pod) -> None:
        """Wait until a pod's mysqld takes logins; raises ConfigurationError when it has ended, or never will."""

        def login() -> bool:
            with self.connection(pod.name, timeout_s=2):
                return True

        probe = mysqld_log.login_probe(pod, self.topology, login)
        wait_until(f"{pod.name} accepts logins", probe, timeout_s=BOOT_TIMEOUT_S, tolerate=pymysql.MySQLError)

    def join(self, pod: Pod, *, first: bool = False) -> None:
        """Give a pod that replicates with nobody its part: the first one leads, others follow whoever leads."""
        with self.connection(pod.name, timeout_s=BOOT_TIMEOUT_S) as connection:
            self.topology.replication.join(connection, self._node(pod), first=first, primary=self.primary)

    def _node(self, pod: Pod) -> Node:
        return Node(
            address=pod.address,
            seeds=list(self.hosts.values()),
            subnet=str(self.network.subnet),
            group_name=str(self._group_name),
            members=len(self.pods),
            expected=len(self.expected_hosts),
            password=self.credentials.repl,
        )

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
                replication=self.topology.replication,
                timeout_s=1.0,
            )
            try:
                return poller.sample()
            except UNREACHABLE:
                return None
            finally:
                poller.close()

        with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:  # none is left where all were killed for good
            return dict(zip((pod.name for pod in asked), pool.map(sample, asked), strict=True))

    def primary(self, *, timeout_s: float = 30) -> str:
        """The pod that takes writes now, as a majority of pods sees it; waits for an election that is under way."""
        return wait_until("one pod is a writable primary", self._writable, timeout_s=timeout_s)

    def _writable(self) -> str | None:
        statuses = self.status()
        writable = [name for name, status in statuses.items() if status and status.writable]
        return next((name for name in writable if in_agreement(name, statuses)), None)

    def bring_back(self, pod: str, *, timeout_s: float, given_up: Callable[[], bool] = lambda: False) -> None:
        """Wait until a healed pod is in service again, or in quarantine; help where a group cannot help itself.

        given_up: whether nobody wants to know any more, after an interruption.

        Such help is noted in ``assisted_rejoins``: an operator would have been called. Without a group, to bring a pod
        back is the control plane's business.
        """
        nudge_at_s = time.monotonic() + NUDGE_AFTER_S
        prospects = Prospects(f"{pod} is in service", self._decisions)
        replication = self.topology.replication

        def back() -> bool:
            nonlocal nudge_at_s
            if given_up():
                return True
            statuses = self.status()
            if in_agreement(pod, statuses) or pod in self.quarantined():
                return True
            prospects.look(statuses)
            if isinstance(replication, CanForceQuorum):
                self._rescuer.look(statuses)
                if time.monotonic() > nudge_at_s:
                    self._rejoin_member(pod, replication)
                    nudge_at_s = time.monotonic() + NUDGE_AFTER_S
            return False

        wait_until(f"{pod} is in service", back, timeout_s=timeout_s, poll_s=0.2, now=self.disagreement)

    def _decisions(self) -> list[dict[str, Any]]:
        """Of the control plane, oldest first; none where there is none, or it is silent."""
        try:
            return [] if self.steering is None else self.steering.decisions_since(0, wait_s=0)
        except (OSError, HTTPException, ValueError):  # whatever half an answer may be
            return []

    def in_service(self, pod: str) -> bool:
        """Whether a pod serves and a majority sees it as the pod itself does."""
        return in_agreement(pod, self.status())

    def has_executed(self, pod: str, gtid_set: str) -> bool:
        """Whether a pod has executed all of a GTID set; raises pymysql.MySQLError when it cannot be asked."""
        with self.connection(pod) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT GTID_SUBSET(%s, @@global.gtid_executed)", (gtid_set,))
            return bool(cursor.fetchone()[0])

    def forget(self, pod: Pod) -> None:
        """Count a pod no more: nobody waits for it, and nothing is expected of it at the end."""
        self.departed[pod.name] = pod
        self.pods.pop(pod.name, None)
        self.hosts.pop(pod.name, None)

    def _rejoin_member(self, pod: str, replication: CanForceQuorum) -> None:
        """Restart the membership of a member that gave up; one that is busy recovering is left alone."""
        status = self.status()[pod]
        if status is None or status.state not in ("ERROR", "OFFLINE"):
            return
        log.info("%s is %s: restarting its group membership", pod, status.state)
        self.assisted_rejoins.append(pod)
        try:
            with self.connection(pod, timeout_s=60) as connection:
                replication.restart_membership(connection)
        except pymysql.MySQLError as error:
            log.info("%s: %s", pod, error)

    def wait_converged(self, *, timeout_s: float) -> bool:
        """Wait until every pod that is not quarantined is in service with the same executed transactions; False when
        time runs out, or when that cannot come any more."""
        prospects = Prospects("all pods agree", self._decisions)

        def converged() -> bool:
            statuses = self.status()
            if self._agree(statuses):
                return True
            prospects.look(statuses)
            return False

        try:
            wait_until("all pods agree", converged, timeout_s=timeout_s, poll_s=0.2, now=self.disagreement)
        except WaitTimeoutError as error:
            log.info("%s", error)
            return False
        return True

    def disagreement(self) -> str:
        """What every pod says of itself, such as ``node1 ONLINE as primary, executed …; node2 does not answer``, and
        with which error its replication has stopped."""
        statuses = self.status()
        return "; ".join(f"{name} {self._in_words(name, statuses.get(name))}" for name in self.pods)

    def _in_words(self, pod: str, status: Status | None) -> str:
        if status is None:
            return "does not answer"
        alone = "" if status.quorum else " without a majority"
        executed = _UUID.sub(r"\1…", status.gtid_executed or "nothing")
        told = f"{status.state or 'ONLINE'}{alone} as {status.role}, executed {executed}"
        if not status.in_service:
            try:
                with self.connection(pod, timeout_s=2) as connection:
                    errors = stopped_by(connection)
            except UNREACHABLE:
                errors = []
            told += "".join(f", stopped by {error}" for error in errors)
        return told

    def _agree(self, found: Mapping[str, Status | None]) -> bool:
        aside = self.quarantined()
        statuses = {name: one for name, one in found.items() if name not in aside}
        executed = {one.gtid_executed for one in statuses.values() if one}
        return len(executed) == 1 and all(in_agreement(name, statuses) for name in statuses)

    def extra_pod(self, name: str, address: str) -> Pod:
        """A pod of another room (proxy, load) in this run's network, its namespace started; kept in ``guests``."""
        pod = DockerPod(run_id=self.run_id, name=name, address=address)
        pod.open_namespace(self.network, self.network.node_names)
        self.guests[name] = pod
        return pod

    def bare_pod(self, name: str) -> Pod:
        """The same without a namespace, for a container in the host's own network."""
        self.guests[name] = DockerPod(run_id=self.run_id, name=name, address="")
        return self.guests[name]


def _number(name: str) -> int:
    """7 for ``node7``."""
    return int(name.removeprefix("node"))
