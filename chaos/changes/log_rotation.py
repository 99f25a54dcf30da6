"""log-rotation: a node begins a new binary log and error log (FLUSH LOGS), and purges the binary logs before it, once
every other pod in service has executed all that is in them.

As the nightly job of many houses. Shows when the newest binary log is a new one, and the oldest too. Not undone.
"""

from __future__ import annotations

from dataclasses import dataclass

import pymysql

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from cluster.errors import RefusedError
from cluster.keys import flag
from cluster.wait import WaitTimeoutError, wait_until

#: How long the other pods have to get what is about to be purged.
EVERYWHERE_TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class LogRotation(Fault):
    purge: bool = flag("whether the binary logs before the new one are purged", default=True)

    name = "log-rotation"
    does = "new log files, and the old binary logs purged: what a replica that is away may miss"
    bites = "the newest binary log is a new one; purged: so is the oldest"
    heals = "not undone"
    good = "nobody notices; nothing is purged that a pod in service has not executed"
    targets = ("primary", "one_replica", "replicas", "all")
    lasts = False
    hits = "node"
    refuted_by = Refutations(bitten={"rotated": (False,)})

    def on(self, victim: Victim, context: Context) -> Rotated:
        return Rotated(fault=self, victim=victim, context=context)


class Rotated(Injection[LogRotation]):
    newest_before: str | None = None

    def inject(self) -> None:
        try:
            self.newest_before = self._logs()[-1]
            sql.rows(self.cluster, self.pod, "FLUSH LOGS")
            if self.fault.purge:
                newest, written = self._logs()[-1], self._executed()
                wait_until(
                    "every pod in service has executed what is purged",
                    lambda: self._everywhere(written),
                    timeout_s=EVERYWHERE_TIMEOUT_S,
                    poll_s=0.2,
                )
                sql.rows(self.cluster, self.pod, "PURGE BINARY LOGS TO %s", newest)
        except (pymysql.MySQLError, WaitTimeoutError) as error:
            raise RefusedError(f"{self.pod}: {' '.join(str(error).split())}") from error

    def effect(self) -> Evidence:
        if self.newest_before is None:
            return Evidence(ok=False, seen={"rotated": False})

        def look() -> Evidence:
            logs = self._logs()
            rotated = logs[-1] != self.newest_before
            purged = self.newest_before not in logs
            return Evidence(
                ok=rotated and purged == self.fault.purge, seen={"rotated": rotated, "purged": purged, "logs": logs}
            )

        return sql.told(look)

    def heal(self) -> None:
        """What is purged does not come back."""

    def residue(self) -> Evidence:
        serving = self.cluster.membership.in_service(self.pod)
        return Evidence(ok=serving, seen={"in_service": serving})

    def _logs(self) -> list[str]:
        """The names of the binary logs, oldest first."""
        return [name for name, *_ in sql.rows(self.cluster, self.pod, "SHOW BINARY LOGS")]

    def _executed(self) -> str:
        return str(sql.value(self.cluster, self.pod, "SELECT @@global.gtid_executed"))

    def _everywhere(self, executed: str) -> bool:
        serving = [name for name, status in self.cluster.status().items() if status is not None and status.in_service]
        return all(self.cluster.membership.has_executed(name, executed) for name in serving)
