"""applier-stopped: a replica goes on receiving, and applies nothing any more.

STOP REPLICA SQL_THREAD alone would be no fault that lasts: the control plane starts an applier that has stopped. So the
applier stops at an error that comes again at every start, as one does that meets a missing row: it is told to apply as
a user without the privilege (PRIVILEGE_CHECKS_USER). In a group MySQL lets nobody stop an applier; there a session
holds the global read lock, for which the applier waits. Bites when it does not apply and is behind. Heals by taking
that back; everything received is still there, and is applied.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.replication import channel
from chaos.topologies import ONE_PRIMARY
from cluster.topologies.replication import CanFollow

LOCK_NAME = "applier-stopped"
#: A user of ours without REPLICATION_APPLIER, which every node has.
UNABLE = "'meshbench_watch'@'%'"


@dataclass(frozen=True, kw_only=True)
class ApplierStopped(Fault):
    name = "applier-stopped"
    does = "a replica whose applier is broken: it acknowledges for semi-sync, and has nothing of what it acknowledged"
    bites = "the applier has stopped at an error (in a group: waits for a lock), and the replica is behind"
    heals = "the cause is taken away; what has been received is applied"
    good = "it is not taken for the next primary while another one has applied more, and never at the price of a write"
    known_as = "STOP REPLICA SQL_THREAD"
    targets = ("one_replica", "replicas", "candidate")
    topologies = ONE_PRIMARY
    least_pods = 2
    refuted_by = Refutations(bitten={"applies": (True,), "transactions_behind": (0,)}, clean={"applies": (False,)})

    def on(self, victim: Victim, context: Context) -> Injection[ApplierStopped]:
        follows = isinstance(context.cluster.topology.replication, CanFollow)
        kind = StoppedAtAnError if follows else WaitingForALock
        return kind(fault=self, victim=victim, context=context)


class StoppedAtAnError(Injection[ApplierStopped]):
    def inject(self) -> None:
        option = f"PRIVILEGE_CHECKS_USER = {UNABLE}"
        sql.attempt(f"applier-stopped on {self.pod}", lambda: channel.change_applier(self.cluster, self.pod, option))

    def effect(self) -> Evidence:
        return sql.told(self._look)

    def _look(self) -> Evidence:
        here = channel.look(self.cluster, self.pod)
        if here is None:
            return Evidence(ok=False, seen={"follows": False})
        behind = channel.behind(self.cluster, self.pod)
        applies = here.checks_user != UNABLE or here.applier == "ON"
        seen = {"applies": applies, "transactions_behind": behind, "error": here.applier_error}
        return Evidence(ok=not applies and behind > 0, seen=seen)

    def heal(self) -> None:
        def mend(here: channel.Channel) -> None:
            if here.checks_user == UNABLE:
                channel.change_applier(self.cluster, self.pod, "PRIVILEGE_CHECKS_USER = NULL")

        channel.restored(self.cluster, self.pod, "applier-stopped", mend)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            here = channel.look(self.cluster, self.pod)
            applies = here is None or (here.checks_user is None and here.applier == "ON")
            return Evidence(ok=applies, seen={"applies": applies})

        return sql.told(look)


class WaitingForALock(Injection[ApplierStopped]):
    def inject(self) -> None:
        statement = "FLUSH TABLES WITH READ LOCK"
        sql.attempt(f"applier-stopped on {self.pod}", lambda: sql.hold(self.cluster, self.pod, LOCK_NAME, statement))

    def effect(self) -> Evidence:
        def look() -> Evidence:
            applies = sql.holder(self.cluster, self.pod, LOCK_NAME) is None
            behind = channel.behind(self.cluster, self.pod)
            seen = {"applies": applies, "transactions_behind": behind}
            return Evidence(ok=not applies and behind > 0, seen=seen)

        return sql.told(look)

    def heal(self) -> None:
        sql.let_go(self.cluster, self.pod, LOCK_NAME)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            applies = sql.holder(self.cluster, self.pod, LOCK_NAME) is None
            return Evidence(ok=applies, seen={"applies": applies})

        return sql.told(look)
