"""One logical client: a session that is reopened after it broke, and one attempt at an operation on it.

Never tries an operation twice: a retry would hide exactly what this project measures.
"""

from __future__ import annotations

from loadgen.connection import Connector, NoServerError
from loadgen.outcome import ERROR_TEXT_LIMIT, SESSION_SURVIVES, WIRE_ERRORS, Result, judge
from loadgen.session import Session
from loadgen.workload import Op, RefusedError, Workload


class Client:
    """server: the mysqld of the last session, or None when the last attempt to connect failed."""

    def __init__(self, connector: Connector, workload: Workload) -> None:
        self._connector = connector
        self._workload = workload
        self._session: Session | None = None
        self.server: str | None = None

    def connect(self) -> Session:
        """The open session, or a new one. Raises NoServerError."""
        if self._session is None:
            self.server = None
            self._session = self._connector.connect()
            self.server = self._session.server
        return self._session

    def attempt(self, op: Op) -> Result:
        """Run the operation once, after at most one attempt to connect."""
        try:
            session = self.connect()
        except NoServerError as error:
            return Result(outcome="fail", errno=error.errno, error=str(error)[:ERROR_TEXT_LIMIT])
        try:
            return Result(outcome="ok", value=self._workload.run(session, op))
        except RefusedError as refusal:
            return Result(outcome="fail", error=str(refusal))
        except WIRE_ERRORS as error:
            result = judge(error, commit_sent=session.commit_sent)
        if not _usable_after(result.errno, session):
            session.close()
            self._session = None
        return result


def _usable_after(errno: int | None, session: Session) -> bool:
    if errno not in SESSION_SURVIVES:
        return False
    try:
        session.rollback()
    except WIRE_ERRORS:
        return False
    return True
