"""A real gateway that drains: new sessions are refused, the one before lives on, and it takes new ones afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chaos.fault import Context, Victim, await_evidence
from chaos.proxy.listener_drained import Drained, ListenerDrained
from cluster.cluster import Cluster
from cluster.topology import Topology
from control.client import ControlHandle
from mesh.modes.create import create_mesh
from mesh.spec import mesh_spec

pytestmark = [pytest.mark.engine, pytest.mark.nightly]


@pytest.fixture(params=["envoy", "haproxy"])
def behind_gateway(cluster: Callable[[Topology], Cluster], request: pytest.FixtureRequest) -> Iterator[Cluster]:
    started = cluster(Topology(kind="single", pods=1))
    ControlHandle().start(started.nodes)
    started.front = mesh = create_mesh(mesh_spec("gateway", request.param))
    mesh.start(started)
    yield started
    started.stop()


def on(cluster: Cluster) -> Drained:
    return ListenerDrained().on(Victim(pod="gateway", part="proxy"), Context(cluster=cluster))


def test_a_drained_gateway_refuses_new_sessions_alone(behind_gateway: Cluster) -> None:
    injection = on(behind_gateway)
    assert not injection.effect().ok
    injection.inject()
    try:
        bite = await_evidence("it drains", injection.effect, timeout_s=10)
        assert bite.ok, bite.seen
        assert bite.seen["lives"] is True, "the session from before goes on"
        assert not injection.residue().ok
    finally:
        on(behind_gateway).heal()
    injection.heal()
    clean = await_evidence("it takes sessions again", on(behind_gateway).residue, timeout_s=20)
    assert clean.ok, clean.seen
