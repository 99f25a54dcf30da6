"""Elasticity: a pod more, a pod less, while the others serve.

A new pod gets its data by CLONE from a replica, replicates, and counts as a pod of the cluster once it has caught up.
A pod that leaves ends its replication first; its containers are stopped and stay until the run is removed, for their
logs. Neither tells the control plane: that is the caller's business (`chaos.changes.scale_out`,
`chaos.changes.scale_in`).
"""

from __future__ import annotations

import time

import pymysql

from cluster.cluster import Cluster
from cluster.errors import HarnessError, RefusedError
from cluster.extras import Extra
from cluster.joining import tried
from cluster.operations.start import start_agent, start_node, wait_for_login
from cluster.platform.platform import Pod
from cluster.topologies.clone import DATA_DIR
from cluster.topologies.replication import CanClone, CanForceQuorum
from cluster.wait import WaitTimeoutError, wait_until

#: Of nodes that are to be rebuilt in place.
OWN_VOLUME = Extra(name="data", probe="exit 0", otherwise="", before=":", volume=DATA_DIR, made_by="exit 0")
CLONE_TIMEOUT_S = 120.0
CATCH_UP_TIMEOUT_S = 120.0
#: For so long before SIGKILL: mysqld ends in order, agent and proxy have nothing to finish.
STOP_TIMEOUTS_S = {"mysqld": 10, "pause": 1}


def next_name(cluster: Cluster) -> str:
    """The name of the pod that would be added next; a name is never given twice, so that records stay clear."""
    ever = [int(name.removeprefix("node")) for name in (*cluster.pods, *cluster.departed)]
    return f"node{max(ever) + 1}"


def add_pod(cluster: Cluster, name: str) -> None:
    """Add the pod of this name; returns when it is in service with all that was executed when it joined.

    Raises RefusedError when MySQL refuses or it does not get there in time; what was started is then stopped.
    """
    address = cluster.nodes.expected_hosts.get(name)
    if address is None:
        raise HarnessError(f"{name} is not planned: this cluster expects {', '.join(cluster.nodes.expected_hosts)}")
    donor = _donor(cluster)
    pod = cluster.platform.pod(run_id=cluster.run_id, name=name, address=address, steps=cluster.nodes.steps)
    cluster.hosts[name] = address
    try:
        data = f"meshbench-{cluster.run_id}-{name}-data"
        # where another pod leads, an agent would fence this one before it has any users
        start_node(cluster.nodes, pod, volumes={data: DATA_DIR})
        _fetch_data(cluster, pod, donor)
        start_agent(cluster.nodes, pod)
        goal = _executed(cluster, cluster.membership.primary())
        cluster.membership.join(pod)
        cluster.front.attend_node(pod)
        cluster.pods[name] = pod
        wait_until(
            f"{name} is in service and caught up", lambda: _there(cluster, name, goal), timeout_s=CATCH_UP_TIMEOUT_S
        )
    except (pymysql.MySQLError, WaitTimeoutError) as error:
        _set_aside(cluster, pod)
        raise RefusedError(f"{name} could not be added: {error}") from error
    except BaseException:
        _set_aside(cluster, pod)
        raise


def rebuild_pod(cluster: Cluster, name: str) -> None:
    """Replace all data of a replica by that of another node, in place; returns when it is in service and caught up.

    Its data directory must be a volume (`OWN_VOLUME`). Raises RefusedError when MySQL refuses or it does not get there
    in time.
    """
    replication, pod = cluster.topology.replication, cluster.pods[name]
    donor = _donor(cluster, other_than=name)
    try:
        with cluster.connect(name, timeout_s=60) as connection:
            if isinstance(replication, CanForceQuorum):
                replication.disable_start_on_boot(connection)  # it is to join when it has its data, and not before
            replication.leave(connection)
        with cluster.connect(name) as connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL super_read_only = OFF")  # CLONE drops what is there; read_only stays as it is
        _fetch_data(cluster, pod, donor)
        goal = _executed(cluster, cluster.membership.primary())
        cluster.membership.join(pod)
        wait_until(
            f"{name} is in service and caught up", lambda: _there(cluster, name, goal), timeout_s=CATCH_UP_TIMEOUT_S
        )
    except (pymysql.MySQLError, WaitTimeoutError) as error:
        raise RefusedError(f"{name} could not be rebuilt: {' '.join(str(error).split())}") from error


def remove_pod(cluster: Cluster, name: str) -> None:
    """Take a pod out: it leaves its group or its source, then its containers stop. Raises RefusedError if it will not
    leave."""
    try:
        with cluster.connect(name, timeout_s=60) as connection:
            cluster.topology.replication.leave(connection)
    except pymysql.MySQLError as error:
        raise RefusedError(f"{name} could not be removed: {error}") from error
    _set_aside(cluster, cluster.pods[name])


def _set_aside(cluster: Cluster, pod: Pod) -> None:
    cluster.nodes.forget(pod)
    # agent first, so that no proxy asks it; the pause container, which holds the namespace, last
    for role in sorted(pod.containers, key=lambda role: (role != "agent", role != "mysqld", role == "pause")):
        pod.containers[role].kill(grace_s=STOP_TIMEOUTS_S.get(role, 0))


def _donor(cluster: Cluster, *, other_than: str = "") -> str:
    """A replica in service, which copying slows down instead of the primary; the primary where there is no other."""
    primary = cluster.membership.primary()
    aside = {primary, other_than, *cluster.membership.quarantined()}
    replicas = [name for name, one in cluster.status().items() if one and one.in_service and name not in aside]
    return min(replicas, default=primary)


def _fetch_data(cluster: Cluster, pod: Pod, donor: str) -> None:
    replication = cluster.topology.replication
    if not isinstance(replication, CanClone):
        raise HarnessError(f"topology {cluster.topology.kind} has no way to copy its data to a new pod")
    with cluster.connect(pod.name, timeout_s=CLONE_TIMEOUT_S) as connection:
        own_uuid = _uuid(connection)
        cluster.clones_begun_ns.append(time.monotonic_ns())
        tried(
            f"{pod.name} copies the data of {donor}",
            lambda: replication.fetch(connection, donor=cluster.hosts[donor], password=cluster.credentials.repl),
            passing=replication.clone_passing_errors,
        )
    container = pod.containers["mysqld"]
    wait_until(
        f"mysqld of {pod.name} ends with its clone",
        lambda: container.state().word == "exited",
        timeout_s=CLONE_TIMEOUT_S,
    )
    container.start()
    wait_for_login(cluster.nodes, pod)
    with cluster.connect(pod.name) as connection:
        if _uuid(connection) != own_uuid:
            raise HarnessError(
                f"{pod.name} has another server uuid after CLONE, so it would not be taken for a new pod"
            )
        replication.after_clone(connection)


def _uuid(connection: pymysql.Connection[pymysql.cursors.Cursor]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@server_uuid")
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def _executed(cluster: Cluster, name: str) -> str:
    status = cluster.status()[name]
    return status.gtid_executed if status else ""


def _there(cluster: Cluster, name: str, goal: str) -> bool:
    return cluster.membership.in_service(name) and cluster.membership.has_executed(name, goal)
