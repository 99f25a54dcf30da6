"""A trickle of writes and reads through the mesh, beside every fault: faults need traffic to bite, and service has to
come back after each."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pymysql

from cluster.mysqld import mysqld
from cluster.wait import wait_until
from mesh.proxies.proxy import Address

PAUSE_S = 0.05
TIMEOUT_S = 2.0
TABLE = "selftest"
#: Rows that must be acknowledged, one after the other, before service counts as back.
ENOUGH = 5


class Traffic:
    """acknowledged: how many writes were. entrance: where they go in; asked anew for every connection."""

    def __init__(self, entrance: Callable[[], Address], *, password: str) -> None:
        self.acknowledged = 0
        self._entrance, self._password = entrance, password
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def wait_for_more(self, *, timeout_s: float) -> None:
        """Wait until writes succeed now; raises WaitTimeoutError."""
        before = self.acknowledged
        wait_until("writes succeed again", lambda: self.acknowledged >= before + ENOUGH, timeout_s=timeout_s)

    def _run(self) -> None:
        while not self._over.wait(PAUSE_S):
            try:
                address, port = self._entrance()
                with mysqld.connect(
                    address,
                    port=port,
                    user=mysqld.APPLICATION,
                    password=self._password,
                    timeout_s=TIMEOUT_S,
                    database=mysqld.DATABASE,
                ) as connection:
                    self._write(connection)
            except (pymysql.MySQLError, OSError):  # what a fault does to it is no news
                continue

    def _write(self, connection: pymysql.Connection[pymysql.cursors.Cursor]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (id BIGINT AUTO_INCREMENT PRIMARY KEY, at DATETIME(6))")
            while not self._over.wait(PAUSE_S):
                cursor.execute(f"INSERT INTO {TABLE} (at) VALUES (NOW(6))")
                self.acknowledged += 1
                cursor.execute(f"SELECT MAX(id) FROM {TABLE}")
                cursor.fetchone()
