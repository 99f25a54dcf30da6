"""scale-out: one replica more, under load: it gets its data by CLONE, catches up, and is published for reads.

Shows when the pod is in service, its role agent calls it a replica, and the control plane's assignment has it. There
is nothing to heal, unless it failed half-way: then what it has left is taken away.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import ask, is_replica_to_proxies, published
from chaos.topologies import REPLICATED
from cluster.operations.scaling import add_pod


@dataclass(frozen=True, kw_only=True)
class ScaleOut(Fault):
    name = "scale-out"
    does = "growing under load: what copying the data costs those who serve, and when the new replica takes reads"
    bites = "the pod is in service, its agent calls it a replica, and the control plane publishes it"
    heals = "not undone; what a failed one has left is removed"
    good = "the others serve at their usual latency while one of them is copied"
    known_as = "kubectl scale --replicas; Jepsen membership nemesis"
    targets = ("new_replica",)
    topologies = REPLICATED
    lasts = False
    hits = "node"
    intends = "pod_added"
    refuted_by = Refutations(bitten=dict.fromkeys(("exists", "published", "in_service", "taken_for_reads"), (False,)))

    def on(self, victim: Victim, context: Context) -> Addition:
        return Addition(fault=self, victim=victim, context=context)


class Addition(Injection[ScaleOut]):
    def inject(self) -> None:
        pod = self.pod
        add_pod(self.cluster, pod)
        ask(f"{pod} is published", lambda control: control.add_pod(pod), self.cluster)

    def effect(self) -> Evidence:
        if self.pod not in self.cluster.pods:
            return Evidence(ok=False, seen={"exists": False})
        known = published(self.cluster, self.pod)
        serving, taken = self.cluster.membership.in_service(self.pod), is_replica_to_proxies(self.cluster, self.pod)
        return Evidence(
            ok=bool(known) and serving and taken,
            seen={"exists": True, "published": known, "in_service": serving, "taken_for_reads": taken},
        )

    def heal(self) -> None:
        """`add_pod` has cleaned up after itself if it failed; a pod that is there stays."""

    def residue(self) -> Evidence:
        exists = self.pod in self.cluster.pods
        return Evidence(ok=exists, seen={"exists": exists})
