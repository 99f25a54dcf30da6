"""Shaping on real pods: each way by itself, one link alone, several at once, and what a dead program leaves.

That each fault bites and is gone afterwards is tried in tests/chaos/test_faults_on_pods.py.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from chaos.fault import Context, Evidence, Injection, Victim, await_evidence
from chaos.network.shaping.exchange import Exchange, Probe, exchange
from chaos.network.shaping.shape import Shape
from chaos.network.shaping.tc import netem
from chaos.registry import FAULTS
from cluster.cluster import Cluster
from cluster.platform.platform import Pod
from cluster.topology import Topology
from cluster.wait import wait_until

pytestmark = [pytest.mark.engine, pytest.mark.nightly]

IN_ORDER = Probe(packets=500, over_s=1.0)


@pytest.fixture(scope="module")
def group(cluster: Callable[[Topology], Cluster]) -> Cluster:
    return cluster(Topology(kind="group", pods=3))


def made(group: Cluster, fault: str, pod: str = "node2", **keys: Any) -> Injection[Any]:
    peers = ("node1",) if "peer" in keys else ()
    context = Context(cluster=group, peers=peers, rng=random.Random(7))
    return FAULTS[fault].read(keys).on(Victim(pod=pod), context)


@contextmanager
def shown(injection: Injection[Any]) -> Iterator[Evidence]:
    """What it shows while it is injected; clean again afterwards."""

    def as_promised() -> Evidence:
        """A busy machine is late by itself: looked at again until it is as much as was promised."""
        look = injection.effect()
        return replace(look, ok=look.ok and all(measure.kept for measure in look.measures))

    injection.inject()
    try:
        bite = await_evidence("it is as promised", as_promised, timeout_s=30)
        assert bite.ok, (bite.seen, bite.measures)
        yield bite
    finally:
        injection.heal()
    clean = await_evidence("it is gone", injection.residue, timeout_s=10)
    assert clean.ok, clean.seen


def between(group: Cluster, one: str, other: str) -> Exchange:
    return exchange(group, one, other, IN_ORDER, grace_s=0.5)


@pytest.mark.parametrize("direction", ["to", "from", "both"])
def test_a_delay_hits_its_direction_on_its_link_alone(group: Cluster, direction: str) -> None:
    with shown(made(group, "delay", latency="50ms", direction=direction, peer="primary")) as bite:
        for way, hit in (("sent", direction != "from"), ("received", direction != "to")):
            assert (bite.seen[way]["delay_ms"] >= 45) == hit
            assert bite.seen["bystander"][way]["delay_ms"] < 25
        assert bite.seen["mechanism"] in ("netem", "nfqueue")


def test_jitter_lets_no_packet_overtake_another_of_its_flow(group: Cluster) -> None:
    with shown(made(group, "delay", latency="30ms", jitter="30ms", direction="both")):
        met = between(group, "node2", "node1")
        assert (met.sent.overtook, met.received.overtook) == (0, 0)
        assert (met.sent.lost, met.received.lost) == (0, 0)


def test_two_shapings_of_one_pod_add_up(group: Cluster) -> None:
    with (
        shown(made(group, "delay", latency="40ms")),
        shown(made(group, "loss", loss="20%", direction="both")),
        shown(made(group, "bandwidth", rate="500kbps")),
    ):
        met = between(group, "node2", "node1")
        assert met.sent.delay_ms >= 36
        assert met.received.delay_ms < 20
        assert 10 < met.sent.share(met.sent.lost) < 30
        assert 10 < met.received.share(met.received.lost) < 30


def test_two_delays_of_one_pod_hit_a_link_each(group: Cluster) -> None:
    slow = made(group, "delay", latency="80ms", peer="primary")
    everybody_else = FAULTS["delay"].read({"latency": "30ms", "peer": "replicas"})
    slower = everybody_else.on(Victim(pod="node2"), Context(cluster=group, peers=("node3",)))
    slow.inject()
    slower.inject()
    try:
        assert between(group, "node2", "node1").sent.delay_ms >= 72
        assert 27 <= between(group, "node2", "node3").sent.delay_ms < 72
    finally:
        slow.heal()
        assert between(group, "node2", "node3").sent.delay_ms >= 27, "healing one leaves the other"
        slower.heal()
    assert between(group, "node2", "node1").sent.delay_ms < 25


def test_a_program_that_dies_lets_everything_pass_and_the_fault_shows_no_more(group: Cluster) -> None:
    injection = made(group, "delay", latency="50ms")
    with shown(injection) as bite:
        if bite.seen["mechanism"] != "nfqueue":
            pytest.skip("the kernel has netem: there is no program")
        script = "kill -9 $(cat /tmp/meshbench-delay-*.pid)"
        group.pods["node2"].run_in_namespace("bash", "-c", script)
        open_again = between(group, "node2", "node1")
        assert open_again.sent.lost == 0
        assert open_again.sent.delay_ms < 25
        look = injection.effect()
        assert not look.ok
        assert look.seen["in_place"] is False
        assert not injection.residue().ok, "its rules still stand"


def test_a_heartbeat_that_has_stopped_is_told_from_one_that_beats(group: Cluster) -> None:
    injection = made(group, "loss")
    with shown(injection) as bite:
        if bite.seen["mechanism"] != "nfqueue":
            pytest.skip("the kernel has netem: there is no program")
        group.pods["node2"].run_in_namespace("bash", "-c", "kill -STOP $(cat /tmp/meshbench-loss-*.pid)")
        try:
            wait_until("its heart has stopped", lambda: _age_ms(group.pods["node2"]) > 2000, timeout_s=10)
            assert injection.effect().seen["in_place"] is False
        finally:
            group.pods["node2"].run_in_namespace("bash", "-c", "kill -CONT $(cat /tmp/meshbench-loss-*.pid)")
        wait_until("it beats again", lambda: _age_ms(group.pods["node2"]) < 1000, timeout_s=10)
        assert injection.effect().ok


def _age_ms(pod: Pod) -> float:
    state = json.loads(pod.run_in_namespace("bash", "-c", "cat /tmp/meshbench-loss-*.json"))
    return (time.monotonic_ns() - int(state["at_ns"])) / 1e6


def test_damaged_segments_reach_no_process_and_are_sent_again(group: Cluster) -> None:
    with shown(made(group, "corrupt", corrupt="10%", direction="both", peer="primary")):
        before = _sent_again(group.pods["node2"])
        for number in range(20):
            told = group.pods["node2"].run_in_namespace("bash", "-c", _ASK_AGENT.format(address=group.hosts["node1"]))
            assert "200" in told or "503" in told, number
        assert _sent_again(group.pods["node2"]) > before


def _sent_again(pod: Pod) -> int:
    return int(pod.run_in_namespace("nstat", "-asz", "TcpRetransSegs").splitlines()[-1].split()[1])


_ASK_AGENT = "exec 3<>/dev/tcp/{address}/8008; printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3; timeout 10 head -n1 <&3"


@pytest.mark.parametrize(
    "shape",
    [
        Shape(latency_s=0.05, jitter_s=0.01, correlation=25),
        Shape(latency_s=0.02, reorder=25, gap=5, correlation=50),
        Shape(loss=5, correlation=25),
        Shape(loss=0.5),
        Shape(duplicate=10, correlation=25),
        Shape(corrupt=5),
    ],
)
def test_tc_understands_netems_words_whether_the_kernel_has_it_or_not(group: Cluster, shape: Shape) -> None:
    add = f"ip link add mbx type ifb && tc qdisc add dev mbx root {netem(shape)} 2>&1; ip link del mbx"
    said = group.pods["node3"].run_in_namespace("bash", "-c", add).strip()
    assert said in ("", "Error: Specified qdisc kind is unknown."), said


def test_heal_works_where_nothing_stands_and_twice(group: Cluster) -> None:
    for name in ("delay", "bandwidth"):
        injection = made(group, name)
        injection.heal()
        injection.heal()
        assert injection.residue().ok
    left = group.pods["node2"].run_in_namespace("bash", "-c", "ls /tmp; tc qdisc show; iptables -t mangle -S; ip link")
    assert not [word for word in ("meshbench-delay", "clsact", "MESHBENCH", "ifb", ": mb") if word in left]
