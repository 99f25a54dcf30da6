"""binlog-purged: a replica needs binary logs that its source has no more.

The replica's receiver is stopped until the source has written something new; the source then begins a new binary log
and purges all before it, as an expiry that is too short for a replica's absence does. Error 1236: the replica never
catches up by itself again. Heals as an operator does it: all its data is replaced by CLONE from another node.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import ask
from chaos.replication import channel
from chaos.replication.receiver_stopped import NOT_OURS
from chaos.topologies import PROMOTED
from cluster.operations.scaling import OWN_VOLUME, rebuild_pod
from cluster.wait import wait_until
from history import gtid

#: For the source to write something that the replica has not, and for other replicas to need no old log any more.
PURGE_TIMEOUT_S = 15.0


@dataclass(frozen=True, kw_only=True)
class BinlogPurged(Fault):
    name = "binlog-purged"
    does = "a replica that was away for longer than its source keeps binary logs: it is lost, and must be rebuilt"
    bites = "the source has purged transactions that the replica lacks, and its receiver has ended with error 1236"
    heals = "the replica's data is replaced by CLONE from another node"
    good = "the others serve on, nobody promotes the replica, and it is rebuilt"
    known_as = "replication's error 1236"
    targets = ("one_replica", "replicas", "candidate")
    topologies = PROMOTED
    least_pods = 2
    extras = (OWN_VOLUME,)
    refuted_by = Refutations(bitten={"receives": (True,), "transactions_lost": (0,)}, clean={"receives": (False,)})

    def on(self, victim: Victim, context: Context) -> Abandoned:
        return Abandoned(fault=self, victim=victim, context=context)


class Abandoned(Injection[BinlogPurged]):
    def inject(self) -> None:
        def purge() -> None:
            channel.change_receiver(self.cluster, self.pod, f"SOURCE_BIND = '{NOT_OURS}'")
            try:
                wait_until(
                    f"the source of {self.pod} has purged what it needs", self._purged, timeout_s=PURGE_TIMEOUT_S
                )
            finally:
                channel.change_receiver(self.cluster, self.pod, "SOURCE_BIND = ''")

        sql.attempt(f"binlog-purged on {self.pod}", purge)

    def effect(self) -> Evidence:
        return sql.told(self._look)

    def _look(self) -> Evidence:
        here = channel.look(self.cluster, self.pod)
        if here is None:
            return Evidence(ok=False, seen={"follows": False})
        lost, receives = self._lost(), here.receiver == "ON"
        seen = {"receives": receives, "error": here.receiver_error, "transactions_lost": lost}
        return Evidence(ok=lost > 0 and not receives and here.receiver_error != 0, seen=seen)

    def heal(self) -> None:
        def mend(here: channel.Channel) -> None:
            if here.bound_to == NOT_OURS:
                channel.change_receiver(self.cluster, self.pod, "SOURCE_BIND = ''")

        channel.restored(self.cluster, self.pod, "binlog-purged", mend)
        if not self._lost():
            return
        ask(f"{self.pod} is forgotten", lambda control: control.remove_pod(self.pod), self.cluster)
        try:
            rebuild_pod(self.cluster, self.pod)
        finally:
            ask(f"{self.pod} is counted again", lambda control: control.add_pod(self.pod), self.cluster)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            here = channel.look(self.cluster, self.pod)
            receives = here is None or here.receiver == "ON"
            lost = self._lost()
            return Evidence(ok=receives and not lost, seen={"receives": receives, "transactions_lost": lost})

        return sql.told(look)

    def _lost(self) -> int:
        """How many transactions the primary has purged that the replica neither has nor has received."""
        source = self.cluster.membership.primary()
        if source == self.pod:
            return 0
        purged = sql.value(self.cluster, source, "SELECT @@global.gtid_purged")
        here = channel.look(self.cluster, self.pod)
        missing = sql.value(
            self.cluster,
            self.pod,
            "SELECT GTID_SUBTRACT(%s, CONCAT_WS(',', NULLIF(%s, ''), @@global.gtid_executed))",
            purged,
            here.received if here else "",
        )
        return gtid.count(gtid.parse(str(missing)))

    def _purged(self) -> bool:
        """Purge once more, and say whether that took something that the replica needs."""
        source = self.cluster.membership.primary()
        sql.rows(self.cluster, source, "FLUSH BINARY LOGS")
        newest = sql.rows(self.cluster, source, "SHOW BINARY LOGS")[-1][0]
        sql.rows(self.cluster, source, "PURGE BINARY LOGS TO %s", newest)
        return self._lost() > 0
