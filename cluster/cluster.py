"""A running cluster: MySQL pods in one network, replicating as the topology says, and what stands around them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cluster.bring_up import NO_GUESTS, Guests, bring_up
from cluster.control_plane import ControlPlane, NoControlPlane
from cluster.front import Front, NoFront
from cluster.membership import Membership
from cluster.nodes import Nodes
from cluster.platform.network import RunNetwork
from cluster.platform.platform import Platform, Pod
from cluster.status.status import Status
from cluster.topology import Topology


class Cluster:
    """Five verbs: ``start``, ``stop``, ``connect``, ``status``, and ``nodes``, which are what starts and is asked.

    control, front: the control plane and the mesh that will stand around the nodes; they are started by their own
    rooms, once the network is there. membership: who leads and who follows. pods, hosts, departed, guests: as of
    `Nodes`. clones_begun_ns: when pods that were added began to copy their data (CLOCK_MONOTONIC), oldest first.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        platform: Platform,
        run_id: str,
        spare_pods: int = 0,
        control: ControlPlane | None = None,
        front: Front | None = None,
    ) -> None:
        """platform: where its pods run. spare_pods: how many may be added while it runs."""
        self.platform, self.run_id = platform, run_id
        self.nodes = Nodes(topology, platform=platform, run_id=run_id, spare_pods=spare_pods)
        self.topology, self.credentials = self.nodes.topology, self.nodes.credentials
        self.pods, self.hosts = self.nodes.pods, self.nodes.hosts
        self.departed, self.guests = self.nodes.departed, self.nodes.guests
        self.control: ControlPlane = control or NoControlPlane()
        self.front: Front = front or NoFront()
        self.membership = Membership(self.nodes, self.control)
        self.clones_begun_ns: list[int] = []

    @property
    def network(self) -> RunNetwork:
        """There is one once it was opened."""
        return self.nodes.network

    def start(self, *, guests: Guests = NO_GUESTS) -> None:
        """Start all pods at once and return when every one serves; raises ConfigurationError or HarnessError.

        guests: what else is to start.
        """
        if not self.pods:
            self.nodes.open_network()
        bring_up(self.nodes, self.membership, guests=guests)

    def stop(self) -> list[str]:
        """Remove everything of the run, its network too; returns what was removed, such as ``container node1``."""
        return self.platform.remove(self.run_id)

    def connect(self, pod: str, *, timeout_s: float = 10, database: str | None = None) -> Any:
        """A connection as root to one node, bypassing every proxy."""
        return self.nodes.connect(pod, timeout_s=timeout_s, database=database)

    def status(self, pods: Collection[Pod] = ()) -> dict[str, Status | None]:
        """The status of these pods (none given: of all) now, None where one does not answer within a second."""
        return self.nodes.status(pods)
