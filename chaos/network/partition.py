"""partition: cut a pod off from every other pod, from some peers or on one link alone, one way or both, with iptables.

The rules live in the pod's own network namespace. Packets are dropped, not refused: peers see silence, as behind a dead
switch. The host and the observer stay connected, like a management network, so that what the isolated pod does can be
seen. Bites when none that is cut off can connect any more, the drop counter has moved and, where only some peers are
cut off, a bystander still can. Heals by removing the chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from chaos.fault import Context, Evidence, Injection, Refutations, Victim
from chaos.network.link import LinkFault
from chaos.network.traffic import Traffic
from chaos.probes import bystander, pod_named, reached

CHAIN = "MESHBENCH"


@dataclass(frozen=True, kw_only=True)
class Partition(LinkFault):
    name = "partition"
    does = "a dead switch: the pod is well, and alone; a primary in a minority must stop taking writes"
    bites = "no pod that is cut off can connect, the drop counter has moved, and a bystander still can connect"
    heals = "the firewall chain is removed"
    good = "the majority serves, the minority takes no writes, and both agree once the cut is healed"
    known_as = "Chaos Mesh NetworkChaos partition; Jepsen partitioner"
    needs = ("iptables",)
    isolates = True
    loses_node = True
    refuted_by = Refutations(bitten={"rule": (False,), "packets_dropped": (0,)})

    def on(self, victim: Victim, context: Context) -> Cut:
        return Cut(fault=self, victim=victim, context=context)


class Cut(Injection[Partition]):
    @cached_property
    def _traffic(self) -> Traffic:
        return self.fault.traffic(self.victim, self.context)

    @property
    def _peers(self) -> tuple[str, ...]:
        return self._traffic.peers

    def inject(self) -> None:
        rules = self._traffic.rules(CHAIN, "DROP")
        table = "\n".join(["*filter", f":{CHAIN} - [0:0]", *rules, "COMMIT", ""])
        # one commit: either all rules stand or none, and both directions are cut at the same moment
        restore = f"iptables-restore --noflush --wait <<'RULES'\n{table}RULES"
        pod_named(self.cluster, self.pod).run_in_namespace("bash", "-c", restore)

    def effect(self) -> Evidence:
        from_peers = self._reached()
        witness = bystander(self.cluster, self.pod, self._peers) if self._peers else None
        from_bystander = reached(self.cluster, self.pod, peer=witness) if witness else None
        code, listing = pod_named(self.cluster, self.pod).probe_in_namespace("iptables", "--wait", "-nvxL", CHAIN)
        drops = [int(line.split()[0]) for line in listing.splitlines() if "DROP" in line]
        cut = bool(from_peers) and not any(from_peers.values())
        seen = {"reached_from": from_peers, "rule": bool(drops), "packets_dropped": sum(drops)}
        if witness:
            seen["reached_from_bystander"] = {witness: from_bystander}
        return Evidence(ok=code == 0 and cut and sum(drops) > 0 and from_bystander is not False, seen=seen)

    def heal(self) -> None:
        if standing := self._standing():
            hooks = [line.replace("-A ", "-D ", 1) for line in standing if line.endswith(f"-j {CHAIN}")]
            for command in (*hooks, f"-F {CHAIN}", f"-X {CHAIN}"):
                pod_named(self.cluster, self.pod).run_in_namespace("iptables", "--wait", *command.split())

    def residue(self) -> Evidence:
        standing, from_peers = self._standing(), self._reached()
        return Evidence(
            ok=not standing and all(from_peers.values()), seen={"rules": standing, "reached_from": from_peers}
        )

    def _reached(self) -> dict[str, bool]:
        """Peer -> whether it can connect to the pod; without peers, one pod stands for all. Departed pods are not
        asked: who was killed for good reaches nobody, cut off or not."""
        others = self._peers or tuple(filter(None, [bystander(self.cluster, self.pod)]))
        departed = self.cluster.departed
        return {peer: reached(self.cluster, self.pod, peer=peer) for peer in others if peer not in departed}

    def _standing(self) -> list[str]:
        listing = pod_named(self.cluster, self.pod).run_in_namespace("iptables", "--wait", "-S")
        return [line for line in listing.splitlines() if CHAIN in line]
