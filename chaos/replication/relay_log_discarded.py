"""relay-log-discarded: a replica throws away what it has received and not yet applied, by a mistake easily made:
CHANGE REPLICATION SOURCE TO with both threads stopped, whatever option it names.

Nothing is missed as long as the source is there: the replica fetches all of it again. Under semi-sync its
acknowledgements were for what is gone now; if the source dies before, acknowledged writes are lost. Took effect when
transactions were received before, and are neither received nor executed after. Not undone.
"""

from __future__ import annotations

from dataclasses import dataclass

import pymysql

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.replication import channel
from chaos.topologies import PROMOTED
from cluster.errors import RefusedError
from cluster.status.poller import UNREACHABLE
from cluster.wait import WaitTimeoutError, wait_until
from history import gtid

#: A thread runs: of both, of the receiver, of the applier.
RUNNING = (3081, 3084, 3085)
STILL_TIMEOUT_S = 20.0
#: The delay with which an applier is held up: longer than any run, and nobody else's.
HELD_UP_S = 86_399


@dataclass(frozen=True, kw_only=True)
class RelayLogDiscarded(Fault):
    name = "relay-log-discarded"
    does = "a replica that throws its relay log away: harmless while the source lives, a loss if that dies before"
    bites = "transactions were received before, and are neither received nor executed after"
    heals = "not undone: the replica fetches them again, from a source that still has them"
    good = "nothing is lost while any node has it; where none has, the loss is found and every write of it is named"
    known_as = "CHANGE REPLICATION SOURCE TO … with both threads stopped; RESET REPLICA"
    targets = ("one_replica", "replicas", "candidate")
    topologies = PROMOTED
    least_pods = 2
    lasts = False
    hits = "node"
    refuted_by = Refutations(bitten={"transactions_discarded": (0,)})

    def on(self, victim: Victim, context: Context) -> Discarded:
        return Discarded(fault=self, victim=victim, context=context)


class Discarded(Injection[RelayLogDiscarded]):
    gone: str = ""

    def inject(self) -> None:
        try:
            self._let_it_fall_behind()
            wait_until(
                f"{self.pod} stands still for its relay log to be discarded", self._discarded, timeout_s=STILL_TIMEOUT_S
            )
        except (*UNREACHABLE, WaitTimeoutError) as error:
            raise RefusedError(f"{self.pod}: {' '.join(str(error).split())}") from error
        if not self.gone:
            raise RefusedError(f"{self.pod} had applied all that it had received: there was nothing to throw away")

    def _let_it_fall_behind(self) -> None:
        """Where it applies at once, hold its applier up until there is something to throw away."""
        here = channel.look(self.cluster, self.pod)
        if here is None or here.delay_s:
            return
        channel.change_applier(self.cluster, self.pod, f"SOURCE_DELAY = {HELD_UP_S}")

        def has_some() -> bool:
            now = channel.look(self.cluster, self.pod)
            return now is not None and not self.cluster.membership.has_executed(self.pod, now.received)

        wait_until(f"{self.pod} has received something", has_some, timeout_s=STILL_TIMEOUT_S)

    def _discarded(self) -> bool:
        """False where somebody has started a thread again before the change, as the control plane does."""
        with (
            self.cluster.connect(self.pod, timeout_s=channel.CHANGE_TIMEOUT_S) as connection,
            connection.cursor() as cursor,
        ):
            before = channel.look(self.cluster, self.pod)
            if before is None:
                raise RefusedError(f"{self.pod} follows nobody")
            cursor.execute("STOP REPLICA")
            try:
                cursor.execute("CHANGE REPLICATION SOURCE TO SOURCE_DELAY = %s", (_delay_of_before(before),))
            except pymysql.MySQLError as error:
                if error.args[0] not in RUNNING:
                    raise
                return False
            after = channel.look(self.cluster, self.pod)
            cursor.execute(
                "SELECT GTID_SUBTRACT(%s, CONCAT_WS(',', NULLIF(%s, ''), @@global.gtid_executed))",
                (before.received, after.received if after else ""),
            )
            self.gone = "".join(str(cursor.fetchone()[0]).split())
            cursor.execute("START REPLICA")
        return True

    def effect(self) -> Evidence:
        count = gtid.count(gtid.parse(self.gone))
        return Evidence(ok=count > 0, seen={"transactions_discarded": count, "gtids": self.gone})

    def heal(self) -> None:
        """Its source has them, or nobody. One that was interrupted may be held up still."""

        def mend(here: channel.Channel) -> None:
            if here.delay_s == HELD_UP_S:
                channel.change_applier(self.cluster, self.pod, "SOURCE_DELAY = 0")

        channel.restored(self.cluster, self.pod, "relay-log-discarded", mend)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            here = channel.look(self.cluster, self.pod)
            return Evidence(ok=here is None or here.receiver == "ON", seen={"follows": here is not None})

        return sql.told(look)


def _delay_of_before(here: channel.Channel) -> int:
    return 0 if here.delay_s == HELD_UP_S else here.delay_s
