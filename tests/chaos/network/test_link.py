"""Whose traffic a fault of the network hits: what fits where, whom a link means in each mesh, which packets."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos.fault import Context, Mode, Setting, Victim
from chaos.network.link import LinkFault
from chaos.network.partition import Partition
from chaos.network.traffic import Traffic
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.platform.fake import FakePlatform, FakePod
from history.fault_lines import Part


def running(mesh: Mode = "gateway", *, nodes: int = 3) -> Cluster:
    """Pods that hold no more than their roles: node1 … , control, load1 and load2, the observer, and a gateway."""
    cluster = type("Pods", (), {})()
    cluster.network = FakePlatform().open_network("r")
    cluster.front = SimpleNamespace(containers=["haproxy", "envoy"])
    address = cluster.network.address
    cluster.pods = {f"node{n}": _pod(f"node{n}", address("node", n - 1), "mysqld") for n in range(1, nodes + 1)}
    loads = ("locust", "envoy") if mesh in ("sidecar", "mtls") else ("locust",)
    cluster.guests = {
        "control": _pod("control", address("control"), "control"),
        "observer": _pod("observer", address("observer"), "observer"),
        **({"gateway": _pod("gateway", address("proxy"), "haproxy")} if mesh == "gateway" else {}),
        **{f"load{n}": _pod(f"load{n}", address("load", n - 1), *loads) for n in (1, 2)},
    }
    return cast(Cluster, cluster)


def _pod(name: str, address: str, *roles: str) -> FakePod:
    pod = FakePod(name=name, address=address)
    for role in roles:
        pod.add(role, "fake:1", [])
    return pod


def hit(
    pod: str, part: Part, keys: Mapping[str, Any], *, mesh: Mode = "gateway", peers: tuple[str, ...] = ()
) -> Traffic:
    context = Context(cluster=running(mesh), peers=peers)
    return Partition.read(keys).traffic(Victim(pod=pod, part=part), context)


@pytest.mark.parametrize(
    ("mesh", "pod", "part", "link", "peers"),
    [
        ("gateway", "gateway", "proxy", "client-proxy", ("load1", "load2")),
        ("gateway", "load1", "load", "client-proxy", ("gateway",)),
        ("gateway", "node1", "node", "proxy-node", ("gateway",)),
        ("gateway", "gateway", "proxy", "proxy-node", ("node1", "node2", "node3")),
        ("sidecar", "node1", "node", "proxy-node", ("load1", "load2")),
        ("mtls", "load1", "load", "proxy-node", ("node1", "node2", "node3")),
        ("direct", "load1", "load", "proxy-node", ("node1", "node2", "node3")),
        ("direct", "node2", "node", "proxy-node", ("load1", "load2")),
        ("gateway", "node2", "node", "node-node", ("node1", "node3")),
        ("sidecar", "node2", "node", "control-node", ("control",)),
        ("mtls", "control", "control_plane", "control-node", ("node1", "node2", "node3")),
    ],
)
def test_a_link_means_the_pods_at_its_other_end(
    mesh: Mode, pod: str, part: Part, link: str, peers: tuple[str, ...]
) -> None:
    traffic = hit(pod, part, {"link": link}, mesh=mesh)
    assert traffic.peers == peers
    assert len(set(traffic.addresses)) == len(peers)
    assert not traffic.exempt, "who is not at the other end is not hit anyway"
    cut = Partition.read({"link": link})
    assert cut.isolates_from(Victim(pod=pod, part=part), Context(cluster=running(mesh))) == peers


def test_without_a_link_and_a_peer_all_are_hit_but_the_host_and_the_observer() -> None:
    context = Context(cluster=running())
    traffic = Partition().traffic(Victim(pod="node1"), context)
    network = context.cluster.network
    assert (traffic.peers, traffic.addresses) == ((), ())
    assert traffic.exempt == (network.gateway, network.address("observer"))


def test_a_peer_takes_some_of_the_other_end_of_a_link() -> None:
    assert hit("node1", "node", {"link": "node-node", "peer": "replicas"}, peers=("node3",)).peers == ("node3",)


@pytest.mark.parametrize(
    ("direction", "sent", "received"), [("to", True, False), ("from", False, True), ("both", True, True)]
)
def test_a_direction_counts_from_the_target(direction: str, sent: bool, received: bool) -> None:
    traffic = hit("node1", "node", {"direction": direction})
    assert (traffic.sent, traffic.received) == (sent, received)
    hooks = [rule for rule in traffic.rules("C", "DROP") if rule.startswith("-I")]
    assert hooks == ["-I INPUT -j C"] * received + ["-I OUTPUT -j C"] * sent


def test_nobody_at_the_other_end_is_an_error() -> None:
    context = Context(cluster=running(nodes=1))
    with pytest.raises(HarnessError, match="nobody at the other end of link node-node of node1"):
        Partition(link="node-node").traffic(Victim(pod="node1"), context)


REFUSED = [
    ("primary", "gateway", {"link": "client-proxy"},
     "primary is at neither end of link client-proxy in mesh gateway; its links: proxy-node, node-node, control-node"),
    ("load", "sidecar", {"link": "client-proxy"},
     "in mesh sidecar client and proxy share a pod, with no link between them; take proxy-node, or mesh gateway"),
    ("load", "direct", {"link": "client-proxy"}, "in mesh direct client and proxy share a pod"),
    ("load", "gateway", {"link": "proxy-node"}, "load is at neither end of link proxy-node in mesh gateway; its links: "
     "client-proxy"),
    ("control_plane", "gateway", {"link": "node-node"}, "its links: control-node"),
    ("proxy", "gateway", {"link": "control-node"}, "its links: client-proxy, proxy-node"),
    ("primary", "gateway", {"link": "node-node", "peer": "control_plane"},
     "partition of primary on link node-node cannot have peer control_plane; it can: replicas"),
    ("primary", "gateway", {"link": "proxy-node", "peer": "replicas"}, "it can: none; leave it out"),
    ("proxy", "sidecar", {}, "in mesh sidecar the proxy shares the network of its load pod; target load"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "mesh", "keys", "why"), REFUSED)
def test_what_cannot_be_is_refused_with_what_can(target: str, mesh: Mode, keys: dict[str, str], why: str) -> None:
    mistake = Partition.read(keys).misfit(target, Setting(kind="group", pods=3, mesh=mesh))
    assert mistake is not None
    assert why in mistake.why


@pytest.mark.parametrize(
    ("target", "mesh", "keys"),
    [
        ("minority", "direct", {"link": "node-node"}),
        ("primary", "gateway", {"link": "node-node", "peer": "replicas", "direction": "from"}),
        ("control_plane", "mtls", {"link": "control-node", "peer": "primary"}),
        ("load", "gateway", {"link": "client-proxy", "peer": "proxy"}),
        ("load", "sidecar", {"link": "proxy-node", "peer": "primary"}),
        ("proxy", "gateway", {"peer": "primary"}),
    ],
)
def test_what_has_a_meaning_fits(target: str, mesh: Mode, keys: dict[str, str]) -> None:
    assert Partition.read(keys).misfit(target, Setting(kind="group", pods=3, mesh=mesh)) is None


def test_a_link_between_nodes_needs_two() -> None:
    mistake = Partition(link="node-node").misfit("primary", Setting(kind="single", pods=1, mesh="gateway"))
    assert mistake is not None
    assert mistake.why == "node-node needs at least 2 pods; topology single has 1"


def test_the_rules_pick_the_packets_of_both_ways_and_spare_loopback() -> None:
    traffic = Traffic(addresses=("198.18.0.11",), ports=(3306, 33061), received=False)
    assert traffic.rules("C", "DROP", sending="POSTROUTING") == [
        "-A C -i lo -j RETURN",
        "-A C -o lo -j RETURN",
        "-A C -s 198.18.0.11 -p tcp -m multiport --ports 3306,33061 -j DROP",
        "-A C -d 198.18.0.11 -p tcp -m multiport --ports 3306,33061 -j DROP",
        "-I POSTROUTING -j C",
    ]
    everybody = Traffic(exempt=("198.18.0.1",)).rules("C", "DROP")
    assert everybody[2:] == [
        "-A C -s 198.18.0.1 -j RETURN",
        "-A C -d 198.18.0.1 -j RETURN",
        "-A C -j DROP",
        "-I INPUT -j C",
        "-I OUTPUT -j C",
    ]


def test_every_fault_of_a_link_has_the_three_keys() -> None:
    assert list(LinkFault.declared_keys())[:3] == ["peer", "link", "direction"]
