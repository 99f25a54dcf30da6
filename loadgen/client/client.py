"""One logical client: a session that is reopened after it broke or grew old, and one attempt at an operation on it.

Never tries an operation twice by itself: that is the driver's, where the scenario asks for it. A session that the
server ended while it was idle (``wait_timeout``) is no attempt: nothing of the operation was read by any server, so
another session is opened, once, for the same attempt. Decision 0019 says how that is told from everything else.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import Any, Protocol

from loadgen.client.connection import NoServerError
from loadgen.outcome import ERROR_TEXT_LIMIT, SESSION_SURVIVES, WIRE_ERRORS, Result, judge
from loadgen.policy import Policy
from loadgen.wire.session import Session
from loadgen.wire.wire import ER_CLIENT_INTERACTION_TIMEOUT
from loadgen.workload import Op, Port, RefusedError, SqlSession


class Connects(Protocol):
    """What a client needs of `loadgen.client.connection.Connector`."""

    def connect(self) -> Session:
        """Raises NoServerError."""


class Runs(Protocol):
    """What a client needs of a workload."""

    def run(self, session: SqlSession, op: Op) -> Any: ...


class Client:
    """server: the mysqld of the session used last, or None when the last attempt to connect failed.

    connector opens sessions for writes; reader, where the mesh has a read port, those for Op.port ``read``.
    policy: when sessions are opened again; rng: for its jitter.
    """

    def __init__(
        self,
        connector: Connects,
        workload: Runs,
        *,
        reader: Connects | None = None,
        policy: Policy | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._connectors: dict[Port, Connects] = {"write": connector, "read": reader or connector}
        self._workload = workload
        self._policy = policy or Policy()
        self._rng = rng or random.Random(0)
        self._sessions: dict[Port, Session] = {}
        #: When each session is too old (time.monotonic), and which ports have lost theirs.
        self._due_s: dict[Port, float] = {}
        self._lost: set[Port] = set()
        self.server: str | None = None

    def make_ready(self) -> None:
        """Return when an operation may be given to this client, as the policy says: old sessions are replaced, and with
        ``backoff`` lost ones are open again."""
        for port in [port for port, due_s in self._due_s.items() if time.monotonic() >= due_s]:
            self._drop(port)
        if self._policy.reconnect == "backoff":
            for port in sorted(self._lost):
                self._reconnect(port)

    def _reconnect(self, port: Port) -> None:
        failures = 0
        while True:
            try:
                self.connect(port)
                return
            except NoServerError:
                failures += 1
            time.sleep(self._policy.reconnect_delay_s(self._rng, failures=failures))

    def _drop(self, port: Port) -> None:
        self._sessions.pop(port).close()
        del self._due_s[port]
        self._lost.add(port)

    def connect(self, port: Port = "write") -> Session:
        """The open session of a port, or a new one, also where the server has ended it. Raises NoServerError."""
        session = self._sessions.get(port)
        if session is not None and session.ended:
            self._drop(port)
            session = None
        if session is None:
            self.server = None
            self._lost.add(port)
            session = self._sessions[port] = self._connectors[port].connect()
            self._lost.discard(port)
            self._due_s[port] = time.monotonic() + self._policy.lifetime_s(self._rng)
        self.server = session.server
        return session

    def attempt(self, op: Op) -> Result:
        """Run the operation once, after at most one attempt to connect."""
        reopened = False
        while True:
            try:
                session = self.connect(op.port)
            except NoServerError as error:
                return Result(outcome="fail", errno=error.errno, error=str(error)[:ERROR_TEXT_LIMIT])
            result = self._run(session, op)
            if result.errno != ER_CLIENT_INTERACTION_TIMEOUT or session.asked != 1 or session.commit_sent or reopened:
                return result
            reopened = True  # its farewell was under way already when the first statement was sent

    def _run(self, session: Session, op: Op) -> Result:
        """One attempt on a session, which is kept where it is still of use."""
        session.begin_operation()
        try:
            return Result(outcome="ok", value=self._workload.run(session, op), gtid=session.gtid)
        except RefusedError as refusal:
            return Result(outcome="fail", error=str(refusal), refused=True)
        except WIRE_ERRORS as error:
            result = judge(error, commit_sent=session.commit_sent)
            if result.outcome == "unknown":
                result = replace(result, value=session.done)
        if not _usable_after(result.errno, session):
            self._drop(op.port)
        return result


def _usable_after(errno: int | None, session: Session) -> bool:
    if errno not in SESSION_SURVIVES:
        return False
    try:
        session.rollback()
    except WIRE_ERRORS:
        return False
    return True
