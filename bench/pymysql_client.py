"""The yardstick of `make bench-load`: the same transactions on PyMySQL's own cursors, as anybody would. In a pod:

    python3 pymysql_client.py load.json COUNT

Greenlets, one a connection, run COUNT operations of the configured workload as fast as they can; nothing is recorded.
Prints one line of JSON: ok, seconds, cpu_s.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
import pymysql
from gevent import monkey
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from loadgen.config import LoadConfig
from loadgen.wire.statements import Row
from loadgen.workload import op_key
from loadgen.workloads.registry import create


class CursorSession:
    """A `loadgen.workload.SqlSession`."""

    def __init__(self, connection: Connection[Cursor]) -> None:
        self._cursor = connection.cursor()

    def execute(self, sql: str, args: Row = ()) -> int:
        return self._cursor.execute(sql, args)

    def fetch(self, sql: str, args: Row = ()) -> tuple[Row, ...]:
        self._cursor.execute(sql, args)
        return self._cursor.fetchall()

    def execute_all(self, *statements: tuple[str, Row]) -> tuple[int, ...]:
        return tuple([self.execute(sql, args) for sql, args in statements])

    def begin(self) -> None:
        self._cursor.execute("BEGIN")

    def commit(self, done: Any = None) -> None:
        del done
        self._cursor.execute("COMMIT")

    def rollback(self) -> None:
        self._cursor.execute("ROLLBACK")


def main(config_file: str, count: int) -> dict[str, Any]:
    config = LoadConfig.from_json(Path(config_file).read_text())
    workload = create(config.workload)
    host, port = config.endpoints[0]
    sessions = [
        CursorSession(
            pymysql.connect(
                host=host,
                port=port,
                user=config.user,
                password=config.password,
                database=config.database,
                autocommit=True,
                ssl_disabled=True,
            )
        )
        for _ in range(config.connections)
    ]
    rng, numbers = random.Random(config.seed), itertools.count()
    ok = 0

    def serve(session: CursorSession) -> None:
        nonlocal ok
        while (number := next(numbers)) < count:
            op = workload.next(rng, op_key(seed=config.seed, worker=config.worker, sequence=number))
            workload.run(session, op)
            ok += 1

    began_s, cpu_began_s = time.monotonic(), time.process_time()
    gevent.joinall([gevent.spawn(serve, session) for session in sessions], raise_error=True)
    return {"ok": ok, "seconds": time.monotonic() - began_s, "cpu_s": time.process_time() - cpu_began_s}


if __name__ == "__main__":
    monkey.patch_socket()
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
