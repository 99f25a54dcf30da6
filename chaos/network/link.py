"""What every fault of the network has in common: whom it hits, and the key ``peer``, of whose link it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.fault import Fault, Setting
from chaos.targets import NODES, meaning
from cluster.keys import Mistake, word

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
_WORDS = tuple(dict.fromkeys(peer for peers in PEERS.values() for peer in peers))


@dataclass(frozen=True, kw_only=True)
class LinkFault(Fault):
    """Hits the network of a pod, whatever runs in it; agents and sidecars have no network of their own."""

    peer: str | None = word("the only pods whose link with the target is hit; left out: all", of=_WORDS, default=None)

    targets = (*NODES, "control_plane", "proxy", "load")
    hits = "link"

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if target == "proxy" and setting.mesh in ("sidecar", "mtls"):
            why = f"in mesh {setting.mesh} the proxy shares the network of its load pod; target load"
            return Mistake(key="target", why=why)
        if self.peer is None:
            return None
        peers = [peer for peer in PEERS.get(target, ()) if peer != "proxy" or setting.mesh == "gateway"]
        if self.peer not in peers:
            allowed = ", ".join(peers) or "none; leave it out"
            why = f"{self.name} of {target} cannot have peer {self.peer}; it can: {allowed}"
            return Mistake(key="peer", why=why)
        if setting.pods < (least := meaning(self.peer).least_pods):
            why = f"{self.peer} needs at least {least} pods; topology {setting.kind} has {setting.pods}"
            return Mistake(key="peer", why=why)
        return None
