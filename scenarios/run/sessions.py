"""What becomes of a user's options in the sessions of a run, said where it is not what the options say.

The sessions of the load set for themselves what the transactions of a workload depend on, and the run's database and
tables name their character set: such an option of the user's is in effect on the server and overridden there. And an
``init_connect`` that fails ends every session of the application's, which is told before there is data.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import pymysql
from pymysql.cursors import Cursor

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.mysqld import mysqld
from cluster.mysqld.option_names import canonical
from cluster.mysqld.options import normal
from cluster.session import CHARACTER_SET, COLLATION
from loadgen.client.connection import settings

log = logging.getLogger("meshbench")

#: What mysqld takes in front of an option's name.
PREFIXES = re.compile("^(loose_)?(skip_|disable_|enable_|maximum_)?")
INIT_CONNECT = "init_connect"
#: Variable -> what the DDL of a run says instead.
OF_DATABASE = {"character_set_server": CHARACTER_SET, "collation_server": COLLATION}
OF_TABLES = {"default_storage_engine": "InnoDB"}
#: What the server answers to the first command of a session that its init_connect has ended.
ER_NEW_ABORTING_CONNECTION = 1184
#: Under which the reason is in the error log, which a table shows since MySQL 8.0.22.
REASON = (
    "SELECT DATA FROM performance_schema.error_log WHERE DATA LIKE '%%init\\_connect command failed%%' AND DATA LIKE %s"
    " ORDER BY LOGGED DESC LIMIT 1"
)


FAILED = re.compile(r"init_connect command failed; diagnostics area: (?P<why>.*)\)")


def noted(rows: list[dict[str, Any]], *, isolation: str, locustfile: bool) -> list[dict[str, Any]]:
    """The manifest's ``options`` with a note where something of ours overrides one, which is logged as well.

    rows: as `cluster.mysqld.requested.in_effect` gives them. isolation: of the load. locustfile: whose sessions and
    tables are its own, so that only the database names what it is.
    """
    return [_noted(row, instead_of(isolation=isolation, locustfile=locustfile)) for row in rows]


def instead_of(*, isolation: str, locustfile: bool) -> dict[str, tuple[str, str]]:
    """Variable -> the value that the run has instead, and the sentence that says so."""
    found = {name: (value, f"the run's database and tables say {value}") for name, value in OF_DATABASE.items()}
    if locustfile:
        return {name: (value, f"the run's database says {value}") for name, (value, _) in found.items()}
    found |= {name: (value, f"the workload's tables say {value}") for name, value in OF_TABLES.items()}
    for name, value in settings(isolation).items():
        found[name] = str(value), f"every session of the load sets {value} for itself"
    level = isolation.upper()
    found["transaction_isolation"] = level, f"every session of the load sets {level}, by mysql.isolation"
    return found


def _noted(row: dict[str, Any], instead: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    name = PREFIXES.sub("", row["option"].lower().replace("-", "_"))
    if name not in instead:
        return row
    value, sentence = instead[name]
    effective = row["effective"].values()
    if all(normal(one) == normal(value) for one in effective):
        return row
    log.warning("%s: %s is overridden: %s", row["from"], row["option"], sentence)
    return row | {"note": "; ".join(filter(None, (row["note"], f"overridden: {sentence}")))}


def fit_packets(connection: Any) -> None:
    """Have the cursors made from now on fold rows into statements that the server's max_allowed_packet lets through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@max_allowed_packet")
        size = min(Cursor.max_stmt_length, cursor.fetchone()[0] // 2)
    connection.cursorclass = type("FittedCursor", (Cursor,), {"max_stmt_length": size})


def require_certificates(cluster: Cluster, rows: list[dict[str, Any]]) -> None:
    """Raise ConfigurationError when a pod serves without TLS because of the certificate files that the user names.

    mysqld warns of files that are not there, and goes on without TLS. rows: as `cluster.mysqld.requested.in_effect`
    gives them.
    """
    theirs = [row for row in rows if canonical(row["option"]).startswith("ssl_")]
    for pod in cluster.pods if theirs else ():
        with cluster.connect(pod) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Ssl_server_not_after'")  # of its certificate; empty without one
            shown = cursor.fetchone()
        if not shown or not shown[1]:
            names = ", ".join(row["option"] for row in theirs)
            raise ConfigurationError(
                f"{theirs[0]['from']}: {names}: {pod} serves without TLS under them: a pod has the files of its image, "
                "none of your machine's; leave them out (mysqld then makes its own), or bring an image that has them"
            )


def require_init_connect(cluster: Cluster, variables: Mapping[str, Mapping[str, str]]) -> None:
    """Raise ConfigurationError when the primary's init_connect ends the sessions of the application.

    variables: pod -> its SHOW GLOBAL VARIABLES.
    """
    if not any(values.get(INIT_CONNECT) for values in variables.values()):
        return
    primary = cluster.membership.primary()
    try:
        mysqld.connect(
            cluster.hosts[primary], user=mysqld.APPLICATION, password=cluster.credentials.app, timeout_s=10
        ).close()
    except pymysql.MySQLError as error:
        if error.args[0] != ER_NEW_ABORTING_CONNECTION:
            raise
        said = _reason(cluster, primary) or str(error.args[1])
        raise ConfigurationError(
            f"{INIT_CONNECT} fails for the user {mysqld.APPLICATION}, and MySQL then ends each of its sessions; on "
            f"{primary} it says: {said}"
        ) from None


def _reason(cluster: Cluster, pod: str) -> str | None:
    """What the error log says of it, without the words around it."""
    try:
        with cluster.connect(pod) as connection, connection.cursor() as cursor:
            cursor.execute(REASON, (f"%{mysqld.APPLICATION}%",))
            row = cursor.fetchone()
    except pymysql.MySQLError:  # an older MySQL, or one without performance_schema
        return None
    found = row and FAILED.search(str(row[0]))
    return found["why"] if found else None
