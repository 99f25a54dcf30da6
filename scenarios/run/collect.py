"""From running pods to tables in the run folder: operations, observations, decisions, logs."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pymysql
from pymysql.cursors import Cursor

from checks.evidence import openings
from cluster import control_plane
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, EngineError, HarnessError, NotThereError
from cluster.mysqld import mysqld_log
from cluster.platform.platform import Process
from history.history import OBSERVED_SCHEMA, OPS_SCHEMA
from history.ops_file import OpsFile, OpsFileError
from loadgen.worker.clock import ROW_TIMES, Translation
from mesh.endpoints import Admin, settings
from mesh.mesh import ASK_TIMEOUT_S
from observer.observer import OUTPUT as OBSERVED_FILE
from scenarios.run.run_folder import RunFolder
from scenarios.run.same_clock import require_same_clock

#: CLOCK_MONOTONIC of this machine before and after a pod read its clock.
Moments = tuple[int, int]
#: A user's code may print a hundred thousand lines a second, and reading them takes longer than the run.
LOG_LINES = 100_000
#: Operations in memory at once: a long run must need no more than a short one.
BATCH = 50_000


def fetch(container: Process, path: str, into: Path) -> Path:
    """Copy one file out of a container, running or not, a piece at a time; raises HarnessError when it is not there."""
    try:
        with into.open("wb") as file:
            container.fetch(path, file)
    except NotThereError:
        into.unlink()
        raise HarnessError(f"{container.name}: {path} is not there; see the container's log") from None
    return into


def operations(
    container: Process,
    source: str,
    folder: Path,
    *,
    worker: str,
    within: Moments,
    clock: Translation | None = None,
) -> int:
    """``ops/<worker>.parquet`` from the load worker's file; returns how many torn last lines were left out (0 or 1).

    folder: in which ``ops`` is. within: when it began. clock: of a worker on another machine. What can be read of a
    damaged file is kept, and so is the file; raises HarnessError then.
    """
    into = folder / "ops" / f"{worker}.parquet"
    try:
        raw = fetch(container, source, folder / "ops" / f"{worker}.jsonl")
        torn = to_parquet(raw, into, who=f"load pod {worker}", within=within, clock=clock)
    except OpsFileError as error:
        raise HarnessError(str(error)) from None
    finally:
        if not into.exists():
            write_ops(iter(()), into)  # an empty record is judged, none at all is no run
    raw.unlink()
    return torn


def to_parquet(raw: Path, into: Path, *, who: str, within: Moments, clock: Translation | None = None) -> int:
    """Turn an ops.jsonl into a table; returns how many torn last lines were left out (0 or 1).

    clock: translates its times to this machine's. Raises OpsFileError, and without one HarnessError when its clock,
    read within those moments, is not this machine's.
    """
    with OpsFile(raw) as recorded:
        if clock is None:
            require_same_clock(recorded.clock, who, within=within)
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


def observations(container: Process, folder: RunFolder, *, within: Moments) -> None:
    """``observed.parquet`` from the observer's file, in order of time. within: when it began. Raises HarnessError."""
    raw = fetch(container, str(OBSERVED_FILE), folder.path / "observed.jsonl")
    lines = raw.read_text(errors="replace").splitlines()
    try:
        clock = json.loads(lines[0])["clock"]
        rows = [json.loads(line) for line in _whole(lines[1:])]
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise HarnessError(f"{raw.name} of the observer cannot be read ({error})") from None
    require_same_clock(clock, "observer", within=within)
    rows.sort(key=lambda row: row["at_ns"])
    columns = {name: [row.get(name) for row in rows] for name in OBSERVED_SCHEMA.names}
    pq.write_table(
        pa.Table.from_pydict(columns, schema=OBSERVED_SCHEMA), folder.path / "observed.parquet", compression="zstd"
    )
    raw.unlink()


def decisions(cluster: Cluster, folder: RunFolder) -> None:
    """``decisions.jsonl`` from the control plane, where there is one."""
    if not isinstance(cluster.control, control_plane.NoControlPlane):
        made = control_plane.decisions(cluster.control)
        (folder.path / "decisions.jsonl").write_text("".join(json.dumps(one) + "\n" for one in made))


def _whole(lines: list[str]) -> list[str]:
    """All lines but a last one that was cut off when the observer was stopped."""
    return lines if not lines or lines[-1].endswith("}") else lines[:-1]


def refuse_unreadable(cursor: Cursor, queries: Mapping[str, str], *, of: str) -> None:
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


def opened(cursor: Cursor, queries: Mapping[str, str], *, of: str) -> dict[str, Any]:
    """What set-up put into the tables and no operation changes, for the manifest; of: the workload's name."""
    found: dict[str, Any] = {}
    for table, query in queries.items():
        if openings.is_fixed(of, table):
            cursor.execute(query)
            rows = pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])
            found[table] = openings.described(of, table, rows)
    return found


def variables(cluster: Cluster) -> dict[str, dict[str, str]]:
    """Effective ``SHOW GLOBAL VARIABLES`` of every pod that answers."""
    found: dict[str, dict[str, str]] = {}
    for name, status in cluster.status().items():
        if status:
            with cluster.connect(name) as connection, connection.cursor() as cursor:
                cursor.execute("SHOW GLOBAL VARIABLES")
                found[name] = dict(cursor.fetchall())
    return found


def proxy_settings(cluster: Cluster, admins: Mapping[str, Admin]) -> dict[str, dict[str, Any]]:
    """Proxy -> the settings that it works with, of every one that tells. admins: by the proxies' names."""
    found: dict[str, dict[str, Any]] = {}
    for name, admin in admins.items():

        def read(path: str, pod: str = name, product: str = admin.kind) -> str:
            content = io.BytesIO()
            cluster.guests[pod].containers[product].fetch(path, content)
            return content.getvalue().decode()

        with suppress(OSError, ValueError, KeyError, EngineError):  # a matrix that needs it says that it is not known
            if (told := settings(admin, read=read, timeout_s=ASK_TIMEOUT_S)) is not None:
                found[name] = told
    return found


def logs(containers: Iterable[Process], folder: Path, *, hide: list[str], error_log: str | None = None) -> None:
    """Into a folder: every container's log, its end if it is long, without the run's prefix in its name.

    hide: secrets of the run, which are blotted out. error_log: a file that mysqld logs into.
    """
    for container in containers:
        try:
            text = container.logs(tail=LOG_LINES)
        except NotThereError:
            continue
        except (EngineError, OSError) as error:  # one that is lost must not cost the others
            text = f"meshbench: this log could not be read: {error}\n".encode()
        if text.count(b"\n") >= LOG_LINES:
            text = f"(the last {LOG_LINES:,} lines; it printed more)\n".encode() + text
        short = container.name.split("-", 2)[-1]
        if error_log is not None and short.endswith("-mysqld"):
            text += mysqld_log.file_text(container, error_log)
        for secret in hide:
            text = text.replace(secret.encode(), b"********")
        (folder / f"{short}.log").write_bytes(text)
