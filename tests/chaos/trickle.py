"""A trickle of writes beside every proxy, for faults that show only where something is written."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pymysql

from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.mysqld.mysqld import DATABASE, create_database

EVERY_S = 0.1
ROWS = 1000


def fill(cluster: Cluster) -> None:
    """A table ``rows`` of some rows, in the application's database."""
    with cluster.connect(cluster.membership.primary()) as connection, connection.cursor() as cursor:
        create_database(cursor)
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {DATABASE}.trickle (id INT PRIMARY KEY, n BIGINT NOT NULL)")
        cursor.executemany(
            f"INSERT IGNORE INTO {DATABASE}.trickle VALUES (%s, 0)", [(number,) for number in range(ROWS)]
        )


@contextmanager
def trickle(cluster: Cluster) -> Iterator[None]:
    """Writes to the last rows of that table all the time; what is refused, or waits too long, is tried anew."""
    over = threading.Event()

    def write() -> None:
        number = 0
        while not over.wait(EVERY_S):
            with suppress(pymysql.MySQLError, OSError, HarnessError):
                primary = cluster.membership.primary(timeout_s=1)
                with cluster.connect(primary, timeout_s=2) as connection, connection.cursor() as cursor:
                    while not over.wait(EVERY_S):
                        number += 1
                        row = ROWS - 1 - number % (ROWS // 2)
                        cursor.execute(f"UPDATE {DATABASE}.trickle SET n = n + 1 WHERE id = %s", (row,))

    fill(cluster)
    thread = threading.Thread(target=write, name="trickle", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
