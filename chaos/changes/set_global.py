"""set-global: somebody sets a dynamic variable of a node in use (SET GLOBAL), and forgets it.

Other nodes keep theirs, and a restart brings the old value back. Bites when the node has the value. Heals by the value
that was there before, which is noted in the pod before anything is set.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pymysql

from chaos import sql
from chaos.changes.variables import Variables
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Setting, Victim
from chaos.probes import pod_named
from chaos.targets import NODES
from cluster.cluster import Cluster
from cluster.keys import Mistake, part

NOTE = "/tmp/meshbench-set-global.json"


@dataclass(frozen=True, kw_only=True)
class SetGlobal(Fault):
    variables: Variables = part("what is set, such as {max_connections: 50}; required", default=Variables())  # noqa: RUF009  # a key

    name = "set-global"
    does = "a dynamic variable changed by hand on one node, which its configuration knows nothing of"
    bites = "the node has the value"
    heals = "the value of before is set again"
    good = "what the variable is for; after a failover another node has another value"
    example: ClassVar[Mapping[str, Any]] = {"variables": {"max_connections": 60}}
    targets = NODES
    refuted_by = Refutations(bitten={"set": (False,)}, clean={"noted": (True,)})

    def on(self, victim: Victim, context: Context) -> Set:
        return Set(fault=self, victim=victim, context=context)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        del target, setting
        return self.variables.misfit()

    def unknown_to(self, variables: Collection[str]) -> Mistake | None:
        return self.variables.unknown_to(variables)


class Set(Injection[SetGlobal]):
    reason: str = ""

    def inject(self) -> None:
        wanted = self.fault.variables.assignments()

        def change() -> None:
            before = read_globals(self.cluster, self.pod, list(wanted))
            note = shlex.quote(json.dumps(before))
            pod_named(self.cluster, self.pod).run_in_namespace("bash", "-c", f"printf %s {note} > {NOTE}")
            sql.rows(self.cluster, self.pod, set_statement(wanted))

        try:
            change()
        except pymysql.MySQLError as error:
            self.reason = " ".join(str(error).split())
            sql.log.warning("set-global on %s: %s", self.pod, self.reason)

    def effect(self) -> Evidence:
        def look() -> Evidence:
            values = read_globals(self.cluster, self.pod, list(self.fault.variables.values))
            is_set = self.fault.variables.are(values)
            refused = {"reason": self.reason} if self.reason else {}
            return Evidence(ok=is_set, seen={"set": is_set, "values": values, **refused})

        return sql.told(look)

    def heal(self) -> None:
        def restore() -> None:
            before = self._noted()
            known = Variables(values={name: value for name, value in before.items() if value is not None})
            if known.values:
                sql.rows(self.cluster, self.pod, set_statement(known.assignments()))

        sql.attempt(f"set-global on {self.pod} is undone", restore)  # one that is down comes back without it
        pod_named(self.cluster, self.pod).run_in_namespace("rm", "-f", NOTE)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            values = read_globals(self.cluster, self.pod, list(self.fault.variables.values))
            noted = bool(self._noted())
            return Evidence(
                ok=not noted and not self.fault.variables.are(values), seen={"noted": noted, "values": values}
            )

        return sql.told(look)

    def _noted(self) -> dict[str, Any]:
        code, written = pod_named(self.cluster, self.pod).probe_in_namespace("cat", NOTE)
        noted: dict[str, Any] = json.loads(written) if code == 0 and written else {}
        return noted


def read_globals(cluster: Cluster, pod: str, names: list[str]) -> dict[str, Any]:
    """The global values of these variables; raises one of UNREACHABLE, also where MySQL does not know one."""
    (values,) = sql.rows(cluster, pod, "SELECT " + ", ".join(f"@@global.{name}" for name in names))
    return {name: str(value) if value is not None else None for name, value in zip(names, values, strict=True)}


def set_statement(assignments: Mapping[str, str]) -> str:
    """One SET GLOBAL for all of them: either all are set or none."""
    return "SET " + ", ".join(f"GLOBAL {name} = {value}" for name, value in assignments.items())
