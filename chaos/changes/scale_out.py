"""scale-out: one replica more, under load: it gets its data by CLONE, catches up, and is published for reads.

Shows when the pod is in service, its role agent calls it a replica, and the control plane's assignment has it. There
is nothing to heal, unless it failed half-way: then what it has left is taken away.
"""

from __future__ import annotations

from chaos.fault import Change, Evidence
from chaos.probes import ask, is_replica_to_proxies, published
from cluster.cluster import Cluster
from cluster.operations.scaling import add_pod


class ScaleOut(Change):
    name = "scale-out"
    teaches = "growing under load: what copying the data costs those who serve, and when the new replica takes reads"

    def inject(self, cluster: Cluster, pod: str) -> None:
        add_pod(cluster, pod)
        ask(f"{pod} is published", lambda control: control.add_pod(pod), cluster)

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        if pod not in cluster.pods:
            return Evidence(ok=False, seen={"exists": False})
        known = published(cluster, pod)
        serving, taken = cluster.membership.in_service(pod), is_replica_to_proxies(cluster, pod)
        return Evidence(
            ok=bool(known) and serving and taken,
            seen={"exists": True, "published": known, "in_service": serving, "taken_for_reads": taken},
        )

    def heal(self, cluster: Cluster, pod: str) -> None:
        """`add_pod` has cleaned up after itself if it failed; a pod that is there stays."""

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        there = pod in cluster.pods
        return Evidence(ok=there, seen={"exists": there})
