"""listener-drained: a proxy of the clients takes no new sessions, as before its shutdown; those that live go on.

Envoy closes its listeners (``/drain_listeners``), HAProxy disables its frontends. Bites when new ones are refused
on every port while the admin interface answers, and a session that was opened before still works. HAProxy is
told to go on; Envoy cannot take it back, so its process is started anew, which ends the sessions that had lived on.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any, ClassVar

import pymysql

from chaos.fault import Context, Evidence, Fault, Injection, Mode, Refutations, Setting, Victim
from chaos.probes import TIMEOUT_S, answers, pod_named, process
from cluster.agent.agent import greets
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.front import Drain
from cluster.keys import Mistake
from cluster.mysqld.mysqld import PORT, connect

#: Those of the write pool and the read pool.
PORTS = (PORT, PORT + 1)


@dataclass(frozen=True, kw_only=True)
class ListenerDrained(Fault):
    name = "listener-drained"
    does = "a proxy about to leave: sessions that live go on, and whoever reconnects is refused"
    bites = "new connections are refused while the admin interface answers and a session opened before still works"
    heals = "HAProxy enables its frontends; Envoy is started anew, which ends the sessions that lived on"
    good = "pooled sessions carry the load; what reconnects fails fast, or goes to another proxy where there is one"
    known_as = "Envoy drain_listeners; HAProxy disable frontend"
    targets = ("proxy",)
    meshes: ClassVar[tuple[Mode, ...]] = ("gateway", "sidecar", "mtls")
    refuted_by = Refutations(bitten={"refused": (False,), "lives": (False,)}, clean={"refused": (True,)})

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        del target
        if setting.proxy == "router":
            why = "MySQL Router's admin interface stops no listener; use proxy envoy or haproxy, or fault kill"
            return Mistake(key="fault", why=why)
        return None

    def on(self, victim: Victim, context: Context) -> Drained:
        return Drained(fault=self, victim=victim, context=context)


@dataclass(kw_only=True)
class Drained(Injection[ListenerDrained]):
    """live: a session by way of the proxy, opened before it drained."""

    live: Any = None

    def inject(self) -> None:
        self.live = _session(self.cluster, self.pod)
        self._run(*self._drain.stop)

    def effect(self) -> Evidence:
        refused = self._refused()
        lives = None if self.live is None else _works(self.live)
        admin = answers(self.cluster, self.victim)
        seen = {"refused": all(refused.values()), "ports": refused, "lives": lives, "admin_answers": admin}
        return Evidence(ok=all(refused.values()) and admin and lives is not False, seen=seen)

    def heal(self) -> None:
        if self.live is not None:
            self.live.close()
            self.live = None
        if not any(self._refused().values()):
            return
        if self._drain.resume is not None:
            self._run(*self._drain.resume)
        elif (proxy := process(self.cluster, self.victim)).state().word == "running":
            proxy.kill()
            proxy.wait(timeout_s=TIMEOUT_S)
            proxy.start()

    def residue(self) -> Evidence:
        address = pod_named(self.cluster, self.pod).address
        greeted = {port: greets(address, port=port, timeout_s=TIMEOUT_S) for port in PORTS}
        refused = any(self._refused().values())
        return Evidence(ok=all(greeted.values()) and not refused, seen={"refused": refused, "greeted": greeted})

    @property
    def _drain(self) -> Drain:
        drain = self.cluster.front.drain
        if drain is None:
            raise HarnessError(f"the proxy of {self.pod} cannot be drained")
        return drain

    def _run(self, *command: str) -> None:
        proxy = process(self.cluster, self.victim)
        code, said = proxy.exec(*command)
        if code != 0:
            raise HarnessError(f"{proxy.name}: `{command[0]}` ended with {code}: {said.decode(errors='replace')}")

    def _refused(self) -> dict[int, bool]:
        """Port -> whether nobody listens there."""
        address = pod_named(self.cluster, self.pod).address
        found = {}
        for port in PORTS:
            try:
                socket.create_connection((address, port), timeout=TIMEOUT_S).close()
                found[port] = False
            except ConnectionRefusedError:
                found[port] = True
            except OSError:  # silence is another fault's
                found[port] = False
        return found


def _session(cluster: Cluster, pod: str) -> Any:
    """By way of a proxy; None where it leads nowhere now."""
    try:
        address, password = pod_named(cluster, pod).address, cluster.credentials.root
        return connect(address, user="root", password=password, timeout_s=TIMEOUT_S)
    except pymysql.MySQLError:
        return None


def _works(session: Any) -> bool:
    try:
        with session.cursor() as cursor:
            cursor.execute("SELECT 1")
            return True
    except pymysql.MySQLError:
        return False
