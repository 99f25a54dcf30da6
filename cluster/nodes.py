"""The nodes of a run: their pods, the network that they share, and the pods of others in it; asked and connected to one
by one.

How a node starts is `cluster.operations.start`, how they replicate together `cluster.membership`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from cluster.mysqld import mysqld
from cluster.operations.boot_steps import BootSteps
from cluster.platform.network import RunNetwork
from cluster.platform.platform import Platform, Pod
from cluster.status.poller import UNREACHABLE, Poller
from cluster.status.status import Status
from cluster.topology import Topology


class Nodes:
    """Pods ``node1`` … ``nodeN`` and the network of the run.

    pods, hosts: the nodes of now, by name. departed: those that will not come back, killed for good or removed; their
    logs stay. guests: pods of other rooms (`cluster.guests`). steps: what was done to them all, and when.
    """

    def __init__(self, topology: Topology, *, platform: Platform, run_id: str, spare_pods: int = 0) -> None:
        """platform: where its pods run. spare_pods: how many may be added while it runs."""
        self.platform = platform
        self.topology = replace(topology, default_image=platform.image("mysql"))
        self.run_id = run_id
        self._spare_pods = spare_pods
        self.group_name = uuid.uuid4()
        self.credentials = mysqld.Credentials()
        self.pods: dict[str, Pod] = {}
        self.network: RunNetwork
        self.hosts: dict[str, str] = {}
        self.departed: dict[str, Pod] = {}
        self.guests: dict[str, Pod] = {}
        self.steps = BootSteps()

    def open_network(self) -> None:
        """Create the run's network and settle every pod's name and address: others may then start beside the pods."""
        with self.steps.step("network"):
            self.network = self.platform.open_network(self.run_id)
        names = [f"node{index + 1}" for index in range(self.topology.pods)]
        self.hosts |= {name: self.network.address("node", index) for index, name in enumerate(names)}
        self.pods |= {
            name: self.platform.pod(run_id=self.run_id, name=name, address=self.hosts[name], steps=self.steps)
            for name in names
        }

    @property
    def expected_hosts(self) -> dict[str, str]:
        """Name and address of every pod that this cluster may have in its life, those to be added later included."""
        count = self.topology.pods + self._spare_pods
        return {name: address for name, address in self.network.node_names.items() if number(name) <= count}

    def connect(self, pod: str, *, timeout_s: float = 10, database: str | None = None) -> Any:
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


def number(name: str) -> int:
    """7 for ``node7``."""
    return int(name.removeprefix("node"))
