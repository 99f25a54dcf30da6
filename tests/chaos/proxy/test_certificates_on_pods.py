"""Certificates of a real mesh with mutual TLS: bad ones are refused to new sessions alone, a new good one to none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chaos.fault import Context, Injection, Victim, await_evidence
from chaos.registry import FAULTS
from cluster.cluster import Cluster
from cluster.guests import open_guest
from cluster.mysqld.mysqld import connect
from cluster.topology import Topology
from control.client import ControlHandle
from mesh.mesh import Mesh
from mesh.modes.create import create_mesh
from mesh.spec import mesh_spec

pytestmark = [pytest.mark.engine, pytest.mark.nightly]


@pytest.fixture(scope="module")
def single(cluster: Callable[[Topology], Cluster]) -> Cluster:
    started = cluster(Topology(kind="single", pods=1))
    ControlHandle().start(started.nodes)
    return started


@pytest.fixture(scope="module")
def mtls(single: Cluster) -> Mesh:
    mesh = create_mesh(mesh_spec("mtls", "envoy"))
    mesh.start(single)
    mesh.attend(open_guest(single.nodes, "load1", single.network.address("load")))
    single.front = mesh
    return mesh


def on(name: str, cluster: Cluster, pod: str) -> Injection[Any]:
    return FAULTS[name].read({}).on(Victim(pod=pod, part="proxy"), Context(cluster=cluster))


def session(cluster: Cluster, mesh: Mesh) -> Any:
    address, port = mesh.entrance[0]
    return connect(address, port=port, user="root", password=cluster.credentials.root, timeout_s=5)


def answer(live: Any) -> Any:
    with live.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()


@pytest.mark.parametrize("pod", ["node1", "load1"])
@pytest.mark.parametrize("name", ["certificate-expired", "wrong-ca"])
def test_a_bad_certificate_is_refused_to_new_sessions_until_the_good_one_is_back(
    single: Cluster, mtls: Mesh, name: str, pod: str
) -> None:
    live, injection = session(single, mtls), on(name, single, pod)
    assert not injection.effect().ok
    injection.inject()
    try:
        bite = await_evidence(f"{name} shows", injection.effect, timeout_s=10)
        assert bite.ok, bite.seen
        assert not injection.residue().ok
        assert answer(live) == (1,), "a session that has begun goes on"
        other = "load1" if pod == "node1" else "node1"
        assert not on(name, single, other).residue().seen["replaced"]
    finally:
        on(name, single, pod).heal()
    injection.heal()
    clean = await_evidence(f"{name} is gone", on(name, single, pod).residue, timeout_s=10)
    assert clean.ok, clean.seen
    live.close()
    session(single, mtls).close()


@pytest.mark.parametrize("pod", ["node1", "load1"])
def test_a_renewed_certificate_cuts_no_session_and_refuses_none(single: Cluster, mtls: Mesh, pod: str) -> None:
    live, change = session(single, mtls), on("certificate-rotated", single, pod)
    assert not change.effect().ok
    change.inject()
    shown = await_evidence("the new one is used", change.effect, timeout_s=10)
    assert shown.ok, shown.seen
    assert answer(live) == (1,)
    session(single, mtls).close()
    assert on("certificate-rotated", single, pod).residue().ok
    live.close()
