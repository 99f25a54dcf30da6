"""The end state of every pod, as far as it can be had: ``final/<table>.parquet`` and ``final/nodes.json``.

A run that has ended is judged, so nothing here raises for what a pod does not answer: that is written down beside the
rest (``unread`` in ``final/nodes.json``, see `checks.evidence.unread`), and judging says what it means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pymysql
from pymysql.cursors import Cursor

from checks.evidence.unread import GONE
from cluster.cluster import Cluster
from cluster.mysqld.mysqld import DATABASE
from cluster.status.poller import UNREACHABLE
from cluster.status.status import Status
from history.nodes import NodeRow, Unanswered
from scenarios.run.run_folder import RunFolder

DUMP_TIMEOUT_S = 120.0
#: After these the session is no more; PyMySQL says 0 when it was closed.
_CUT = frozenset({0, 2003, 2006, 2013, 2014, 2055})
QUARANTINED, NO_QUORUM, UNREACHABLE_STATE = "QUARANTINED", "NO_QUORUM", "UNREACHABLE"


@dataclass(kw_only=True)
class Dump:
    """What one pod has answered. tables: name -> columns and rows. gtid_executed: None if it did not say. unread: what
    it did not answer, as `checks.evidence.unread` has it."""

    tables: dict[str, tuple[list[str], list[dict[str, Any]]]] = field(default_factory=dict)
    checksums: dict[str, Any] = field(default_factory=dict)
    gtid_executed: str | None = None
    unread: list[Unanswered] = field(default_factory=list)

    def lacks(self, table: str | None, error: Exception) -> None:
        """Note what a pod did not answer, and with which words."""
        number, words = _number(error), str(error.args[-1]) if error.args else type(error).__name__
        self.unread.append({"table": table, "errno": number, "error": " ".join(words.split())})


def final_state(cluster: Cluster, queries: Mapping[str, str], folder: RunFolder) -> None:
    """Write it, from every pod that answers. queries: table -> the statement that reads it."""
    statuses, aside = cluster.status(), cluster.membership.quarantined()

    def ask(name: str) -> Dump:
        if statuses[name] is None:
            return Dump(unread=[{"table": None, "errno": None, "error": "it did not answer"}])
        return dump(lambda: cluster.connect(name, timeout_s=DUMP_TIMEOUT_S), queries)

    with ThreadPoolExecutor(max_workers=max(1, len(statuses))) as pool:
        dumps = dict(zip(statuses, pool.map(ask, statuses), strict=True))
    nodes = {name: _record(statuses[name], dumps[name], aside=name in aside) for name in statuses}
    folder.write_json("final/nodes.json", nodes)  # first: it says what the tables are short of
    for table in queries:
        _write_table(table, dumps, folder)


def dump(connect: Callable[[], Any], queries: Mapping[str, str]) -> Dump:
    """One pod's tables, checksums and executed transactions, read in one consistent snapshot, as far as it answers.

    A pod that was cut off on the way has given nothing: half of its tables would look like losses.
    """
    found = Dump()
    try:
        with connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@global.gtid_executed")
            found.gtid_executed = _gtid_set(cursor.fetchone())
            try:
                cursor.execute(f"USE {DATABASE}")
            except pymysql.MySQLError as error:
                found.lacks(None, error)
                return found
            _read(cursor, queries, found)
    except UNREACHABLE as error:
        found.lacks(None, error)
    if any(one["errno"] not in GONE for one in found.unread):
        found.tables.clear()
    return found


def _read(cursor: Cursor, queries: Mapping[str, str], found: Dump) -> None:
    cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    for table, query in queries.items():
        try:
            cursor.execute(query)
        except pymysql.MySQLError as error:
            found.lacks(table, error)
            if _number(error) in _CUT:
                return
            continue
        columns = [column[0] for column in cursor.description]
        found.tables[table] = (columns, [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()])
    cursor.execute("COMMIT")
    cursor.execute("SHOW TABLES")
    names = ", ".join(f"`{name}`" for (name,) in cursor.fetchall())
    if names:
        cursor.execute(f"CHECKSUM TABLE {names}")
    found.checksums = {row[0].partition(".")[2]: row[1] for row in cursor.fetchall()}
    cursor.execute("SELECT @@global.gtid_executed")  # once more: as late as the checksums, which are of no snapshot
    found.gtid_executed = _gtid_set(cursor.fetchone())


def _gtid_set(row: Any) -> str:
    return "".join(str(row[0]).split())


def _number(error: Exception) -> int | None:
    return error.args[0] if error.args and isinstance(error.args[0], int) else None


def _record(status: Status | None, dumped: Dump, *, aside: bool) -> NodeRow:
    """What final/nodes.json says of one pod."""
    state = UNREACHABLE_STATE
    if status is not None:
        state = status.state or "ONLINE"
        if state == "ONLINE" and not status.quorum:
            state = NO_QUORUM  # it says of itself that it is ONLINE, and takes nothing
    executed = dumped.gtid_executed
    if executed is None and status is not None:
        executed = status.gtid_executed
    record: NodeRow = {
        "role": status.role if status else None,
        "state": QUARANTINED if aside else state,
        "gtid_executed": executed,
        "checksums": dumped.checksums,
    }
    return {**record, "unread": dumped.unread} if dumped.unread else record


def _write_table(table: str, dumps: Mapping[str, Dump], folder: RunFolder) -> None:
    parts = {name: one.tables[table] for name, one in dumps.items() if table in one.tables}
    if not parts:
        return
    rows = [(name, row) for name, (_, found) in parts.items() for row in found]
    names = dict.fromkeys(column for columns, _ in parts.values() for column in columns)
    content = {"node": pa.array([name for name, _ in rows], type=pa.string())}
    content |= {column: _column([row.get(column) for _, row in rows]) for column in names}
    pq.write_table(pa.table(content), folder.path / "final" / f"{table}.parquet", compression="zstd")


def _column(values: list[Any]) -> pa.Array:
    """Cells as they are, or as text where they are of no one kind (a zero date beside others) or too large for one."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], type=pa.string())
