"""password-rotated: the application's user gets a new password while its clients go on with the old one.

With ``retain`` MySQL keeps the old one beside the new (RETAIN CURRENT PASSWORD), so that clients can be told one after
another; without it sessions that are open go on, and every new one is refused. Bites when every pod in service lets the
new password in, and the old one as promised. Heals by the old password as the only one: the load goes on with it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pymysql

from chaos import sql
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from cluster.keys import flag
from cluster.mysqld.mysqld import APPLICATION, connect

ER_ACCESS_DENIED = 1045
_RETAINED = "SELECT COUNT(*) FROM mysql.user WHERE User = %s AND User_attributes->'$.additional_password' IS NOT NULL"


@dataclass(frozen=True, kw_only=True)
class PasswordRotated(Fault):
    retain: bool = flag("whether the old password is let in beside the new one", default=True)

    name = "password-rotated"
    does = "a rotated password: with both valid nobody notices; with the new one alone every new session is refused"
    bites = "every pod in service lets the new password in, and the old one as promised"
    heals = "the old password is the only one again"
    good = "retained: no failed operation; not retained: sessions that are open go on"
    targets = ("primary",)
    refuted_by = Refutations(bitten={"new_let_in": (False,)}, clean={"new_let_in": (True,), "old_let_in": (False,)})

    def on(self, victim: Victim, context: Context) -> Rotated:
        return Rotated(fault=self, victim=victim, context=context)


class Rotated(Injection[PasswordRotated]):
    @property
    def _new_password(self) -> str:
        """The same for everyone who knows the old one; as long as the longest that a user may have."""
        return f"Aa0-{hashlib.sha256(self.cluster.credentials.app.encode()).hexdigest()[:28]}"

    def inject(self) -> None:
        retain = " RETAIN CURRENT PASSWORD" if self.fault.retain else ""
        statement = f"ALTER USER {APPLICATION}@'%%' IDENTIFIED BY %s{retain}"
        sql.attempt(
            f"password-rotated on {self.pod}", lambda: sql.rows(self.cluster, self.pod, statement, self._new_password)
        )

    def effect(self) -> Evidence:
        def look() -> Evidence:
            new, old = all(self._let_in(self._new_password)), all(self._let_in(self.cluster.credentials.app))
            return Evidence(ok=new and old == self.fault.retain, seen={"new_let_in": new, "old_let_in": old})

        return sql.told(look)

    def heal(self) -> None:
        def restore() -> None:
            primary = self.cluster.membership.primary()
            old = self.cluster.credentials.app
            if self._logs_in(primary, self._new_password) or not self._logs_in(primary, old):
                sql.rows(self.cluster, primary, f"ALTER USER {APPLICATION}@'%%' IDENTIFIED BY %s", old)
                if sql.value(self.cluster, primary, _RETAINED, APPLICATION):
                    sql.rows(self.cluster, primary, f"ALTER USER {APPLICATION}@'%' DISCARD OLD PASSWORD")

        sql.attempt("password-rotated is undone", restore)

    def residue(self) -> Evidence:
        def look() -> Evidence:
            new, old = any(self._let_in(self._new_password)), all(self._let_in(self.cluster.credentials.app))
            return Evidence(ok=old and not new, seen={"new_let_in": new, "old_let_in": old})

        return sql.told(look)

    def _let_in(self, password: str) -> list[bool]:
        """Of each pod in service, whether it lets the application in with it; raises one of UNREACHABLE."""
        serving = [name for name, status in self.cluster.status().items() if status is not None and status.in_service]
        return [self._logs_in(pod, password) for pod in serving]

    def _logs_in(self, pod: str, password: str) -> bool:
        try:
            connect(self.cluster.hosts[pod], user=APPLICATION, password=password, timeout_s=sql.ASK_TIMEOUT_S).close()
        except pymysql.OperationalError as error:
            if error.args[:1] != (ER_ACCESS_DENIED,):
                raise
            return False
        return True
