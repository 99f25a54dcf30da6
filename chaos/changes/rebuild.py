"""rebuild: a replica is thrown away and built anew in place: all of its data is replaced by CLONE from another node.

What an operator does with a replica that has diverged, and what brings a quarantined node back: its errant transactions
are gone with its data. The control plane forgets the node before and counts it again after. Took effect when the node
is in service again with rows that came by CLONE, and is no longer quarantined. Not undone.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Setting, Victim
from chaos.probes import ask, published
from chaos.topologies import REPLICATED
from cluster.keys import Mistake
from cluster.operations.scaling import OWN_VOLUME, rebuild_pod
from cluster.topologies.lookup import replication_of

#: Empty on a node that was never a clone.
_CLONED = "SELECT CONCAT(STATE, ' ', BEGIN_TIME) FROM performance_schema.clone_status"


@dataclass(frozen=True, kw_only=True)
class Rebuild(Fault):
    name = "rebuild"
    does = "a replica thrown away and rebuilt by CLONE: what copying everything costs those who serve meanwhile"
    bites = "the node has new data by CLONE, is in service, published, and not quarantined"
    heals = "not undone"
    good = "the others serve at their usual latency while one of them is copied"
    known_as = "MySQL Shell cluster.rejoinInstance with recoveryMethod clone"
    targets = ("one_replica", "old_primary")
    topologies = REPLICATED
    least_pods = 2
    extras = (OWN_VOLUME,)
    lasts = False
    hits = "node"
    loses_node = True
    intends = "restarted"
    refuted_by = Refutations(bitten={"cloned": (None,), "in_service": (False,), "published": (False,)})

    def on(self, victim: Victim, context: Context) -> Rebuilt:
        return Rebuilt(fault=self, victim=victim, context=context)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        del target
        if replication_of(setting.kind).elects_by_itself and setting.pods < 3:
            return Mistake(
                key="fault", why=f"rebuild needs at least 3 pods in topology {setting.kind}; it has {setting.pods}"
            )
        return None


class Rebuilt(Injection[Rebuild]):
    before: str | None = None
    begun: bool = False

    def inject(self) -> None:
        cluster, pod = self.cluster, self.pod
        self.before, self.begun = sql.value(cluster, pod, _CLONED), True
        ask(f"{pod} is forgotten", lambda control: control.remove_pod(pod), cluster)
        try:
            rebuild_pod(cluster, pod)
        finally:
            ask(f"{pod} is counted again", lambda control: control.add_pod(pod), cluster)

    def effect(self) -> Evidence:
        if not self.begun:
            return Evidence(ok=False, seen={"cloned": None})

        def look() -> Evidence:
            cloned = sql.value(self.cluster, self.pod, _CLONED)
            serving, known = self.cluster.membership.in_service(self.pod), published(self.cluster, self.pod)
            aside = self.pod in self.cluster.membership.quarantined()
            seen = {"cloned": cloned, "in_service": serving, "published": known, "quarantined": aside}
            anew = cloned is not None and cloned != self.before
            return Evidence(ok=anew and serving and bool(known) and not aside, seen=seen)

        return sql.told(look)

    def heal(self) -> None:
        """What the node had before is gone."""

    def residue(self) -> Evidence:
        serving = self.cluster.membership.in_service(self.pod)
        return Evidence(ok=serving, seen={"in_service": serving})
