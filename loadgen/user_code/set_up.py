"""A user's own workload class sets its data up, in a container as the load pods are, before the load:

    python3 -P -m loadgen.user_code.set_up REQUEST ANSWER

Writes as JSON the ``queries`` of the final tables, each of which was tried, or ``refused`` in one line. What the class
prints goes to standard output and is no answer.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from pymysql.cursors import Cursor

from cluster.session import connect
from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.workload import Workload
from loadgen.workloads.registry import create


def set_up(request: dict[str, Any]) -> dict[str, Any]:
    """request: ``workload`` (a WorkloadConfig as JSON), ``seed``, and ``connect``, for `cluster.session.connect`."""
    try:
        workload = create(WorkloadConfig(**request["workload"]))
        with connect(**request["connect"]) as connection:
            workload.setup(connection, seed=request["seed"])
        with connect(**request["connect"]) as connection, connection.cursor() as cursor:
            return {"queries": _tried(workload, cursor, request["workload"]["name"])}
    except ConfigError as error:
        return {"refused": error.message, "key": error.key}
    except Exception as error:  # noqa: BLE001  MySQL's, of a connection that was lost on the way
        return {"refused": " ".join(f"the database could not be set up: {error}".split()), "key": "workload"}


def _tried(workload: Workload, cursor: Cursor, name: str) -> dict[str, str]:
    """The final queries, each of which the server takes, with columns that a table can have."""
    queries = dict(workload.final_queries())
    for table, query in queries.items():
        where = f"{name}.final_queries: table {table}"
        try:
            cursor.execute(f"SELECT * FROM ({query.rstrip().rstrip(';')}) AS tried LIMIT 0")
        except Exception as error:  # noqa: BLE001  MySQL's, or PyMySQL's of a text that is none
            raise ConfigError(f"{where} cannot be read: {error}, in: {query[:200]}", key="workload") from None
        columns = [column[0] for column in cursor.description]
        for column, times in Counter(columns).items():
            if times > 1:
                raise ConfigError(f"{where} has the column {column} twice; name one otherwise: … AS …", key="workload")
            if column == "node":
                raise ConfigError(f"{where} has a column node, and so has every final table: … AS …", key="workload")
    return queries


def main() -> int:
    request, answer = (Path(word) for word in sys.argv[1:3])
    answer.write_text(json.dumps(set_up(json.loads(request.read_text()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
