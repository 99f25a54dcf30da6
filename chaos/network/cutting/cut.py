"""A cut: packets between a pod and others are dropped in the pod's own network namespace.

Packets are dropped, not refused: peers see silence, as behind a dead switch. The host and the observer stay connected,
like a management network, so that what the isolated pod does can be seen. Bites when none that is cut off can connect
any more, the drop counter has moved, and whatever is to stay still works: a bystander, the other ports of a cut that
hits some ports alone, and the other way of a cut that goes one way. Heals by removing the chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from chaos.fault import Context, Evidence, Injection, Victim
from chaos.network.cutting.firewall import Chain
from chaos.network.traffic import Traffic
from chaos.probes import bystander, pod_named, reached, reached_from
from cluster.agent.agent import PORT as AGENT_PORT
from cluster.mysqld.mysqld import PORT


class Cuts(Protocol):
    """A fault whose injection is a `Cut`."""

    name: ClassVar[str]

    def written(self) -> dict[str, Any]:
        """Its keys."""

    def traffic(self, victim: Victim, context: Context) -> Traffic:
        """What it drops, as the pods are now."""


def _chain_name(fault: Cuts, victim: Victim) -> str:
    """Of cuts with other keys, or of another part of the pod, another one: two that strike one pod at the same time do
    not undo each other. Known without anything that was kept, so that another process can heal it."""
    told = json.dumps([fault.name, victim.part, fault.written()], sort_keys=True)
    return f"MESHBENCH-{fault.name.upper()[:11]}-{hashlib.sha256(told.encode()).hexdigest()[:6]}"


@dataclass(kw_only=True)
class Cut(Injection[Any]):
    """Its fault is one that `Cuts`."""

    def __post_init__(self) -> None:
        fault: Cuts = self.fault
        self._traffic = fault.traffic(self.victim, self.context)
        self._chain = Chain(pod=pod_named(self.cluster, self.pod), name=_chain_name(fault, self.victim))

    def inject(self) -> None:
        self._chain.put(self._traffic.rules(self._chain.name, "DROP"))

    def effect(self) -> Evidence:
        from_peers, dropped, spared = self._reached(), self._chain.counted("DROP"), self._spared()
        cut = bool(from_peers) and not any(from_peers.values())
        whole = all(way for ways in spared.values() for way in ways.values())
        seen = {"reached_from": from_peers, "rule": dropped is not None, "packets_dropped": dropped or 0, **spared}
        return Evidence(ok=cut and bool(dropped) and whole, seen=seen)

    def heal(self) -> None:
        self._chain.remove()

    def residue(self) -> Evidence:
        standing, from_peers = self._chain.standing(), self._reached()
        return Evidence(
            ok=not standing and all(from_peers.values()), seen={"rules": standing, "reached_from": from_peers}
        )

    def _reached(self) -> dict[str, bool]:
        """Peer -> whether it can connect to the pod."""
        ports = self._traffic.ports
        port = ports[0] if ports else None
        return {peer: reached(self.cluster, self.pod, peer=peer, port=port) for peer in self._others()}

    def _others(self) -> Iterable[str]:
        """Who is cut off; without peers, one pod stands for all. Departed pods are not asked: who was killed for good
        reaches nobody, cut off or not."""
        others = self._traffic.peers or tuple(filter(None, [bystander(self.cluster, self.pod)]))
        return [peer for peer in others if peer not in self.cluster.departed]

    def _spared(self) -> dict[str, dict[str, bool]]:
        """What the cut leaves alone, and whether that works."""
        found: dict[str, dict[str, bool]] = {}
        if self._traffic.peers and (witness := bystander(self.cluster, self.pod, self._traffic.peers)):
            found["reached_from_bystander"] = {witness: reached(self.cluster, self.pod, peer=witness)}
        if self._traffic.ports and self.pod in self.cluster.pods:
            address = pod_named(self.cluster, self.pod).address
            found["other_port_reached_from"] = {
                peer: reached_from(pod_named(self.cluster, peer), address, port=AGENT_PORT) for peer in self._others()
            }
        if self._traffic.ways == 1:
            found["packets_arrive_at"] = self._one_way()
        return found

    def _one_way(self) -> dict[str, bool]:
        """Whether a first packet arrives although no answer comes back: MySQL pod that was asked for a connection ->
        whether it has one half open. Nothing where no MySQL pod is asked."""
        peer = next(iter(self._others()), self.pod)
        asked, asks = (peer, self.pod) if self._traffic.received else (self.pod, peer)
        if asked == asks or asked not in self.cluster.pods:
            return {}
        there, comes = pod_named(self.cluster, asked), pod_named(self.cluster, asks)
        reached_from(comes, there.address, port=self._traffic.ports[0] if self._traffic.ports else PORT)
        return {asked: bool(there.run_in_namespace("ss", "-Htn", "state", "syn-recv", "dst", comes.address).strip())}
