"""One logical client: a session that is reopened after it broke, and one attempt at an operation on it.

Never tries an operation twice: a retry would hide exactly what this project measures.
"""

from __future__ import annotations

from loadgen.connection import Connector, NoServerError
from loadgen.outcome import ERROR_TEXT_LIMIT, SESSION_SURVIVES, WIRE_ERRORS, Result, judge
from loadgen.session import Session
from loadgen.workload import Op, Port, RefusedError, Workload


class Client:
    """server: the mysqld of the session used last, or None when the last attempt to connect failed.

    connector opens sessions for writes; reader, where the mesh has a read port, those for Op.port ``read``.
    """

    def __init__(self, connector: Connector, workload: Workload, *, reader: Connector | None = None) -> None:
        self._connectors: dict[Port, Connector] = {"write": connector, "read": reader or connector}
        self._workload = workload
        self._sessions: dict[Port, Session] = {}
        self.server: str | None = None

    def connect(self, port: Port = "write") -> Session:
        """The open session of a port, or a new one. Raises NoServerError."""
        session = self._sessions.get(port)
        if session is None:
            self.server = None
            session = self._sessions[port] = self._connectors[port].connect()
        self.server = session.server
        return session

    def attempt(self, op: Op) -> Result:
        """Run the operation once, after at most one attempt to connect."""
        try:
            session = self.connect(op.port)
        except NoServerError as error:
            return Result(outcome="fail", errno=error.errno, error=str(error)[:ERROR_TEXT_LIMIT])
        session.forget_gtid()
        try:
            return Result(outcome="ok", value=self._workload.run(session, op), gtid=session.gtid)
        except RefusedError as refusal:
            return Result(outcome="fail", error=str(refusal))
        except WIRE_ERRORS as error:
            result = judge(error, commit_sent=session.commit_sent)
        if not _usable_after(result.errno, session):
            session.close()
            del self._sessions[op.port]
        return result


def _usable_after(errno: int | None, session: Session) -> bool:
    if errno not in SESSION_SURVIVES:
        return False
    try:
        session.rollback()
    except WIRE_ERRORS:
        return False
    return True
