"""partition: cut a pod off from every other pod, from some peers, on one link or of one kind of traffic alone, one way
or both ways. How it is done and proved is in `chaos.network.cutting.cut`.

``only`` names traffic by what it is for, and leaves all else between the same pods alone, so that health checks stay
green: ``replication`` is what the topology replicates over (a replica's connection to its source; in a group the group
communication), ``clients`` the sessions of those who carry the clients' statements. A black hole, where neither new nor
established connections get an answer, is this fault: it sends no RST.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaos.fault import Context, Refutations, Setting, Victim
from chaos.network.cutting.cut import Cut
from chaos.network.link import LinkFault
from chaos.network.traffic import Traffic
from chaos.targets import part_of
from cluster.keys import Mistake, word
from cluster.topologies.lookup import replication_of

#: Kind of traffic -> the link that carries it.
LINKS = {"replication": "node-node", "clients": "proxy-node"}


@dataclass(frozen=True, kw_only=True)
class Partition(LinkFault):
    only: str | None = word(
        "the only traffic that is cut, beside which health checks pass; left out: all", of=tuple(LINKS), default=None
    )

    name = "partition"
    does = "a dead switch: the pod is well, and alone; a primary in a minority must stop taking writes"
    bites = "no pod that is cut off can connect, packets were dropped, and what is to stay connected still is"
    heals = "the firewall chain is removed"
    good = "the majority serves, the minority takes no writes, and both agree once the cut is healed"
    known_as = "Chaos Mesh NetworkChaos partition; Jepsen partitioner; Toxiproxy timeout (a black hole)"
    needs = ("iptables",)
    isolates = True
    loses_node = True
    refuted_by = Refutations(bitten={"rule": (False,), "packets_dropped": (0,)})

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        if self.only is None:
            return self._alone(target, setting) or super().misfit(target, setting)
        if self.link is not None:
            return Mistake(key="link", why=f"only: {self.only} is on link {LINKS[self.only]} by itself; leave link out")
        if self.only == "replication" and not replication_of(setting.kind).replication_ports:
            return Mistake(key="only", why=f"topology {setting.kind} replicates with nobody; allowed: clients")
        wrong = self._on_its_link().misfit(target, setting)
        if wrong is None:
            return None
        why = wrong.why.replace(f" on link {LINKS[self.only]}", f" with only: {self.only}")
        return replace(wrong, key="only" if wrong.key == "link" else wrong.key, why=why)

    def _alone(self, target: str, setting: Setting) -> Mistake | None:
        if setting.pods > 1 or part_of(target) != "node" or self.link is not None:
            return None
        why = f"topology {setting.kind} has 1 node, and nobody to cut it off from; only: clients cuts its clients off"
        return Mistake(key="fault", why=why)

    def traffic(self, victim: Victim, context: Context, *, ports: tuple[int, ...] = ()) -> Traffic:
        if self.only is None:
            return super().traffic(victim, context, ports=ports)
        cluster = context.cluster
        replication = cluster.topology.replication.replication_ports
        ports = replication if self.only == "replication" else cluster.front.session_ports
        return self._on_its_link().traffic(victim, context, ports=ports)

    def isolates_from(self, victim: Victim, context: Context) -> tuple[str, ...]:
        return super().isolates_from(victim, context) if self.only is None else self.traffic(victim, context).peers

    def _on_its_link(self) -> Partition:
        assert self.only is not None
        return replace(self, only=None, link=LINKS[self.only])

    def on(self, victim: Victim, context: Context) -> Cut:
        return Cut(fault=self, victim=victim, context=context)
