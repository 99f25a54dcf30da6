"""slow-applier: a replica applies only some of the time, as one whose disk or CPU is too small, or that runs reports.

A session holds the global read lock for a share of each period, for which the applier waits; in between it catches up
as fast as it can. The same in a group, which has no other way to slow a member down. Bites when the lock is held for as
large a share of the time as was asked for. Heals by ending that session.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pymysql

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Victim
from chaos.replication import channel
from chaos.topologies import ONE_PRIMARY
from cluster.keys import duration, percent

LOCK_NAME = "slow-applier"
TOLERANCE = 15.0
#: How often a look asks whether the lock is held, over so many periods.
LOOKS, PERIODS = 40, 2
_HELD = (
    "SELECT COUNT(*) FROM performance_schema.metadata_locks l JOIN performance_schema.threads t"
    " ON t.THREAD_ID = l.OWNER_THREAD_ID WHERE t.PROCESSLIST_ID = %s AND l.OBJECT_TYPE = 'GLOBAL'"
    " AND l.LOCK_TYPE = 'SHARED' AND l.LOCK_STATUS = 'GRANTED'"
)


@dataclass(frozen=True, kw_only=True)
class SlowApplier(Fault):
    stopped: float = percent(
        "the share of the time in which it applies nothing", default=80.0, at_least=1.0, at_most=99.0
    )
    period: float = duration("how long it takes from one stop to the next", default=1.0, at_least=0.2, at_most=2.0)

    name = "slow-applier"
    does = "a replica that applies in fits and starts: lag that comes and goes, and flow control in a group"
    bites = "the applier is kept waiting for as large a share of the time as was asked for"
    heals = "the session that keeps it waiting is ended"
    good = "the primary does not wait for it, except where a group's flow control says so"
    example: ClassVar[Mapping[str, Any]] = {"stopped": "80%", "period": "500ms"}
    targets = ("one_replica", "replicas", "candidate")
    topologies = ONE_PRIMARY
    least_pods = 2
    refuted_by = Refutations(bitten={"slowed": (False,)}, clean={"slowed": (True,)})

    @property
    def proof_s(self) -> float:
        return PERIODS * self.period

    def on(self, victim: Victim, context: Context) -> Slowed:
        return Slowed(fault=self, victim=victim, context=context)


class Slowed(Injection[SlowApplier]):
    def inject(self) -> None:
        def begin() -> None:
            connection = sql.hold(self.cluster, self.pod, LOCK_NAME)
            threading.Thread(target=self._keep_stopping, args=(connection,), name=LOCK_NAME, daemon=True).start()

        sql.attempt(f"slow-applier on {self.pod}", begin)

    def _keep_stopping(self, connection: Any) -> None:
        """Until the session is ended, by whomever."""
        stopped_s = self.fault.period * self.fault.stopped / 100
        try:
            with connection.cursor() as cursor:
                while True:
                    cursor.execute("FLUSH TABLES WITH READ LOCK")
                    time.sleep(stopped_s)
                    cursor.execute("UNLOCK TABLES")
                    time.sleep(self.fault.period - stopped_s)
        except (pymysql.MySQLError, OSError, AttributeError, ValueError) as ended:  # PyMySQL's, once it is closed
            sql.log.info("slow-applier on %s is over: %s", self.pod, ended)

    def effect(self) -> Evidence:
        return sql.told(self._look)

    def _look(self) -> Evidence:
        session = sql.holder(self.cluster, self.pod, LOCK_NAME)
        if session is None:
            return Evidence(ok=False, seen={"slowed": False})
        share = self._share(session)
        measure = Measure(
            what="time in which the applier waits",
            unit="%",
            promised=self.fault.stopped,
            measured=round(share, 1),
            tolerance=TOLERANCE,
        )
        behind = channel.behind(self.cluster, self.pod)
        return Evidence(
            ok=share >= self.fault.stopped / 2,
            seen={"slowed": share > 0, "transactions_behind": behind},
            measures=(measure,),
        )

    def _share(self, session: int) -> float:
        """For how much of the time the session has the lock, in percent, over PERIODS of it."""
        begin_s, every_s, held = time.monotonic(), PERIODS * self.fault.period / LOOKS, 0
        with self.cluster.connect(self.pod, timeout_s=sql.ASK_TIMEOUT_S) as connection, connection.cursor() as cursor:
            for number in range(LOOKS):
                time.sleep(max(0.0, begin_s + number * every_s - time.monotonic()))
                cursor.execute(_HELD, (session,))
                held += bool(cursor.fetchone()[0])
        return 100 * held / LOOKS

    def heal(self) -> None:
        sql.let_go(self.cluster, self.pod, LOCK_NAME)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            slowed = sql.holder(self.cluster, self.pod, LOCK_NAME) is not None
            return Evidence(ok=not slowed, seen={"slowed": slowed})

        return sql.told(look)
