"""Before the first arrival: is this the database the load was made for, and is every client connected?

A run that starts on a broken path proves nothing, and a hang proves even less: every wait here ends.
"""

from __future__ import annotations

import time

from cluster.session import SETTINGS, statement
from loadgen.client.client import Client
from loadgen.client.connection import Connector, NoServerError
from loadgen.config import LoadConfig
from loadgen.outcome import WIRE_ERRORS, describe
from loadgen.wire.session import Session
from loadgen.workload import Workload

WARM_UP_S = 10.0
RETRY_S = 0.2

#: Answers that no waiting mends: ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_BAD_DB_ERROR,
#: ER_HOST_NOT_PRIVILEGED, ER_ACCESS_DENIED_NO_PASSWORD_ERROR.
REFUSALS = frozenset({1044, 1045, 1049, 1130, 1698})

#: ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS.
FULL = frozenset({1040, 1203})


def connect_within(client: Client, *, timeout_s: float) -> Session:
    """Connect, trying again until the time is over or the server refuses for good. Raises NoServerError."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return client.connect()
        except NoServerError as error:
            if error.errno in REFUSALS or time.monotonic() >= deadline:
                raise
        time.sleep(RETRY_S)


def database_problem(config: LoadConfig, workload: Workload, *, timeout_s: float = WARM_UP_S) -> str | None:
    """Why the load cannot begin, in one line, or None. Takes timeout_s plus one statement at most."""
    try:
        session = connect_within(Client(Connector(config), workload), timeout_s=timeout_s)
    except NoServerError as error:
        return f"cannot connect as {config.user} to {config.database}: {error}"
    try:
        session.execute(statement(SETTINGS))  # a look of ours, which no max_execution_time of the load's may cut
        return workload.check(session)
    except WIRE_ERRORS as error:
        return f"database {config.database} cannot be used: {describe(error)}"
    finally:
        session.close()
