"""``<runs>/history.sqlite``: every sealed run of a runs folder as a row, added as it ends.

Append-only: a row is known by its seal, and the file itself refuses to change or delete one. Two runs may add at once
(SQLite locks), and a writer that is killed leaves the file as it was before (SQLite's journal). It holds nothing that
the run folders do not: `rebuild` makes it anew from them. docs/decisions/0039 says why SQLite, docs/history.md how it
is read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from history.json_files import HistoryError
from reports.files import lock
from reports.trends.columns import COLUMNS, view
from reports.trends.found import Found, run_folders
from reports.trends.row import TrialRow, from_json

FILE = "history.sqlite"
#: Of the tables, as the file's user_version. A new column of `trials` needs no new one.
LAYOUT = 1
#: Another writer holds the file for milliseconds; a rebuild for as long as it takes to write all rows.
BUSY_S = 30.0

_TABLE = (
    "CREATE TABLE sealed_runs (seal TEXT PRIMARY KEY NOT NULL, row TEXT NOT NULL CHECK (json_valid(row)))",
    *(
        f"CREATE TRIGGER no_{verb.lower()} BEFORE {verb} ON sealed_runs "
        "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ),
)


class StoreError(HistoryError):
    """The history cannot be read or written; the message is one line that names the file and how to mend it."""


class Store:
    """The history of one runs folder. Reading creates nothing."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self.file = runs / FILE

    def add(self, row: TrialRow) -> None:
        """Keep a row; one that is there already stays as it is. Raises StoreError."""
        with self._alone(), self._explained(), closing(self._for_writing(self.file)) as connection:
            _insert(connection, [row])

    def rows(
        self,
        *,
        scenario: str | None = None,
        cell: str | None = None,
        commit: str | None = None,
        part_kind: str | None = None,
        part_name: str | None = None,
        part_id: str | None = None,
    ) -> list[TrialRow]:
        """The rows that have these values, oldest first; of none where there is no history yet. Raises StoreError."""
        asked = {
            "scenario": scenario,
            "cell": cell,
            "git_commit": commit,
            "part_kind": part_kind,
            "part_name": part_name,
            "part_id": part_id,
        }
        wanted = {column: value for column, value in asked.items() if value is not None}
        where = " AND ".join(f"{_read(column)} = ?" for column in wanted) or "1"
        query = f"SELECT row FROM sealed_runs WHERE {where} ORDER BY {_read('started_at')}, {_read('folder')}"
        if not self.file.exists():
            return []
        with self._explained(), closing(self.for_reading()) as connection:
            return [from_json(json.loads(text)) for (text,) in connection.execute(query, [*wanted.values()])]

    def require_folder(self) -> None:
        """Raise StoreError where there is no runs folder."""
        if not self._runs.is_dir():
            what = "is a file, not a folder" if self._runs.exists() else "there is no such folder"
            raise StoreError(f"--runs {self._runs}: {what}; give the folder that the runs are in")

    def for_reading(self) -> sqlite3.Connection:
        """A connection that can change nothing. Raises StoreError where there is no history, or none that is ours."""
        self.require_folder()
        if not self.file.exists():
            raise StoreError(f"{self.file}: there is no history yet; `meshbench index --runs {self._runs}` makes one")
        if self.file.is_dir():
            raise StoreError(f"{self.file}: is a folder, not a file; move it away, and `meshbench index` makes one")
        with self._explained():
            connection = sqlite3.connect(f"file:{quote(str(self.file))}?mode=ro", uri=True, timeout=BUSY_S)
            self._require_ours(connection)
            return connection

    def update(self) -> Found:
        """Add every sealed run of the folder that is not there yet; returns what was found. Raises StoreError."""
        found = run_folders(self._runs, known=_folder_of(self.rows()))
        with self._alone(), self._explained(), closing(self._for_writing(self.file)) as connection:
            _insert(connection, found.rows)
        return found

    def rebuild(self) -> Found:
        """Make it anew from the run folders, whatever it was; returns what was found. Raises StoreError.

        Run folders are read first, which takes long, and those that ended meanwhile once the file is locked.
        """
        first = run_folders(self._runs)
        with self._alone(), self._explained():
            since = run_folders(self._runs, known=_folder_of(first.rows))
            rows = [*first.rows, *since.rows]
            fresh = self.file.with_name(f".{FILE}.new")
            _remove(fresh)
            with closing(self._for_writing(fresh)) as connection:
                _insert(connection, rows)
            _remove_journal(self.file)  # it is of the old file, and must never be taken for one of the new
            fresh.replace(self.file)
        return Found(rows=rows, left_out=since.left_out)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While no other process writes: a row must not go into a file that a rebuild is about to replace."""
        try:
            with (self._runs / f".{FILE}.lock").open("a") as file:
                if not lock(file.fileno(), timeout_s=BUSY_S):  # a run must not wait for ever for one that hangs
                    raise StoreError(f"{self.file}: another process has been writing to it for {BUSY_S:g} s")
                yield
        except OSError as error:
            raise StoreError(f"{self.file}: cannot be written: {error.strerror or error}") from None

    def _for_writing(self, file: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(file, timeout=BUSY_S, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            self._require_ours(connection, new=True)
            if not _has(connection, "sealed_runs"):
                for statement in (*_TABLE, f"PRAGMA user_version = {LAYOUT}"):
                    connection.execute(statement)
            if _text(connection, "trials") != view():
                connection.execute("DROP VIEW IF EXISTS trials")
                connection.execute(view())
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _require_ours(self, connection: sqlite3.Connection, *, new: bool = False) -> None:
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        if layout > LAYOUT:
            raise StoreError(
                f"{self.file}: of a newer meshbench (layout {layout}, this one knows {LAYOUT}); use that one, or "
                f"`meshbench index --rebuild --runs {self._runs}` makes it anew"
            )
        if not layout and not (new and not connection.execute("SELECT 1 FROM sqlite_master").fetchone()):
            raise StoreError(f"{self.file}: is no history of runs; {self._mend}")

    @property
    def _mend(self) -> str:
        return f"`meshbench index --rebuild --runs {self._runs}` makes it anew from the run folders"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """SQLite's errors in a line, with what to do."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            told = str(error)
            damaged = error.sqlite_errorname.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
            raise StoreError(f"{self.file}: {told}" + (f"; {self._mend}" if damaged else "")) from None
        except (json.JSONDecodeError, HistoryError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"{self.file}: {error}; {self._mend}") from None


def _read(column: str) -> str:
    """The value of a column, from the table: the view may be of an older meshbench."""
    return f"json_extract(row, '{COLUMNS[column]}')"


def _insert(connection: sqlite3.Connection, rows: Iterable[TrialRow]) -> None:
    """All of them or none."""
    values = [(row.seal, json.dumps(row.as_json(), ensure_ascii=False, allow_nan=False)) for row in rows]
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO sealed_runs (seal, row) VALUES (?, ?) ON CONFLICT (seal) DO NOTHING", values)
    connection.execute("COMMIT")


def _has(connection: sqlite3.Connection, name: str) -> bool:
    return _text(connection, name) is not None


def _text(connection: sqlite3.Connection, name: str) -> str | None:
    """The statement that created a table or view."""
    row = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def _folder_of(rows: Iterable[TrialRow]) -> dict[str, str]:
    return {row.seal: row.folder for row in rows}


def _remove(file: Path) -> None:
    _remove_journal(file)
    file.unlink(missing_ok=True)


def _remove_journal(file: Path) -> None:
    file.with_name(f"{file.name}-journal").unlink(missing_ok=True)
