"""Between whom the faults of connections look: who opens one to whom, so that it goes through what the fault hits."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Victim
from chaos.network.traffic import Traffic
from chaos.probes import load_pods, pod_named, port_of
from cluster.agent.agent import PORT as AGENT_PORT
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.platform.platform import Pod


@dataclass(frozen=True, kw_only=True)
class Ends:
    """asks: opens a connection to ``port`` of ``asked``. One of them is the victim."""

    asks: Pod
    asked: Pod
    port: int


def ends(cluster: Cluster, victim: Victim, traffic: Traffic, *, victim_asks: bool = False) -> Ends:
    """A peer asks the victim, or the other way round; a load pod, which listens to nobody, always asks. Of MySQL pods
    the role agent is asked, which says nothing until it is asked. Raises HarnessError where there is nobody to ask."""
    loads = load_pods(cluster)
    others = traffic.peers or [*cluster.pods, *cluster.guests]
    never = {"observer", victim.pod, *cluster.departed}
    peers = sorted((peer for peer in others if peer not in never), key=lambda peer: peer in loads)
    if not peers:
        raise HarnessError(f"there is nobody to connect with {victim.pod}")
    asks, asked = (victim.pod, peers[0]) if victim_asks or victim.part == "load" else (peers[0], victim.pod)
    port = AGENT_PORT if asked in cluster.pods else port_of(asked)
    return Ends(asks=pod_named(cluster, asks), asked=pod_named(cluster, asked), port=port)
