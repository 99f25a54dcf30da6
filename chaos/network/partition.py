"""partition: cut a pod off from every other pod, or from some peers alone, in both directions, with iptables.

The rules live in the pod's own network namespace. Packets are dropped, not refused: peers see silence, as behind a dead
switch. The host and the observer stay connected, like a management network, so that what the isolated pod does can be
seen. Bites when none that is cut off can connect any more, the drop counter has moved and, where only some peers are
cut off, a bystander still can. Heals by removing the chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Evidence
from chaos.probes import bystander, pod_named, reached
from cluster.cluster import Cluster
from history.fault_lines import Hits
from history.faults import EVERYONE

CHAIN = "MESHBENCH"


@dataclass(frozen=True, kw_only=True)
class Partition:
    """peers: the pods to cut off from; none means every pod of the run but the observer."""

    peers: tuple[str, ...] = ()
    name = "partition"
    teaches = "a dead switch: the pod is well, and alone; a primary in a minority must stop taking writes"
    lasts = True
    hits: Hits = "link"

    @property
    def isolates_from(self) -> tuple[str, ...]:
        return self.peers or (EVERYONE,)

    def aimed(self, part: Hits, peers: tuple[str, ...]) -> Partition:
        del part  # a pod has one network, whatever runs in it
        return Partition(peers=peers)

    def inject(self, cluster: Cluster, pod: str) -> None:
        table = "\n".join(["*filter", f":{CHAIN} - [0:0]", *self._rules(cluster), "COMMIT", ""])
        # one commit: either all rules stand or none, and both directions are cut at the same moment
        restore = f"iptables-restore --noflush --wait <<'RULES'\n{table}RULES"
        pod_named(cluster, pod).run_in_namespace("bash", "-c", restore)

    def _rules(self, cluster: Cluster) -> list[str]:
        if self.peers:
            cut = [pod_named(cluster, peer).address for peer in self.peers]
            rules = [f"-A {CHAIN} -{way} {address} -j DROP" for address in cut for way in "sd"]
        else:
            rules = [f"-A {CHAIN} -i lo -j RETURN", f"-A {CHAIN} -o lo -j RETURN"]
            for friend in (cluster.network.gateway, cluster.network.address("observer")):
                rules += [f"-A {CHAIN} -s {friend} -j RETURN", f"-A {CHAIN} -d {friend} -j RETURN"]
            rules.append(f"-A {CHAIN} -j DROP")
        return [*rules, f"-I INPUT -j {CHAIN}", f"-I OUTPUT -j {CHAIN}"]

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        from_peers = self._reached(cluster, pod)
        witness = bystander(cluster, pod, self.peers) if self.peers else None
        from_bystander = reached(cluster, pod, peer=witness) if witness else None
        code, listing = pod_named(cluster, pod).probe_in_namespace("iptables", "--wait", "-nvxL", CHAIN)
        drops = [int(line.split()[0]) for line in listing.splitlines() if "DROP" in line]
        cut = bool(from_peers) and not any(from_peers.values())
        seen = {"reached_from": from_peers, "rule": bool(drops), "packets_dropped": sum(drops)}
        if witness:
            seen["reached_from_bystander"] = {witness: from_bystander}
        return Evidence(ok=code == 0 and cut and sum(drops) > 0 and from_bystander is not False, seen=seen)

    def heal(self, cluster: Cluster, pod: str) -> None:
        if _standing(cluster, pod):
            for command in (f"-D INPUT -j {CHAIN}", f"-D OUTPUT -j {CHAIN}", f"-F {CHAIN}", f"-X {CHAIN}"):
                pod_named(cluster, pod).run_in_namespace("iptables", "--wait", *command.split())

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        standing, from_peers = _standing(cluster, pod), self._reached(cluster, pod)
        return Evidence(
            ok=not standing and all(from_peers.values()), seen={"rules": standing, "reached_from": from_peers}
        )

    def _reached(self, cluster: Cluster, pod: str) -> dict[str, bool]:
        """Peer -> whether it can connect to the pod; without peers, one pod stands for all. Departed pods are not
        asked: who was killed for good reaches nobody, cut off or not."""
        others = self.peers or tuple(filter(None, [bystander(cluster, pod)]))
        return {peer: reached(cluster, pod, peer=peer) for peer in others if peer not in cluster.departed}


def _standing(cluster: Cluster, pod: str) -> list[str]:
    listing = pod_named(cluster, pod).run_in_namespace("iptables", "--wait", "-S")
    return [line for line in listing.splitlines() if CHAIN in line]
