"""From nothing to a system that takes writes: pods, control plane, then the proxies in front of them.

What `meshbench run`, `meshbench up` and the benchmark of deployment have in common. Removes nothing when it fails: that
is for whoever chose the run's id.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pymysql

from cluster.bring_up import Guests
from cluster.cluster import Cluster
from cluster.mysqld import mysqld
from cluster.platform.platform import Platform
from cluster.topologies.replication import CanPromote
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle
from mesh.mesh import Mesh
from mesh.modes.create import create_mesh
from mesh.proxies.proxy import Address
from mesh.spec import MeshSpec

FIRST_WRITE_TIMEOUT_S = 60.0


def assemble(
    topology: Topology, spec: MeshSpec, *, platform: Platform, run_id: str, spare_pods: int = 0, down_after_s: float
) -> tuple[Cluster, Mesh]:
    """A cluster with its control plane and the mesh in front of it; nothing is started yet.

    platform: where its pods run. spare_pods: how many may be added while it runs. down_after_s: how long a primary
    may be silent before the control plane suspects it.
    """
    mesh, control = create_mesh(spec), ControlHandle(down_after_s=down_after_s)
    cluster = Cluster(topology, platform=platform, run_id=run_id, spare_pods=spare_pods, control=control, front=mesh)
    return cluster, mesh


def boot(cluster: Cluster, mesh: Mesh) -> None:
    """Start everything. Raises ConfigurationError or HarnessError."""
    cluster.nodes.open_network()

    def around() -> None:
        cluster.control.start(cluster.nodes)
        mesh.prepare(cluster)

    namespaces: list[Callable[[], object]] = [partial(cluster.control.open, cluster.nodes), *mesh.namespaces(cluster)]
    if isinstance(cluster.topology.replication, CanPromote):  # one hand at a time: both know how to make a pod follow
        cluster.start(guests=Guests(namespaces=namespaces))
        around()
    else:
        cluster.start(guests=Guests(namespaces=namespaces, start=around))
    mesh.start(cluster)


def entrance(cluster: Cluster, mesh: Mesh) -> Address:
    """Where the host's own sessions come in: through the mesh, or where there is none, at the primary."""
    addresses = mesh.entrance
    return addresses[0] if len(addresses) == 1 else (cluster.hosts[cluster.membership.primary()], mysqld.PORT)


def first_write(cluster: Cluster, mesh: Mesh) -> None:
    """Create the database where an application would, which proves the way there; raises HarnessError."""
    address, port = entrance(cluster, mesh)

    def write() -> bool:
        password = cluster.credentials.app
        with (
            mysqld.connect(address, port=port, user=mysqld.APPLICATION, password=password) as connection,
            connection.cursor() as cursor,
        ):
            mysqld.create_database(cursor)
        return True

    with cluster.nodes.steps.step("first write"):
        wait_until("a write succeeds", write, timeout_s=FIRST_WRITE_TIMEOUT_S, tolerate=pymysql.MySQLError)
