"""From running pods to tables in the run folder: operations, observations, final state, logs."""

from __future__ import annotations

import io
import itertools
import json
import shutil
import tarfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pymysql
from docker.errors import NotFound
from docker.models.containers import Container

from checks import openings
from checks.history import OBSERVED_SCHEMA, OPS_SCHEMA
from cluster import steering
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.mysqld import DATABASE
from cluster.observer import OUTPUT as OBSERVED_FILE
from loadgen.clock import ROW_TIMES, Translation
from loadgen.recorder import OpsFile, OpsFileError
from scenarios.folder import RunFolder

#: Clocks of pods and host must agree this well; they are one clock unless the engine runs in a virtual machine.
CLOCK_TOLERANCE_NS = 50_000_000
DUMP_TIMEOUT_S = 120.0
#: A user's code may print a hundred thousand lines a second, and reading them takes longer than the run.
LOG_LINES = 100_000
#: Operations in memory at once: a long run must need no more than a short one.
BATCH = 50_000


def fetch(container: Container, path: str, into: Path) -> Path:
    """Copy one file out of a container, running or not, a piece at a time; raises HarnessError when it is not there."""
    try:
        chunks, _ = container.get_archive(path)
    except NotFound:
        raise HarnessError(f"{container.name}: {path} is not there; see the container's log") from None
    with tarfile.open(fileobj=_Stream(chunks), mode="r|") as archive:
        member = archive.next()
        content = archive.extractfile(member) if member else None
        if content is None:
            raise HarnessError(f"{container.name}: {path} is not a file")
        with into.open("wb") as file:
            shutil.copyfileobj(content, file)
    return into


class _Stream(io.RawIOBase):
    """The engine's chunks as a file to read from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (chunk := next(self._chunks, None)) is not None:
            self._rest += chunk
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def operations(
    container: Container, source: str, folder: RunFolder, *, worker: str, clock: Translation | None = None
) -> int:
    """``ops/<worker>.parquet`` from the load worker's file; returns how many torn last lines were left out (0 or 1).
    clock: of a worker on another machine."""
    raw = fetch(container, source, folder.path / "ops" / f"{worker}.jsonl")
    try:
        torn = to_parquet(raw, folder.path / "ops" / f"{worker}.parquet", who=f"load pod {worker}", clock=clock)
    except OpsFileError as error:
        raise HarnessError(str(error)) from None
    raw.unlink()
    return torn


def to_parquet(raw: Path, into: Path, *, who: str, clock: Translation | None = None) -> int:
    """Turn an ops.jsonl into a table; returns how many torn last lines were left out (0 or 1).

    clock: translates its times to this machine's. Raises OpsFileError, and without one HarnessError when its clock is
    not this machine's.
    """
    with OpsFile(raw) as recorded:
        if clock is None:
            _same_clock(recorded.clock, who)
        rows = iter(recorded) if clock is None else (clock.moved(row, ROW_TIMES) for row in recorded)
        write_ops(rows, into)
    return recorded.torn


def write_ops(rest: Iterator[Mapping[str, Any]], into: Path) -> None:
    """Write operations as a table, BATCH of them in memory at once."""
    with pq.ParquetWriter(into, OPS_SCHEMA, compression="zstd") as table:
        while batch := list(itertools.islice(rest, BATCH)):
            table.write_table(pa.Table.from_pylist(batch, schema=OPS_SCHEMA))


def rows_recorded(folder: RunFolder) -> dict[str, int]:
    """Load pod -> how many rows its ``ops/<pod>.parquet`` has, so that rows that go missing later are missed."""
    return {file.stem: pq.read_metadata(file).num_rows for file in sorted((folder.path / "ops").glob("*.parquet"))}


def observations(container: Container, folder: RunFolder) -> None:
    """``observed.parquet`` from the observer's file, in order of time."""
    raw = fetch(container, str(OBSERVED_FILE), folder.path / "observed.jsonl")
    lines = raw.read_text().splitlines()
    _same_clock(json.loads(lines[0])["clock"], "observer")
    rows = [json.loads(line) for line in _whole(lines[1:])]
    rows.sort(key=lambda row: row["at_ns"])
    columns = {name: [row.get(name) for row in rows] for name in OBSERVED_SCHEMA.names}
    pq.write_table(
        pa.Table.from_pydict(columns, schema=OBSERVED_SCHEMA), folder.path / "observed.parquet", compression="zstd"
    )
    raw.unlink()


def decisions(cluster: Cluster, folder: RunFolder) -> None:
    """``decisions.jsonl`` from the control plane, where there is one."""
    if cluster.steering is not None:
        made = steering.decisions(cluster.steering)
        (folder.path / "decisions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in made))


def _whole(lines: list[str]) -> list[str]:
    """All lines but a last one that was cut off when the observer was stopped."""
    return lines if not lines or lines[-1].endswith("}") else lines[:-1]


def _same_clock(clock: Mapping[str, int], who: str) -> None:
    """CLOCK_MONOTONIC must be the host's: faults are timed here, operations there."""
    theirs = clock["unix_ns"] - clock["monotonic_ns"]
    ours = time.time_ns() - time.monotonic_ns()
    if abs(theirs - ours) > CLOCK_TOLERANCE_NS:
        raise HarnessError(
            f"the clock of {who} differs from the host's by {abs(theirs - ours) / 1e6:.0f} ms: the engine runs on "
            "another kernel, or the wall clock was set during the run; run meshbench on the engine's own host"
        )


def final_state(cluster: Cluster, queries: Mapping[str, str], folder: RunFolder) -> None:
    """``final/<table>.parquet`` with a ``node`` column, and ``final/nodes.json``, from every pod that answers."""
    statuses, aside = cluster.status(), cluster.quarantined()
    with ThreadPoolExecutor(max_workers=len(statuses)) as pool:
        dumps = dict(
            zip(
                statuses,
                pool.map(lambda name: _dump(cluster, name, queries) if statuses[name] else None, statuses),
                strict=True,
            )
        )
    for table in queries:
        parts = [
            pa.table({"node": [name] * len(rows), **{key: [row[key] for row in rows] for key in columns}})
            for name, dump in dumps.items()
            if dump
            for columns, rows in [dump["tables"][table]]
        ]
        if parts:
            pq.write_table(
                pa.concat_tables(parts, promote_options="permissive"),
                folder.path / "final" / f"{table}.parquet",
                compression="zstd",
            )
    nodes: dict[str, Any] = {}
    for name, status in statuses.items():
        dump = dumps[name]
        nodes[name] = {
            "role": status.role if status else None,
            "state": "QUARANTINED" if name in aside else (status.state or "ONLINE") if status else "UNREACHABLE",
            "gtid_executed": dump["gtid_executed"] if dump else None,
            "checksums": dump["checksums"] if dump else {},
        }
    folder.write_json("final/nodes.json", nodes)


def refuse_unreadable(cursor: Any, queries: Mapping[str, str], *, of: str) -> None:
    """Try the queries of the end before anything is done; raises ConfigurationError. of: the workload's name."""
    for table, query in queries.items():
        where = f"workload {of}: final table {table} cannot be read"
        try:
            cursor.execute(f"SELECT * FROM ({query.rstrip().rstrip(';')}) AS tried LIMIT 0")
        except pymysql.MySQLError as error:
            raise ConfigurationError(f"{where}: {error}, in: {query}") from None
        columns = [column[0] for column in cursor.description]
        if table == "keys" and "key" not in columns:
            raise ConfigurationError(f"{where}: it needs a column key (… AS `key`), and has {', '.join(columns)}")


def opened(cursor: Any, queries: Mapping[str, str], *, of: str) -> dict[str, Any]:
    """What set-up put into the tables and no operation changes, for the manifest; of: the workload's name."""
    found: dict[str, Any] = {}
    for table, query in queries.items():
        if openings.is_fixed(of, table):
            cursor.execute(query)
            rows = pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])
            found[table] = openings.described(of, table, rows)
    return found


def _dump(cluster: Cluster, name: str, queries: Mapping[str, str]) -> dict[str, Any]:
    """One pod's tables, checksums and executed transactions, read in one consistent snapshot."""
    tables: dict[str, tuple[list[str], list[dict[str, Any]]]] = {}
    with (
        cluster.connection(name, timeout_s=DUMP_TIMEOUT_S, database=DATABASE) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        for table, query in queries.items():
            cursor.execute(query)
            columns = [column[0] for column in cursor.description]
            tables[table] = (columns, [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()])
        cursor.execute("COMMIT")
        cursor.execute("SHOW TABLES")
        names = ", ".join(f"`{name}`" for (name,) in cursor.fetchall())
        if names:
            cursor.execute(f"CHECKSUM TABLE {names}")
        checksums = {row[0].partition(".")[2]: row[1] for row in cursor.fetchall()}
        cursor.execute("SELECT @@global.gtid_executed")
        executed = "".join(cursor.fetchone()[0].split())
    return {"tables": tables, "checksums": checksums, "gtid_executed": executed}


def variables(cluster: Cluster) -> dict[str, dict[str, str]]:
    """Effective ``SHOW GLOBAL VARIABLES`` of every pod that answers."""
    found: dict[str, dict[str, str]] = {}
    for name, status in cluster.status().items():
        if status:
            with cluster.connection(name) as connection, connection.cursor() as cursor:
                cursor.execute("SHOW GLOBAL VARIABLES")
                found[name] = dict(cursor.fetchall())
    return found


def logs(containers: Iterable[Container], folder: RunFolder, *, hide: list[str]) -> None:
    """Every container's log, its end if it is long, without the run's prefix in its name."""
    for container in containers:
        try:
            text = container.logs(tail=LOG_LINES)
        except NotFound:
            continue
        if text.count(b"\n") >= LOG_LINES:
            text = f"(the last {LOG_LINES:,} lines; it printed more)\n".encode() + text
        short = str(container.name).split("-", 2)[-1]
        folder.write_log(short, text, hide=hide)
