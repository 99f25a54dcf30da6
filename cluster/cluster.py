"""A running cluster: MySQL pods in one network, replicating as the topology says, and what stands around them."""

from __future__ import annotations

from cluster.bring_up import bring_up
from cluster.control_plane import ControlPlane, NoControlPlane
from cluster.front import Front, NoFront
from cluster.membership import Membership
from cluster.nodes import Nodes
from cluster.platform.platform import Platform
from cluster.topology import Topology


class Cluster(Nodes):
    """control, front: the control plane and the mesh that will stand around the nodes; they are started by their own
    rooms, once the network is there. clones_begun_ns: when pods that were added began to copy their data
    (CLOCK_MONOTONIC), oldest first."""

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
        super().__init__(topology, platform=platform, run_id=run_id, spare_pods=spare_pods)
        self.control: ControlPlane = control or NoControlPlane()
        self.front: Front = front or NoFront()
        self.membership = Membership(self, self.control)
        self.clones_begun_ns: list[int] = []

    def start(self) -> None:
        """Start all pods at once and return when every one serves; raises ConfigurationError or HarnessError."""
        if not self.pods:
            self.open_network()
        bring_up(self, self.membership)
