"""The workload ``mixed-read``: writes at the mesh's write port, reads at its read port, to see how stale reads are.

A register is a row with a version. A write raises it by one and books the client's key; its recorded value is the
version it made. A read returns the version it found. Versions of one register are in the order of their commits, so a
read that began after version 7 was acknowledged and found 6 was stale, and by how much is known (check ``staleness``,
which needs the ops alone). Half of the reads are probes: they read the register that this worker had acknowledged
last, as an application does that shows a user what they have just saved. The schema is ours.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.options import Options, bounded, share
from loadgen.workload import Op, SetupConnection, SqlSession, count_problem, fill, recreate, refuse
from loadgen.workloads.skew import UNIFORM, Skew

TABLES = {
    "registers": "k INT NOT NULL PRIMARY KEY, version BIGINT NOT NULL",
    "writes": "id VARCHAR(40) NOT NULL PRIMARY KEY, k INT NOT NULL, version BIGINT NOT NULL",
}

FINAL_QUERIES = {
    "registers": "SELECT k, version FROM registers ORDER BY k",
    "writes": "SELECT id, k, version FROM writes ORDER BY id",
    "keys": "SELECT id AS `key` FROM writes ORDER BY id",
}


@dataclass(frozen=True, kw_only=True)
class MixedReadOptions(Options):
    """registers: how many. read_share: share of reads among the arrivals. probe_share: share of read-your-writes probes
    among the reads. skew: which registers are popular."""

    registers: int = bounded(1_000, at_least=1, at_most=10_000_000)
    read_share: float = share(0.5)
    probe_share: float = share(0.5)
    skew: Skew = UNIFORM


class MixedRead:
    """Implements workload.Workload. Remembers which register this worker had acknowledged last, for the probes."""

    name = "mixed-read"
    about = "writes at the write port, reads at the read port"
    operations = frozenset({"write", "read"})
    reads = frozenset({"read"})
    read_port = frozenset({"read"})
    refusals = frozenset[str]()
    keyed = True
    Options = MixedReadOptions

    def __init__(self, options: MixedReadOptions) -> None:
        self._registers = options.registers
        self._read_share = options.read_share
        self._probe_share = options.probe_share
        self._pick = options.skew.picker(options.registers)
        self._last: int | None = None

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        """All versions are 0 at first, so the seed decides nothing here."""
        del seed
        with connection.cursor() as cursor:
            recreate(cursor, TABLES)
            fill(cursor, "registers", ((k, 0) for k in range(1, self._registers + 1)))

    def check(self, session: SqlSession) -> str | None:
        session.fetch("SELECT id, k, version FROM writes LIMIT 1")
        return count_problem(session, "registers", self._registers)

    def next(self, rng: random.Random, key: str) -> Op:
        k = self._pick(rng)
        if rng.random() >= self._read_share:
            return Op(f="write", key=key, value={"k": k, "version": None})
        probe = rng.random() < self._probe_share
        return Op(f="read", key=key, value={"k": k, "version": None, "probe": probe}, port="read")

    def run(self, session: SqlSession, op: Op) -> dict[str, Any]:
        return self._read(session, op.value) if op.f == "read" else self._write(session, op)

    def _read(self, session: SqlSession, value: dict[str, Any]) -> dict[str, Any]:
        """A probe reads the register acknowledged last, or the one drawn where nothing was acknowledged yet."""
        k = self._last if value["probe"] and self._last is not None else value["k"]
        rows = session.fetch("SELECT version FROM registers WHERE k = %s", (k,))
        return {**value, "k": k, "version": rows[0][0] if rows else None}

    def _write(self, session: SqlSession, op: Op) -> dict[str, Any]:
        k = op.value["k"]
        session.begin()
        if session.execute("UPDATE registers SET version = version + 1 WHERE k = %s", (k,)) != 1:
            refuse(session, "register-missing")
        ((version,),) = session.fetch("SELECT version FROM registers WHERE k = %s", (k,))
        session.execute("INSERT INTO writes (id, k, version) VALUES (%s, %s, %s)", (op.key, k, version))
        made = {"k": k, "version": version}
        session.commit(made)
        self._last = k
        return made

    def final_queries(self) -> Mapping[str, str]:
        return FINAL_QUERIES


WORKLOAD = MixedRead
