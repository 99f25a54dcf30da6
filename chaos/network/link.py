"""What every fault of the network has in common: whose traffic it hits, by ``peer``, ``link`` and ``direction``.

``link`` names traffic by what it is for, whatever stands at its other end:

- ``client-proxy``: load pods and the gateway. In other meshes the two share a pod, and the word is refused.
- ``proxy-node``: what carries the clients' traffic and the MySQL pods. In mesh gateway the one is the gateway; in
  sidecar and mtls the load pod with its proxy; in direct the load pod, whose client is its own proxy.
- ``node-node``: the MySQL pods among themselves: replication or group communication, cloning, their agents.
- ``control-node``: the control plane and the MySQL pods with their agents.

``peer`` names the pods at the other end by a target word; beside a link it takes some of that end alone.
``direction`` counts from the target, as in Chaos Mesh: to what it sends, from what it receives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.fault import Context, Fault, Setting, Victim
from chaos.network.traffic import Traffic
from chaos.probes import load_pods, pod_named, proxy_pods
from chaos.targets import NODES, meaning, part_of
from cluster.control_plane import POD
from cluster.errors import HarnessError
from cluster.keys import Mistake, word
from history.fault_lines import Part

#: Target -> the peers whose link with it can be broken alone.
PEERS: Mapping[str, tuple[str, ...]] = {
    "primary": ("replicas", "control_plane"),
    "replicas": ("primary", "control_plane"),
    "one_replica": ("primary", "control_plane"),
    "candidate": ("primary", "control_plane"),
    "old_primary": ("new_primary", "control_plane"),
    "new_primary": ("old_primary", "control_plane"),
    "control_plane": ("primary", "replicas", "all"),
    "proxy": ("primary", "replicas"),
    "load": ("primary", "replicas", "proxy"),
}
#: Link -> what is at its two ends. Where a load pod carries its own proxy, it stands for both.
ENDS: Mapping[str, tuple[Part, Part]] = {
    "client-proxy": ("load", "proxy"),
    "proxy-node": ("proxy", "node"),
    "node-node": ("node", "node"),
    "control-node": ("control_plane", "node"),
}
DIRECTIONS = ("to", "from", "both")
_WORDS = tuple(dict.fromkeys(peer for peers in PEERS.values() for peer in peers))


@dataclass(frozen=True, kw_only=True)
class LinkFault(Fault):
    """Hits the network of a pod, whatever runs in it; agents and sidecars have no network of their own."""

    peer: str | None = word("the only pods whose link with the target is hit; left out: all", of=_WORDS, default=None)
    link: str | None = word(
        "which of the target's traffic is hit, by what it is for; left out: all", of=tuple(ENDS), default=None
    )
    direction: str = word(
        "to: what the target sends to the others; from: what it receives from them", of=DIRECTIONS, default="both"
    )

    targets = (*NODES, "control_plane", "proxy", "load")
    hits = "link"

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if target == "proxy" and setting.mesh in ("sidecar", "mtls"):
            why = f"in mesh {setting.mesh} the proxy shares the network of its load pod; target load"
            return Mistake(key="target", why=why)
        return self._no_such_link(target, setting) or self._no_such_peer(target, setting)

    def _no_such_link(self, target: str, setting: Setting) -> Mistake | None:
        if self.link is None:
            return None
        gateway = setting.mesh == "gateway"
        if self.link == "client-proxy" and not gateway:
            why = f"in mesh {setting.mesh} client and proxy share a pod, with no link between them"
            return Mistake(key="link", why=f"{why}; take proxy-node, or mesh gateway")
        here = [name for name in ENDS if (gateway or name != "client-proxy") and _far_end(name, target, gateway)]
        if self.link not in here:
            allowed = ", ".join(here) or "none; leave it out"
            why = f"{target} is at neither end of link {self.link} in mesh {setting.mesh}; its links: {allowed}"
            return Mistake(key="link", why=why)
        if self.link == "node-node" and setting.pods < 2:
            return Mistake(key="link", why=f"node-node needs at least 2 pods; topology {setting.kind} has 1")
        return None

    def _no_such_peer(self, target: str, setting: Setting) -> Mistake | None:
        if self.peer is None:
            return None
        gateway = setting.mesh == "gateway"
        end = _far_end(self.link, target, gateway) if self.link else None
        peers = [
            peer
            for peer in PEERS.get(target, ())
            if (gateway or peer != "proxy") and (end is None or part_of(peer) == end)
        ]
        if self.peer not in peers:
            allowed = ", ".join(peers) or "none; leave it out"
            on = f" on link {self.link}" if self.link else ""
            why = f"{self.name} of {target}{on} cannot have peer {self.peer}; it can: {allowed}"
            return Mistake(key="peer", why=why)
        if setting.pods < (least := meaning(self.peer).least_pods):
            why = f"{self.peer} needs at least {least} pods; topology {setting.kind} has {setting.pods}"
            return Mistake(key="peer", why=why)
        return None

    def traffic(self, victim: Victim, context: Context, *, ports: tuple[int, ...] = ()) -> Traffic:
        """What it hits on a pod, as the pods are now. ports: of TCP services, for a fault that hits these alone."""
        peers = context.peers or (_far_pods(self.link, victim, context) if self.link else ())
        network = context.cluster.network
        return Traffic(
            peers=tuple(peers),
            addresses=tuple(pod_named(context.cluster, peer).address for peer in peers),
            exempt=() if peers else (network.gateway, network.address("observer")),
            ports=ports,
            sent=self.direction != "from",
            received=self.direction != "to",
        )

    def isolates_from(self, victim: Victim, context: Context) -> tuple[str, ...]:
        if self.isolates and self.link and not context.peers:
            return _far_pods(self.link, victim, context)
        return super().isolates_from(victim, context)


def _far_end(link: str, target: str, gateway: bool) -> Part | None:
    """What is at the other end of a target's link; None where the target is at neither."""
    part = part_of(target)
    near = "proxy" if part == "load" and not gateway else part
    first, second = ENDS[link]
    return second if near == first else first if near == second else None


def _far_pods(link: str, victim: Victim, context: Context) -> tuple[str, ...]:
    """The pods at the other end of a victim's link, by name; raises HarnessError where there is none."""
    cluster = context.cluster
    carriers = proxy_pods(cluster) or load_pods(cluster)
    far = _far_end(link, victim.part, gateway=not set(carriers) & set(load_pods(cluster)))
    pods: Mapping[Part | None, list[str]] = {
        "node": list(cluster.pods),
        "proxy": carriers,
        "load": load_pods(cluster),
        "control_plane": [POD],
    }
    others = tuple(name for name in pods.get(far, []) if name != victim.pod)
    if not others:
        raise HarnessError(f"there is nobody at the other end of link {link} of {victim.pod}")
    return others
