"""Cuts: who is cut off from whom, which ports, which way; and what is refused before anything starts."""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos.applicability import misfit
from chaos.fault import Context, Mode, Setting, Victim
from chaos.network.cutting.arranged import Arranged
from chaos.network.cutting.cut import Cut
from chaos.network.cutting.ends import ends
from chaos.network.cutting.firewall import Chain
from chaos.network.mtu_black_hole import MtuBlackHole, Swallowed
from chaos.network.partition import Partition
from chaos.network.reset import which
from chaos.network.traffic import Traffic
from chaos.registry import FAULTS
from chaos.targets import Target
from chaos.timeline import PlannedFault
from cluster.cluster import Cluster
from cluster.keys import MistakesError
from cluster.platform.fake import FakePlatform, FakePod
from cluster.topologies.lookup import replication_of
from cluster.topology import Kind
from history.fault_lines import Part


def running(*, nodes: int = 3, kind: Kind = "async", session_ports: tuple[int, ...] = (3306,)) -> Cluster:
    """node1 …, a gateway, a load pod and the observer: names, addresses and roles alone."""
    network = FakePlatform().open_network("r")

    def pod(name: str, address: str, role: str) -> FakePod:
        made = FakePod(name=name, address=address)
        made.add(role, "fake:1", [])
        return made

    pods = {f"node{n}": pod(f"node{n}", network.address("node", n - 1), "mysqld") for n in range(1, nodes + 1)}
    guests = {
        "gateway": pod("gateway", network.address("proxy"), "envoy"),
        "load1": pod("load1", network.address("load"), "locust"),
        "observer": pod("observer", network.address("observer"), "observer"),
    }
    found = SimpleNamespace(
        network=network,
        pods=pods,
        guests=guests,
        departed={},
        front=SimpleNamespace(containers=["envoy"], session_ports=session_ports),
        topology=SimpleNamespace(replication=replication_of(kind)),
    )
    return cast(Cluster, found)


def why_not(
    name: str, target: Target, keys: Mapping[str, Any] | None = None, *, kind: Kind = "async", pods: int = 3, mesh: Mode
) -> str:
    """Empty where the step fits."""
    step = PlannedFault(fault=FAULTS[name].read(keys or {}), target=target, at_s=1.0)
    mistake = misfit(step, Setting(kind=kind, pods=pods, mesh=mesh))
    return "" if mistake is None else f"{mistake.key}: {mistake.words}"


@pytest.mark.parametrize(("kind", "ports"), [("async", (3306,)), ("semisync", (3306,)), ("group", (33061,))])
def test_replication_alone_is_cut_between_nodes_at_the_ports_of_the_topology(
    kind: Kind, ports: tuple[int, ...]
) -> None:
    context, victim = Context(cluster=running(kind=kind)), Victim(pod="node2")
    traffic = Partition(only="replication").traffic(victim, context)
    assert (traffic.ports, traffic.peers) == (ports, ("node1", "node3"))
    assert Partition(only="replication").isolates_from(victim, context) == ("node1", "node3")


@pytest.mark.parametrize("ports", [(3306,), (3306, 15006)])
def test_clients_alone_are_cut_from_who_carries_them_at_the_ports_of_the_mesh(ports: tuple[int, ...]) -> None:
    context = Context(cluster=running(session_ports=ports))
    traffic = Partition(only="clients").traffic(Victim(pod="node2"), context)
    assert (traffic.ports, traffic.peers) == (ports, ("gateway",))
    rules = traffic.rules("X", "DROP")
    assert any(f"--ports {','.join(map(str, ports))} -j DROP" in rule for rule in rules)


def test_what_a_kind_of_traffic_does_not_fit_is_refused_with_what_does() -> None:
    only = {"only": "replication"}
    assert why_not("partition", "primary", only, mesh="gateway") == ""
    assert why_not("partition", "primary", only, kind="single", pods=1, mesh="gateway") == (
        "only: topology single replicates with nobody; allowed: clients"
    )
    assert why_not("partition", "proxy", only, mesh="gateway").startswith("only: proxy is at neither end of link")
    both = {"only": "clients", "link": "node-node"}
    assert why_not("partition", "primary", both, mesh="gateway") == (
        "link: only: clients is on link proxy-node by itself; leave link out"
    )
    with pytest.raises(MistakesError, match="only: expected one of replication, clients"):
        Partition.read({"only": "everything"})


def arranged(name: str) -> Arranged:
    fault = FAULTS[name].read({})
    assert isinstance(fault, Arranged)
    return fault


def test_halves_see_themselves_and_nobody_else() -> None:
    cut = arranged("partition-halves").cut_off(["a", "b", "c", "d", "e"])
    assert cut["a"] == cut["b"] == ("c", "d", "e")
    assert cut["c"] == cut["d"] == cut["e"] == ("a", "b")


def test_in_a_ring_each_sees_its_two_neighbours() -> None:
    cut = arranged("partition-ring").cut_off(["a", "b", "c", "d", "e"])
    assert cut == {"a": ("c", "d"), "b": ("d", "e"), "c": ("a", "e"), "d": ("a", "b"), "e": ("b", "c")}


@pytest.mark.parametrize("count", [3, 4, 5])
def test_a_bridge_sees_both_halves_which_do_not_see_each_other(count: int) -> None:
    order = [f"node{number}" for number in range(count)]
    cut = arranged("partition-bridge").cut_off(order)
    assert cut["node0"] == ()
    for pod in order[1:]:
        assert pod not in cut[pod]
        assert "node0" not in cut[pod]
        assert all(pod in cut[other] for other in cut[pod]), "nobody is cut off one way"
        assert cut[pod], "each half has another one"


@pytest.mark.parametrize("name", ["partition-halves", "partition-ring", "partition-bridge"])
def test_who_sees_whom_comes_from_the_seed(name: str) -> None:
    cluster = running(nodes=5)
    victims = [Victim(pod=pod) for pod in cluster.pods]

    def drawn(seed: int) -> dict[str, tuple[str, ...]]:
        context = Context(cluster=cluster, rng=random.Random(seed))
        return {one.pod: one.context.peers for one in arranged(name).aimed(victims, context)}

    assert drawn(7) == drawn(7)
    assert len({str(drawn(seed)) for seed in range(8)}) > 1
    assert all(peers for peers in drawn(7).values()), "who sees everybody is left alone"
    for pod, peers in drawn(7).items():
        context = Context(cluster=cluster, peers=peers)
        assert arranged(name).isolates_from(Victim(pod=pod), context) == peers, "clients are not cut off"


def test_an_arrangement_needs_pods_to_arrange() -> None:
    assert "at least 4 pods" in why_not("partition-ring", "all", mesh="gateway")
    assert "at least 3 pods" in why_not("partition-bridge", "all", pods=2, mesh="gateway")
    assert why_not("partition-halves", "primary", mesh="gateway") == (
        "target: partition-halves cannot have target primary; it can: all"
    )
    assert "does not apply to topology single" in why_not(
        "partition-halves", "all", kind="single", pods=1, mesh="direct"
    )


def test_two_faults_on_one_pod_have_chains_of_their_own() -> None:
    context = Context(cluster=running(), peers=("node1",))
    names = {
        cast(Cut, FAULTS[name].read({}).on(Victim(pod="node2"), context))._chain.name
        for name in (
            "partition",
            "partition-halves",
            "partition-ring",
            "partition-bridge",
            "half-open",
            "mtu-black-hole",
        )
    }
    assert len(names) == 6
    assert all(len(name) <= 28 for name in names), "iptables takes no longer names"


def test_a_chain_counts_its_own_verdict_alone() -> None:
    listing = (
        "Chain X (2 references)\n    pkts      bytes target     prot opt in     out     source   destination\n"
        "      14      840 RETURN     all  --  lo     *       0.0.0.0/0            0.0.0.0/0\n"
        "      30     1800 DROP       all  --  *      *       198.18.0.11          0.0.0.0/0\n"
        "       2      120 DROP       all  --  *      *       0.0.0.0/0            198.18.0.11\n"
    )
    assert Chain(pod=FakePod(answers={"iptables": (0, listing)}), name="X").counted("DROP") == 32
    assert Chain(pod=FakePod(answers={"iptables": (1, "No chain by that name.")}), name="X").counted("DROP") is None


def test_a_chain_removes_what_has_its_name_and_nothing_of_others() -> None:
    rules = "-P INPUT ACCEPT\n-N X\n-N X-ENDS\n-A INPUT -j X\n-A OUTPUT -j X-ENDS\n-A X -i lo -j RETURN\n"
    pod = FakePod(answers={"iptables": (0, rules)})
    Chain(pod=pod, name="X").remove()
    done = [" ".join(words[2:]) for words in pod.ran if "-S" not in words]
    assert done == ["-D INPUT -j X", "-F X", "-X X"]


def rules_put(injection: Swallowed) -> str:
    injection.inject()
    pod = injection._chain.pod
    assert isinstance(pod, FakePod)
    return pod.ran[-1][-1]


def test_only_packets_above_the_size_are_dropped() -> None:
    fault, context = MtuBlackHole(mtu=1200), Context(cluster=running(), peers=("node1",))
    put = rules_put(fault.on(Victim(pod="node2"), context))
    assert put.count("-m length --length 1201:65535 -j DROP") == 2
    assert put.count("-j DROP") == 2


@pytest.mark.parametrize("mtu", [-1, 0, 575, 1500, "1200"])
def test_a_size_that_no_link_has_or_every_link_has_is_refused(mtu: object) -> None:
    with pytest.raises(MistakesError, match=r"mtu: expected a whole number \(bytes\), 576 to 1,499"):
        MtuBlackHole.read({"mtu": mtu})


def test_what_nobody_could_prove_is_refused() -> None:
    assert why_not("mtu-black-hole", "load", {"direction": "from"}, mesh="gateway").startswith("direction: a load pod")
    assert why_not("mtu-black-hole", "primary", {"direction": "to", "link": "proxy-node"}, mesh="sidecar") != ""
    assert why_not("mtu-black-hole", "primary", {"direction": "to", "link": "proxy-node"}, mesh="gateway") == ""
    assert why_not("reset", "primary", {"direction": "to"}, mesh="gateway").startswith("direction: an RST goes to both")
    assert why_not("dns-failure", "primary", kind="single", pods=1, mesh="gateway") != ""
    assert "cannot have target proxy" in why_not("dns-failure", "proxy", mesh="gateway")


def test_a_reset_takes_the_connections_it_was_aimed_at() -> None:
    some = Traffic(peers=("node1",), addresses=("198.18.0.11", "198.18.0.12"))
    assert which(some) == "'( dst 198.18.0.11 or dst 198.18.0.12 )'"
    everyone = Traffic(exempt=("198.18.0.1", "198.18.0.91"))
    assert which(everyone) == "not dst 127.0.0.0/8 and not dst 198.18.0.1 and not dst 198.18.0.91"


@pytest.mark.parametrize(
    ("pod", "part", "asks", "asked", "port"),
    [
        ("node2", "node", "node1", "node2", 8008),
        ("gateway", "proxy", "node1", "gateway", 3306),
        ("load1", "load", "load1", "node1", 8008),
    ],
)
def test_a_probe_goes_to_somebody_who_listens(pod: str, part: Part, asks: str, asked: str, port: int) -> None:
    found = ends(running(), Victim(pod=pod, part=part), Traffic())
    assert (found.asks.name, found.asked.name, found.port) == (asks, asked, port)


def test_two_cuts_of_one_pod_have_a_chain_each_which_another_process_finds_again() -> None:
    cluster = running()

    def chain(part: Part = "node", **keys: Any) -> str:
        cut = Partition(**keys).on(Victim(pod="node1", part=part), Context(cluster=cluster))
        return cut._chain.name

    names = [chain(), chain(only="replication"), chain(only="clients"), chain(part="agent")]
    assert len(set(names)) == len(names), "healing one leaves the others alone"
    assert names == [chain(), chain(only="replication"), chain(only="clients"), chain(part="agent")]
    assert all(name.startswith("MESHBENCH-PARTITION-") and len(name) <= 28 for name in names), "iptables takes 28"
