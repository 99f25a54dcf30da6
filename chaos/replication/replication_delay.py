"""replication-delay: a replica applies everything so many seconds after its source committed it (SOURCE_DELAY).

It receives at once, as before: what it has not applied lies in its relay log. A new primary must apply all of that
first, which with a delay takes as long. Not for a group, whose applier has no delay: there `slow-applier` and
`applier-stopped` make a member fall behind. Bites when transactions have been applied late by as much. Heals by a
delay of zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Setting, Victim
from chaos.replication import channel
from chaos.topologies import PROMOTED
from cluster.keys import Mistake, duration

#: MySQL counts a delay from the whole second in which the source committed.
TOLERANCE_S = 1.0
#: Longer delays show by a transaction that waits: nobody stands by until it has been applied.
APPLIED_WITHIN_S = 6.0


@dataclass(frozen=True, kw_only=True)
class ReplicationDelay(Fault):
    delay: float = duration("how late, in whole seconds", default=3.0, at_least=1.0, at_most=3600.0)

    name = "replication-delay"
    does = "a replica that lags by a known time: what a failover to it costs, and what its readers see"
    bites = "transactions are applied as late as was asked for; of more than 6 s: the applier has been told, and waits"
    heals = "the delay is zero again, and what has piled up is applied at once"
    good = "acknowledged writes survive a failover: the new primary first applies what it has received"
    targets = ("one_replica", "replicas", "candidate")
    topologies = PROMOTED
    least_pods = 2
    refuted_by = Refutations(bitten={"delay_s": (0,)})

    def on(self, victim: Victim, context: Context) -> Delayed:
        return Delayed(fault=self, victim=victim, context=context)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        del target, setting
        if self.delay != int(self.delay):
            return Mistake(key="delay", why="MySQL delays by whole seconds, such as 3s", got=f"{self.delay:g}s")
        return None


class Delayed(Injection[ReplicationDelay]):
    def inject(self) -> None:
        option = f"SOURCE_DELAY = {int(self.fault.delay)}"
        sql.attempt(f"replication-delay of {self.pod}", lambda: channel.change_applier(self.cluster, self.pod, option))

    def effect(self) -> Evidence:
        return sql.told(self._look)

    def _look(self) -> Evidence:
        here, promised_s = channel.look(self.cluster, self.pod), self.fault.delay
        if here is None:
            return Evidence(ok=False, seen={"follows": False})
        seen = {
            "delay_s": here.delay_s,
            "lag_s": here.lag_s,
            "transactions_behind": channel.behind(self.cluster, self.pod),
        }
        if here.delay_s != promised_s:
            return Evidence(ok=False, seen=seen)
        if here.lag_s is None:
            return Evidence(ok=promised_s > APPLIED_WITHIN_S and here.waits, seen=seen)
        measure = Measure(
            what="age of a transaction when it is applied",
            unit="s",
            promised=promised_s,
            measured=here.lag_s,
            tolerance=TOLERANCE_S,
        )
        return Evidence(ok=here.lag_s >= promised_s - TOLERANCE_S, seen=seen, measures=(measure,))

    def heal(self) -> None:
        def mend(here: channel.Channel) -> None:
            if here.delay_s:
                channel.change_applier(self.cluster, self.pod, "SOURCE_DELAY = 0")

        channel.restored(self.cluster, self.pod, "replication-delay", mend)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            here = channel.look(self.cluster, self.pod)
            delay_s = here.delay_s if here else 0
            return Evidence(ok=not delay_s, seen={"delay_s": delay_s})

        return sql.told(look)
