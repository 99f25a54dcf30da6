"""The command lines for `tc`: netem's words for each shape, and a detour of the chosen packets alone."""

from __future__ import annotations

import pytest

from chaos.network.shaping.shape import Shape
from chaos.network.shaping.tc import Detour, netem, token_bucket
from chaos.network.traffic import Traffic

PEERS = Traffic(peers=("node2",), addresses=("198.18.0.12",))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (Shape(latency_s=0.05), "delay 50ms"),
        (Shape(latency_s=0.05, jitter_s=0.01, correlation=25), "delay 50ms 10ms 25% rate 100gbit"),
        (Shape(loss=5), "loss random 5%"),
        (Shape(loss=5, correlation=25), "loss gemodel 3.75% 71.25%"),
        (Shape(duplicate=10, correlation=50), "duplicate 10% 50%"),
        (Shape(corrupt=0.5), "corrupt 0.5%"),
        (Shape(latency_s=0.02, reorder=25, gap=5, correlation=50), "delay 20ms reorder 25% 50% gap 5"),
    ],
)
def test_a_shape_has_netems_words(shape: Shape, words: str) -> None:
    assert netem(shape) == f"netem limit 100000 {words}"


def test_a_rate_is_a_token_bucket_in_bits() -> None:
    assert token_bucket(1e6) == "tbf rate 8000000bit burst 10000 latency 100ms"
    assert token_bucket(1e5) == "tbf rate 800000bit burst 4000 latency 100ms"


def test_the_packets_of_a_peer_take_the_detour_each_way_and_no_others() -> None:
    lines = Detour(number=0x1A2B, traffic=PEERS).build("netem delay 50ms").splitlines()
    assert lines == [
        "set -e",
        "tc qdisc show dev eth0 | grep -q clsact || tc qdisc add dev eth0 clsact",
        "ip link add mb1a2bo type ifb",
        "ip link set mb1a2bo up",
        "tc qdisc add dev mb1a2bo root netem delay 50ms",
        "tc filter add dev eth0 egress protocol ip pref 6699 u32 match ip dst 198.18.0.12/32 action mirred egress "
        "redirect dev mb1a2bo",
        "ip link add mb1a2bi type ifb",
        "ip link set mb1a2bi up",
        "tc qdisc add dev mb1a2bi root netem delay 50ms",
        "tc filter add dev eth0 ingress protocol ip pref 6699 u32 match ip src 198.18.0.12/32 action mirred egress "
        "redirect dev mb1a2bi",
    ]


def test_who_is_spared_is_matched_before_everybody() -> None:
    traffic = Traffic(exempt=("198.18.0.1",), received=False)
    filters = [line for line in Detour(number=1, traffic=traffic).build("x").splitlines() if "filter" in line]
    assert [line.partition("u32 ")[2] for line in filters] == [
        "match ip dst 198.18.0.1/32 flowid :1",
        "match u32 0 0 action mirred egress redirect dev mb0001o",
    ]


def test_a_service_is_matched_at_either_end() -> None:
    traffic = Traffic(addresses=("198.18.0.12",), ports=(3306,), sent=False)
    filters = [line for line in Detour(number=1, traffic=traffic).build("x").splitlines() if "filter" in line]
    assert [line.partition("/32 ")[2].partition(" action")[0] for line in filters] == [
        "match ip protocol 6 0xff match ip sport 3306 0xffff",
        "match ip protocol 6 0xff match ip dport 3306 0xffff",
    ]


def test_a_detour_is_removed_whatever_of_it_there_is() -> None:
    script = Detour(number=0x1A2B, traffic=Traffic(received=False)).remove()
    for device, hook in (("mb1a2bo", "egress"), ("mb1a2bi", "ingress")):
        assert f"tc filter del dev eth0 {hook} protocol ip pref 6699 u32 2>/dev/null; ip link del {device}" in script
    assert script.splitlines()[-1] == (
        "ip -o link show type ifb | grep -q ': mb' || tc qdisc del dev eth0 clsact 2>/dev/null; true"
    )
