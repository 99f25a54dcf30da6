"""A partition of all MySQL pods at once, each cut off from others: who sees whom is drawn from the step's seed.

Clients, proxies and the control plane see every pod, as Jepsen's clients do: what is tried is what the nodes agree on
when they cannot all talk to each other.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaos.fault import Context, Fault, Injection, Refutations, Victim
from chaos.network.cutting.cut import Cut
from chaos.network.traffic import Traffic
from chaos.probes import pod_named


@dataclass(frozen=True, kw_only=True)
class Arranged(Fault):
    bites = "no pod that is cut off can connect, packets were dropped, and a pod that is not cut off still can connect"
    heals = "the firewall chains are removed"
    targets = ("all",)
    needs = ("iptables",)
    isolates = True
    hits = "link"
    refuted_by = Refutations(bitten={"rule": (False,), "packets_dropped": (0,)})

    @abstractmethod
    def seen_by(self, place: int, pods: Sequence[str]) -> Sequence[str]:
        """Whom the pod at that place in the order sees."""

    def aimed(self, victims: Sequence[Victim], context: Context) -> list[Injection[Any]]:
        """A pod that sees all others is left alone."""
        order = [victim.pod for victim in victims]
        context.rng.shuffle(order)
        cut = self.cut_off(order)
        return [self.on(victim, replace(context, peers=cut[victim.pod])) for victim in victims if cut[victim.pod]]

    def cut_off(self, order: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Pod -> whom it is cut off from."""
        return {
            pod: tuple(sorted(set(order) - {pod} - set(self.seen_by(place, order)))) for place, pod in enumerate(order)
        }

    def traffic(self, victim: Victim, context: Context) -> Traffic:
        """context: with the peers that are this pod's."""
        del victim
        addresses = tuple(pod_named(context.cluster, peer).address for peer in context.peers)
        return Traffic(peers=context.peers, addresses=addresses)

    def on(self, victim: Victim, context: Context) -> Cut:
        return Cut(fault=self, victim=victim, context=context)
