"""partition: cut a pod off from every other pod, in both directions, with iptables in its network namespace.

Packets are dropped, not refused: peers see silence, as behind a dead switch. The host and the observer stay connected,
like a management network, so that what the isolated pod does can be seen. Bites when a peer can no longer connect and
the drop counter has moved. Heals by removing the chain.
"""

from __future__ import annotations

from chaos.fault import Evidence
from chaos.probe import peer_of, reached_from
from cluster.cluster import Cluster

CHAIN = "MESHBENCH"


class Partition:
    name = "partition"
    teaches = "a dead switch: the pod is well, and alone; a primary in a minority must stop taking writes"

    def inject(self, cluster: Cluster, pod: str) -> None:
        rules = [f"-A {CHAIN} -i lo -j RETURN", f"-A {CHAIN} -o lo -j RETURN"]
        for friend in (cluster.network.gateway, cluster.network.address("observer")):
            rules += [f"-A {CHAIN} -s {friend} -j RETURN", f"-A {CHAIN} -d {friend} -j RETURN"]
        rules += [f"-A {CHAIN} -j DROP", f"-I INPUT -j {CHAIN}", f"-I OUTPUT -j {CHAIN}"]
        table = "\n".join(["*filter", f":{CHAIN} - [0:0]", *rules, "COMMIT", ""])
        # one commit: either all rules stand or none, and both directions are cut at the same moment
        cluster.pods[pod].run_in_namespace("bash", "-c", f"iptables-restore --noflush --wait <<'RULES'\n{table}RULES")

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        target = cluster.pods[pod]
        reached = reached_from(peer_of(cluster, pod), target.address)
        code, listing = target.probe_in_namespace("iptables", "--wait", "-nvxL", CHAIN)
        drops = [int(line.split()[0]) for line in listing.splitlines() if "DROP" in line]
        dropped = sum(drops)
        return Evidence(
            ok=code == 0 and not reached and dropped > 0,
            seen={"reached_from_peer": reached, "rule": bool(drops), "packets_dropped": dropped},
        )

    def heal(self, cluster: Cluster, pod: str) -> None:
        if self._rules(cluster, pod):
            for command in (f"-D INPUT -j {CHAIN}", f"-D OUTPUT -j {CHAIN}", f"-F {CHAIN}", f"-X {CHAIN}"):
                cluster.pods[pod].run_in_namespace("iptables", "--wait", *command.split())

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        rules = self._rules(cluster, pod)
        reached = reached_from(peer_of(cluster, pod), cluster.pods[pod].address)
        return Evidence(ok=not rules and reached, seen={"rules": rules, "reached_from_peer": reached})

    def _rules(self, cluster: Cluster, pod: str) -> list[str]:
        listing = cluster.pods[pod].run_in_namespace("iptables", "--wait", "-S")
        return [line for line in listing.splitlines() if CHAIN in line]
