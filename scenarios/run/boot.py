"""From nothing to a system that takes writes: pods, control plane, then the proxies in front of them.

What `meshbench run`, `meshbench up` and the benchmark of deployment have in common. Removes nothing when it fails: that
is for whoever chose the run's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pymysql

from cluster.cluster import Cluster
from cluster.mysqld import mysqld
from cluster.topologies.replication import CanPromote
from cluster.wait import wait_until
from control.client import ControlHandle
from mesh.modes.create import create_mesh
from mesh.spec import Address, Mesh, MeshSpec

FIRST_WRITE_TIMEOUT_S = 60.0


def boot(cluster: Cluster, spec: MeshSpec, *, down_after_s: float) -> Mesh:
    """Start everything; returns the mesh, started. Raises ConfigurationError or HarnessError.

    down_after_s: how long a primary may be silent before the control plane suspects it.
    """
    cluster.open_network()
    control = ControlHandle(cluster, down_after_s=down_after_s)
    if isinstance(cluster.topology.replication, CanPromote):  # one hand at a time: both know how to make a pod follow
        cluster.start()
        control.start()
    else:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="pods") as pool:
            pods = pool.submit(cluster.start)
            control.start()
            pods.result()
    cluster.steering = control
    cluster.quarantined = lambda: _quarantined(control)
    mesh = create_mesh(spec, cluster)
    mesh.start()
    cluster.attend_newcomer = mesh.attend_node
    return mesh


def entrance(cluster: Cluster, mesh: Mesh) -> Address:
    """Where the host's own sessions come in: through the mesh, or where there is none, at the primary."""
    addresses = mesh.entrance
    return addresses[0] if len(addresses) == 1 else (cluster.hosts[cluster.primary()], mysqld.PORT)


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

    wait_until("a write succeeds", write, timeout_s=FIRST_WRITE_TIMEOUT_S, tolerate=pymysql.MySQLError)


def _quarantined(control: ControlHandle) -> Mapping[str, str]:
    try:
        return control.assignment().quarantined
    except (OSError, HTTPException, ValueError):  # a control plane that is down keeps nobody out
        return {}
