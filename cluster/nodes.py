"""The nodes of a run: their pods and the network that they share, started, asked and connected to one by one.

How they replicate together is `cluster.membership`; removing them is the business of `ownership.remove`, which needs no
cluster to still make sense.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pymysql

from cluster.agent import agent as role_agent
from cluster.agent.assignment import CONTROL_PORT
from cluster.errors import HarnessError
from cluster.joining import told_in_a_line
from cluster.mysqld import mysqld, mysqld_log, requested
from cluster.platform import reach
from cluster.platform.network import RunNetwork
from cluster.platform.platform import Platform, Pod, last_words
from cluster.status.poller import UNREACHABLE, Poller
from cluster.status.status import Status
from cluster.topologies.replication import Node
from cluster.topology import Topology
from cluster.wait import wait_until

BOOT_TIMEOUT_S = 120.0
#: For what fills the volume of an extra.
EXTRA_TIMEOUT_S = 60.0


class Nodes:
    """Pods ``node1`` … ``nodeN`` and the network of the run, which other rooms add their own pods to."""

    def __init__(self, topology: Topology, *, platform: Platform, run_id: str, spare_pods: int = 0) -> None:
        """platform: where its pods run. spare_pods: how many may be added while it runs."""
        self.platform = platform
        self.topology = replace(topology, default_image=platform.image("mysql"))
        self.run_id = run_id
        self._spare_pods = spare_pods
        self._group_name = uuid.uuid4()
        self.credentials = mysqld.Credentials()
        self.pods: dict[str, Pod] = {}
        self.network: RunNetwork
        self.hosts: dict[str, str] = {}
        #: Pods that were of the cluster and will not come back: killed for good, or removed. Their logs stay.
        self.departed: dict[str, Pod] = {}
        self.guests: dict[str, Pod] = {}

    def open_network(self) -> None:
        """Create the run's network and settle every pod's name and address: others may then start beside the pods."""
        self.network = self.platform.open_network(self.run_id)
        names = [f"node{index + 1}" for index in range(self.topology.pods)]
        self.hosts = {name: self.network.address("node", index) for index, name in enumerate(names)}
        self.pods = {name: self.pod(name, self.hosts[name]) for name in names}

    @property
    def expected_hosts(self) -> dict[str, str]:
        """Name and address of every pod that this cluster may have in its life, those to be added later included."""
        count = self.topology.pods + self._spare_pods
        return {name: address for name, address in self.network.node_names.items() if _number(name) <= count}

    def start_pod(self, pod: Pod, *, volumes: Mapping[str, str] | None = None, agent: bool = True) -> None:
        """Start a pod's containers and return when its mysqld is set up, of no group and with no source yet.

        volumes: of mysqld's container, as for `Pod.add`. agent: whether its role agent starts at once.
        """
        replication, extras = self.topology.replication, self.topology.extras
        own = replication.options(self.facts(pod))
        file = mysqld.user_file(self.topology, own=own)
        pod.open_namespace(self.network, self.network.node_names)
        volumes = {**(volumes or {}), **self._volumes_of_extras(pod)}
        pod.add(
            "mysqld",
            self.topology.image or self.platform.image("mysql"),
            mysqld.command(self.topology, index=_number(pod.name) - 1, name=pod.name, own=own),
            env={"MYSQL_ROOT_PASSWORD": self.credentials.root, "MYSQL_ROOT_HOST": "%"},
            files={mysqld.USER_CNF: file} if file else None,
            volumes=volumes,
            before="\n".join(extra.before for extra in extras),
            capabilities=[word for extra in extras for word in extra.capabilities],
            devices=[rule for extra in extras for rule in extra.devices],
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
            replication.prepare(connection, self.facts(pod))

    def _volumes_of_extras(self, pod: Pod) -> dict[str, str]:
        """The volumes that a pod's extras have, filled: name -> where. Raises HarnessError."""
        volumes: dict[str, str] = {}
        for extra in (extra for extra in self.topology.extras if extra.volume):
            mounted = {f"meshbench-{self.run_id}-{pod.name}-{extra.name}": extra.volume}
            volumes |= mounted
            maker = pod.add(extra.name, self.platform.image("base"), ["bash", "-c", extra.made_by], volumes=mounted)
            if maker.wait(timeout_s=EXTRA_TIMEOUT_S) != 0:
                raise HarnessError(f"{pod.name} could not be given its {extra.name}: {last_words(maker)}")
        return volumes

    def start_agent(self, pod: Pod) -> None:
        """Start a pod's role agent, which from then on fences its mysqld unless that is meant to lead."""
        pod.add(
            "agent",
            self.platform.image("tools"),
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

    def facts(self, pod: Pod) -> Node:
        """What the replication of a pod must know of it and of the others."""
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
        """A connection as root to one node, bypassing every proxy."""
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

    def forget(self, pod: Pod) -> None:
        """Count a pod no more: nobody waits for it, and nothing is expected of it at the end."""
        self.departed[pod.name] = pod
        self.pods.pop(pod.name, None)
        self.hosts.pop(pod.name, None)

    def pod(self, name: str, address: str) -> Pod:
        """A pod of this run, of which nothing runs yet."""
        return self.platform.pod(run_id=self.run_id, name=name, address=address)

    def extra_pod(self, name: str, address: str) -> Pod:
        """A pod of another room (proxy, load) in this run's network, its namespace started; kept in ``guests``."""
        pod = self.pod(name, address)
        pod.open_namespace(self.network, self.network.node_names)
        self.guests[name] = pod
        return pod

    def bare_pod(self, name: str) -> Pod:
        """The same without a namespace, for a container in the host's own network."""
        self.guests[name] = self.pod(name, "")
        return self.guests[name]


def _number(name: str) -> int:
    """7 for ``node7``."""
    return int(name.removeprefix("node"))
