"""Sidecars on a real group, plain and with mutual TLS: routing, endpoint discovery, failover, what the wire shows."""

from __future__ import annotations

import json
import secrets
import socket
import struct
import urllib.request
from collections.abc import Callable, Collection
from typing import Any

import pymysql
import pytest

from cluster.cluster import Cluster
from cluster.guests import open_guest
from cluster.mysqld.mysqld import connect
from cluster.platform import images
from cluster.platform.docker_engine import client
from cluster.platform.ownership import labels
from cluster.platform.platform import CanFreeze, Pod
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle
from mesh import endpoints
from mesh.mesh import Mesh
from mesh.modes.create import create_mesh
from mesh.proxies import eds
from mesh.proxies.proxy import Address
from mesh.spec import mesh_spec

pytestmark = pytest.mark.engine

Capture = Callable[[Pod, Callable[[], object]], Any]
Ask = Callable[[Cluster, Pod, Address, str], tuple[int, str]]


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Cluster:
    started = cluster(Topology(kind="group", pods=3, config={"group_replication_member_expel_timeout": 0}))
    ControlHandle().start(started.nodes)
    return started


@pytest.fixture(scope="module")
def gateway(group: Cluster) -> Mesh:
    mesh = create_mesh(mesh_spec("gateway", "envoy"))
    mesh.start(group)
    return mesh


@pytest.fixture(scope="module")
def sidecar(group: Cluster) -> Mesh:
    mesh = create_mesh(mesh_spec("sidecar", "envoy"))
    mesh.start(group)
    # not among the addresses of load pods, which `mtls` on the same pods would redirect
    mesh.attend(open_guest(group.nodes, "plain", group.network.address("proxy", 1)))
    return mesh


@pytest.fixture(scope="module")
def mtls(group: Cluster) -> Mesh:
    mesh = create_mesh(mesh_spec("mtls", "envoy"))
    mesh.start(group)
    mesh.attend(open_guest(group.nodes, "load1", group.network.address("load")))
    return mesh


@pytest.fixture
def load(group: Cluster, mtls: Mesh) -> Pod:
    return group.guests["load1"]


def session(cluster: Cluster, address: Address) -> Any:
    return connect(address[0], port=address[1], user="root", password=cluster.credentials.root, timeout_s=5)


def writing(connection: Any) -> str:
    """Write, and say which pod took it."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE mark_{secrets.token_hex(6)}")
        cursor.execute("SELECT @@report_host")
        return str(cursor.fetchone()[0])


def written_by(cluster: Cluster, mesh: Mesh) -> str:
    with session(cluster, mesh.entrance[0]) as connection:
        return writing(connection)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def members(admin_url: str) -> dict[str, str]:
    """The write pool as Envoy has it: host name -> address."""
    clusters = json.loads(read(f"{admin_url}/clusters?format=json"))["cluster_statuses"]
    hosts = next(one["host_statuses"] for one in clusters if one["name"] == "write")
    return {one["hostname"]: one["address"]["socket_address"]["address"] for one in hosts}


def open_sessions(envoy: endpoints.Watch, pod: str) -> int:
    return int(envoy.endpoints()["write"][pod]["connections"])


def publish(cluster: Cluster, pool: str, *, pods: dict[str, str], serving: Collection[str]) -> None:
    """What the control plane does: write beside the file, then rename."""
    client().containers.run(
        images.image("base").tag,
        ["bash", "-c", f'printf %s "$DOCUMENT" > {eds.FOLDER}/new && mv {eds.FOLDER}/new {eds.file_of(pool)}'],
        environment={"DOCUMENT": json.dumps(eds.endpoints(pool, pods=pods, serving=serving))},
        volumes=[f"{eds.volume_name(cluster.run_id)}:{eds.FOLDER}"],
        labels=labels(cluster.run_id),
        remove=True,
    )


def test_writes_move_to_the_new_primary_when_the_old_one_is_killed(group: Cluster, sidecar: Mesh, mtls: Mesh) -> None:
    meshes = (sidecar, mtls)
    old = group.membership.primary()
    assert {written_by(group, mesh) for mesh in meshes} == {old}
    mysqld = group.pods[old].containers["mysqld"]
    mysqld.kill()
    try:
        for mesh in meshes:
            reached = wait_until(
                "writes are routed again",
                lambda mesh=mesh: written_by(group, mesh),  # type: ignore[misc]
                timeout_s=30,
                tolerate=pymysql.Error,
            )
            assert reached == group.membership.primary() != old
    finally:
        mysqld.start()
        group.membership.bring_back(old, timeout_s=60)


@pytest.mark.parametrize("mode", ["sidecar", "mtls"])
def test_a_published_unhealthy_pod_gets_no_new_session_and_keeps_the_old_ones(
    group: Cluster, request: pytest.FixtureRequest, mode: str
) -> None:
    mesh: Mesh = request.getfixturevalue(mode)
    old = writing(session(group, mesh.entrance[0]))
    with session(group, mesh.entrance[0]) as before:
        publish(group, "write", pods=group.hosts, serving=set(group.hosts) - {old})

        def refused() -> bool:
            try:
                written_by(group, mesh)
            except pymysql.MySQLError:
                return True
            return False

        try:
            wait_until("new sessions are refused", refused, timeout_s=10)
            assert writing(before) == old, "what EDS says closes no session; the agent's check does"
        finally:
            publish(group, "write", pods=group.hosts, serving=group.hosts)
    wait_until("writes are routed again", lambda: written_by(group, mesh), timeout_s=10, tolerate=pymysql.Error)


def test_the_sessions_that_a_failed_check_cut_are_counted_and_those_a_client_reset_are_not(
    group: Cluster, mtls: Mesh
) -> None:
    pods = {address: name for name, address in group.hosts.items()}
    envoy = endpoints.Watch(mtls.admin["sidecar-load1"], pods=pods, timeout_s=5)
    primary = group.membership.primary()
    before = envoy.endpoints()["write"][primary]["cut"]
    sessions = [session(group, mtls.entrance[0]) for _ in range(5)]
    reset = sessions.pop()
    reset._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    reset._force_close()
    wait_until("four are open", lambda: open_sessions(envoy, primary) == 4, timeout_s=10)
    mysqld = group.pods[primary].containers["mysqld"]
    assert isinstance(mysqld, CanFreeze)
    mysqld.freeze()
    try:
        wait_until("all are closed", lambda: open_sessions(envoy, primary) == 0, timeout_s=10)
    finally:
        mysqld.thaw()
    assert envoy.endpoints()["write"][primary]["cut"] - before == 4
    for one in sessions:
        one._force_close()
    group.membership.bring_back(primary, timeout_s=60)
    wait_until("writes are routed again", lambda: written_by(group, mtls), timeout_s=10, tolerate=pymysql.Error)


def test_with_mutual_tls_the_wire_shows_records_and_no_statement(
    group: Cluster, gateway: Mesh, mtls: Mesh, load: Pod, capture: Capture, ask: Ask
) -> None:
    marker = "SELECT 'in clear or not'"
    plain = capture(load, lambda: ask(group, load, gateway.write[0], marker))
    assert plain.shows(marker), "the capture must be able to see a statement"
    assert plain.tls_records == 0
    secret = capture(load, lambda: ask(group, load, mtls.write[0], marker))
    assert secret.tls_records >= 4
    assert not secret.shows(marker)
    assert not secret.shows("caching_sha2_password"), "not even the greeting"


def greeting(pod: Pod, address: str) -> tuple[int, str]:
    """What a plain client in a pod first gets from MySQL's port: (0, "") if it is closed, 124 if left waiting."""
    return pod.probe_in_namespace(
        "bash",
        "-c",
        f"exec 3<>/dev/tcp/{address}/3306 && timeout 10 head -c 5 <&3 | tr -d '\\0'; exit ${{PIPESTATUS[0]}}",
    )


def test_a_plaintext_client_in_a_load_pod_is_closed_without_a_greeting(group: Cluster, mtls: Mesh, load: Pod) -> None:
    address = group.hosts["node2"]
    assert greeting(load, address) == (0, "")
    code, seen = greeting(group.pods["node1"], address)
    assert (code, bool(seen)) == (0, True), "replication is not the mesh's business"


def test_a_sidecar_lets_nobody_else_in(group: Cluster, mtls: Mesh, load: Pod, ask: Ask) -> None:
    code, said = ask(group, group.pods["node1"], (load.address, 3306), "SELECT 1")
    assert code != 0, said


def test_a_pod_that_is_not_who_it_is_said_to_be_gets_no_session(group: Cluster, mtls: Mesh) -> None:
    primary = group.membership.primary()
    other = next(name for name in group.hosts if name != primary)
    # the primary's address under another pod's name: it answers, healthy, with a certificate made out to itself
    publish(group, "write", pods={other: group.hosts[primary]}, serving=[other])
    url = mtls.admin["sidecar-load1"].url
    try:
        wait_until("Envoy has the lie", lambda: members(url) == {other: group.hosts[primary]}, timeout_s=10)
        with pytest.raises(pymysql.MySQLError):
            written_by(group, mtls)
        wait_until(
            "the wrong name was the reason",
            lambda: "fail_verify_san: 0" not in read(f"{url}/stats?filter=cluster.write.ssl.fail_verify_san"),
            timeout_s=10,
        )
    finally:
        publish(group, "write", pods=group.hosts, serving=group.hosts)
    wait_until("writes are routed again", lambda: written_by(group, mtls), timeout_s=10, tolerate=pymysql.Error)
