"""rolling-config: variables of mysqld are changed on every node in turn, replicas first and the primary last.

A dynamic variable is set at once and for later starts (SET PERSIST); one that mysqld reads at its start alone is
written for that (SET PERSIST_ONLY), and the node is restarted as `rolling-restart` does it. Took effect on a node when
it has the values. They stay: undoing a change is another change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pymysql

from chaos import sql
from chaos.changes.rolling_restart import hand_over
from chaos.changes.set_global import read_globals
from chaos.changes.variables import Variables
from chaos.fault import Context, Evidence, Refutations, Setting, Victim
from chaos.process.restart import Restart, Restarted
from cluster.errors import RefusedError
from cluster.keys import Mistake, part

#: Of a variable that can only be set at start.
ER_INCORRECT_GLOBAL_LOCAL_VAR = 1238


@dataclass(frozen=True, kw_only=True)
class RollingConfig(Restart):
    variables: Variables = part("what is set, such as {max_connections: 500}; required", default=Variables())  # noqa: RUF009  # a key

    name = "rolling-config"
    does = "a new configuration on all nodes in turn: with a restart each where a variable asks for it"
    bites = "of each node: it has the values; where they ask for a restart, the engine has started it anew"
    heals = "not undone; a node that was interrupted in its restart is started"
    good = "dynamic variables: nobody notices; others: as for a rolling restart"
    known_as = "kubectl rollout after a ConfigMap; Percona Operator smart update"
    example: ClassVar[Mapping[str, Any]] = {"variables": {"max_connections": 499}}
    targets = ("all", "replicas", "one_replica")
    one_by_one = True
    refuted_by = Refutations(bitten={"set": (False,)}, clean={"container": ("exited", "frozen"), "answers": (False,)})

    def on(self, victim: Victim, context: Context) -> Configured:
        return Configured(fault=self, victim=victim, context=context)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        return self.variables.misfit() or super().misfit(target, setting)

    def unknown_to(self, variables: Collection[str]) -> Mistake | None:
        return self.variables.unknown_to(variables)


class Configured(Restarted):
    fault: RollingConfig

    def inject(self) -> None:
        try:
            assignments = self.fault.variables.assignments()
            at_start = [name for name, value in assignments.items() if self._persist(name, value)]
        except pymysql.MySQLError as error:
            raise RefusedError(f"{self.pod}: {' '.join(str(error).split())}") from error
        if at_start:
            hand_over(self.cluster, self.pod)
            super().inject()

    def _persist(self, name: str, value: str) -> bool:
        """Set one variable for good; returns whether it takes a restart."""
        try:
            sql.rows(self.cluster, self.pod, f"SET PERSIST {name} = {value}")
        except pymysql.MySQLError as error:
            if error.args[0] != ER_INCORRECT_GLOBAL_LOCAL_VAR:
                raise
            sql.rows(self.cluster, self.pod, f"SET PERSIST_ONLY {name} = {value}")
            return True
        return False

    def effect(self) -> Evidence:
        def look() -> Evidence:
            values = read_globals(self.cluster, self.pod, list(self.fault.variables.values))
            is_set = self.fault.variables.are(values)
            return Evidence(ok=is_set, seen={"set": is_set, "values": values, "restarted": self.began is not None})

        return sql.told(look)
