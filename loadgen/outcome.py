"""What an error means for the money: the one table of MySQL error numbers.

Two facts decide, the error number and whether COMMIT had been sent; never the message text. Before COMMIT was sent
every error is a ``fail``, because a server rolls an uncommitted transaction back. From then on only an error that
certainly means rollback is a ``fail``; everything else is ``unknown``, above all a lost connection.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import pymysql

from history.ops import Outcome

#: What a statement can raise once a server or the way to it breaks. PyMySQL wraps most into its own errors;
#: a packet garbled on the way surfaces as struct.error or IndexError out of its parser, a closed socket as OSError.
WIRE_ERRORS = (pymysql.MySQLError, OSError, EOFError, struct.error, IndexError)

#: Answers to COMMIT after which the transaction is certainly rolled back, on this server and on every replica. That
#: 1205 and 1290 leave neither change nor lock behind was tried on MySQL 9.7.
ROLLED_BACK_AT_COMMIT = frozenset(
    {
        # ER_LOCK_WAIT_TIMEOUT: COMMIT could not get the global commit lock (FLUSH TABLES WITH READ LOCK) in
        # lock_wait_timeout; ha_commit_trans rolls back before anything reached the binary log.
        1205,
        # ER_LOCK_DEADLOCK: chosen as victim, or aborted for a replication applier of higher priority; InnoDB has
        # rolled it back.
        1213,
        # ER_OPTION_PREVENTS_STATEMENT: (super_)read_only was switched on meanwhile; checked and rolled back ahead of
        # prepare, so nothing was written or sent to a group.
        1290,
        # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION: refused before execution.
        1792,
        # ER_READ_ONLY_MODE: InnoDB or the server is in read-only mode; refused before prepare.
        1836,
    }
)
# Deliberately absent, hence unknown:
#   1053 ER_SERVER_SHUTDOWN, 1317 ER_QUERY_INTERRUPTED: the commit may have been past the point of no
#       return when the kill came.
#   1180 ER_ERROR_DURING_COMMIT, 1598 ER_BINLOG_LOGGING_IMPOSSIBLE: an engine or the binary log failed half way.
#   3100 ER_RUN_HOOK_ERROR, 3101 ER_TRANSACTION_ROLLBACK_DURING_COMMIT: 3101 is a lost certification, but also what a
#       member that leaves the group answers while the majority may already have received and applied the transaction.
#   2006 CR_SERVER_GONE_ERROR, 2013 CR_SERVER_LOST, timeouts, OSError: COMMIT or its answer was lost on the way.

#: Errors that leave the session usable after a ROLLBACK. After any other the client reconnects, as a pool would that
#: wants to find the writable server again.
SESSION_SURVIVES = frozenset({1205, 1213})

ERROR_TEXT_LIMIT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How one attempt ended.

    value: what to record as the operation's value, or None for the intended one.
    errno: MySQL error number (client 2xxx or server), or None.
    error: for people, at most ERROR_TEXT_LIMIT characters.
    gtid: of what was acknowledged, as the server wrote it, or None where nothing was written or it does not say.
    refused: the workload itself gave it up, which is an answer and no failure of the database.
    """

    outcome: Outcome
    errno: int | None = None
    error: str | None = None
    value: Any = None
    gtid: str | None = None
    refused: bool = False


def errno_of(error: BaseException) -> int | None:
    """The MySQL error number, or None where there is none: InterfaceError(0, ''), OSError, a parser's error.

    An OSError's own number is not one of MySQL's and would be mistaken for it.
    """
    if isinstance(error, pymysql.MySQLError) and error.args and isinstance(error.args[0], int):
        return error.args[0] or None
    return None


def judge(error: BaseException, *, commit_sent: bool) -> Result:
    """The outcome of an attempt that raised one of WIRE_ERRORS. A read never sends COMMIT, so it never is unknown."""
    errno = errno_of(error)
    certain = not commit_sent or errno in ROLLED_BACK_AT_COMMIT
    return Result(outcome="fail" if certain else "unknown", errno=errno, error=describe(error))


def describe(error: BaseException) -> str:
    """One line for people."""
    text = str(error.args[1]) if errno_of(error) is not None and len(error.args) > 1 else repr(error)
    return text[:ERROR_TEXT_LIMIT]
