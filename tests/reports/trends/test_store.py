"""The history beside the runs: whole whoever writes at once or is killed, and made anew from the folders."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from reports.trends import store as store_module
from reports.trends.metrics import METRICS
from reports.trends.row import TrialRow, row_of
from reports.trends.store import LAYOUT, Store, StoreError
from tests.sealed_runs import in_suite, sealed_run

ROOT = Path(__file__).resolve().parents[3]


def rows_of(runs: Path, folders: list[Path]) -> list[TrialRow]:
    return [row_of(folder, runs=runs) for folder in folders]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Four sealed runs, the last two of a night."""
    for number in (1, 2):
        sealed_run(tmp_path, number, write_outage_ms=5000.0 + number)
    for number in (3, 4):
        sealed_run(tmp_path, number, manifest={"part_of": in_suite(number - 2)})
    return tmp_path


def folders(runs: Path) -> list[Path]:
    return sorted((runs / "primary-kill").iterdir())


def program(code: str, *words: object) -> subprocess.Popen[bytes]:
    """A process of its own that runs ``code`` with these words as sys.argv[1:]."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


ADDS = """
import sys
from pathlib import Path
from reports.trends.row import row_of
from reports.trends.store import Store
runs = Path(sys.argv[1])
for folder in sys.argv[2:]:
    Store(runs).add(row_of(Path(folder), runs=runs))
"""


def test_rows_come_back_as_they_were_added_oldest_first(runs: Path) -> None:
    rows = rows_of(runs, folders(runs))
    for row in reversed(rows):
        Store(runs).add(row)
    assert Store(runs).rows() == rows


def test_a_row_is_kept_once_however_often_it_is_added(runs: Path) -> None:
    row = row_of(folders(runs)[0], runs=runs)
    for _ in range(3):
        Store(runs).add(row)
    assert Store(runs).rows() == [row]


def test_rows_are_found_by_what_they_are_of(runs: Path) -> None:
    Store(runs).update()
    of_night = Store(runs).rows(part_kind="nightly", part_name="nightly", part_id="20261101T020000Z")
    assert [row.seed for row in of_night] == [3, 4]
    assert Store(runs).rows(scenario="another") == []
    assert len(Store(runs).rows(scenario="primary-kill", cell="group / envoy")) == 4


def test_there_are_no_rows_where_there_is_no_history_and_asking_creates_none(tmp_path: Path) -> None:
    assert Store(tmp_path).rows() == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match="meshbench index"):
        Store(tmp_path).for_reading()


def test_pandas_reads_a_column_for_every_number(runs: Path) -> None:
    Store(runs).update()
    frame = pd.read_sql("SELECT * FROM trials", Store(runs).for_reading())
    assert set(METRICS) <= set(frame.columns)
    assert list(frame["write_outage_ms"]) == [5001.0, 5002.0, 6000.0, 6000.0]
    assert list(frame["trial"].dropna()) == [1, 2]
    assert set(frame["part_name"].dropna()) == {"nightly"}


@pytest.mark.parametrize("statement", ["UPDATE sealed_runs SET row = '{}'", "DELETE FROM sealed_runs"])
def test_no_row_can_be_changed_or_deleted(runs: Path, statement: str) -> None:
    Store(runs).update()
    with sqlite3.connect(runs / "history.sqlite") as connection, pytest.raises(sqlite3.Error, match="append-only"):
        connection.execute(statement)


def test_a_connection_for_reading_can_change_nothing(runs: Path) -> None:
    Store(runs).update()
    with pytest.raises(sqlite3.Error, match="readonly"):
        Store(runs).for_reading().execute("DROP VIEW trials")


@pytest.mark.slow
def test_several_processes_add_at_once_and_no_row_is_lost(tmp_path: Path) -> None:
    made = [sealed_run(tmp_path, number) for number in range(40)]
    at_once = [program(ADDS, tmp_path, *made[first::4]) for first in range(4)]
    for process in at_once:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said.decode()
    assert Store(tmp_path).rows() == rows_of(tmp_path, made)


@pytest.mark.slow
def test_a_rebuild_while_others_add_loses_no_row(tmp_path: Path) -> None:
    made = [sealed_run(tmp_path, number) for number in range(30)]
    adds = program(ADDS, tmp_path, *made)
    try:
        while adds.poll() is None:
            Store(tmp_path).rebuild()
    finally:
        _, said = adds.communicate(timeout=120)
    assert adds.returncode == 0, said.decode()
    assert Store(tmp_path).rows() == rows_of(tmp_path, made)


#: Says a line once it has written, and waits to be killed with its transaction open; its pages are on the disk.
DIES_WRITING = """
import sqlite3, sys, time
from pathlib import Path
from reports.trends import store
from reports.trends.row import row_of
runs = Path(sys.argv[1])
row = row_of(Path(sys.argv[2]), runs=runs)
class Slow(sqlite3.Connection):
    def execute(self, statement, *more):
        if statement == "COMMIT" and self.in_transaction and self.total_changes:
            self.execute("PRAGMA cache_size = 1")
            print("written", flush=True)
            time.sleep(60)
        return super().execute(statement, *more)
connect = sqlite3.connect
store.sqlite3.connect = lambda *words, **more: connect(*words, factory=Slow, **more)
store.Store(runs).add(row)
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_in_its_transaction_leaves_what_was_there(runs: Path) -> None:
    first, second, third, _ = folders(runs)
    Store(runs).add(row_of(first, runs=runs))
    dies = program(DIES_WRITING, runs, second)
    assert dies.stdout is not None
    assert dies.stdout.readline() == b"written\n"
    assert (runs / "history.sqlite-journal").exists()  # it really was in the middle
    dies.send_signal(signal.SIGKILL)
    dies.communicate(timeout=60)
    assert [row.seed for row in Store(runs).rows()] == [1]
    Store(runs).add(row_of(third, runs=runs))
    assert [row.seed for row in Store(runs).rows()] == [1, 3]


def test_a_rebuild_makes_what_was_added(runs: Path) -> None:
    for row in rows_of(runs, folders(runs)):
        Store(runs).add(row)
    added = Store(runs).rows()
    (runs / "history.sqlite").unlink()
    found = Store(runs).rebuild()
    assert (found.rows, found.left_out) == (added, [])
    assert Store(runs).rows() == added


def test_what_is_no_evidence_is_listed_and_left_out(runs: Path) -> None:
    altered, unsealed, broken_off, whole = folders(runs)
    (altered / "summary.json").write_text((altered / "summary.json").read_text().replace("pass", "fail"))
    (unsealed / "SHA256SUMS").unlink()
    (broken_off / "manifest.json").unlink()
    shutil.copytree(whole, runs / "copies" / "of-it")
    (runs / "latest").symlink_to("primary-kill")
    (runs / "notes").mkdir()
    found = Store(runs).rebuild()
    told = {one.folder: one.why for one in found.left_out}
    assert [row.seed for row in found.rows] == [4]
    assert "summary.json was changed" in told[altered.relative_to(runs).as_posix()]
    assert "SHA256SUMS" in told[unsealed.relative_to(runs).as_posix()]
    assert "manifest.json is gone" in told[broken_off.relative_to(runs).as_posix()]
    assert [why for why in told.values() if why.startswith("the same run as")]
    assert len(told) == 4


def test_update_adds_what_is_not_there_and_reads_no_known_folder_again(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(runs).update()
    new = sealed_run(runs, 9)
    read: list[Path] = []

    def reads(folder: Path, *, runs: Path) -> TrialRow:
        read.append(folder)
        return row_of(folder, runs=runs)

    monkeypatch.setattr("reports.trends.found.sealed_row_of", reads)
    Store(runs).update()
    assert read == [new]
    assert len(Store(runs).rows()) == 5


def test_the_rows_of_deleted_folders_stay_until_a_rebuild(runs: Path) -> None:
    Store(runs).update()
    shutil.rmtree(folders(runs)[0])
    Store(runs).update()
    assert len(Store(runs).rows()) == 4
    Store(runs).rebuild()
    assert len(Store(runs).rows()) == 3


def damaged(file: Path) -> None:
    file.write_bytes(b"SQLite format 3\0" + os.urandom(8000))


def not_a_database(file: Path) -> None:
    file.write_text("hello\n")


def of_another_program(file: Path) -> None:
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")


def of_a_newer_version(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {LAYOUT + 1}")


@pytest.mark.parametrize("spoil", [damaged, not_a_database, of_another_program, of_a_newer_version])
def test_a_file_that_is_none_of_ours_is_told_in_a_line_and_a_rebuild_mends_it(
    runs: Path, spoil: Callable[[Path], None]
) -> None:
    Store(runs).update()
    added = Store(runs).rows()
    spoil(runs / "history.sqlite")
    for asks in (Store(runs).rows, Store(runs).update, lambda: Store(runs).add(added[0])):
        with pytest.raises(StoreError, match="index --rebuild") as error:
            asks()
        assert len(str(error.value).splitlines()) == 1
    Store(runs).rebuild()
    assert Store(runs).rows() == added


def test_a_folder_in_its_place_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite").mkdir()
    with pytest.raises(StoreError, match="is a folder, not a file; move it away"):
        Store(tmp_path).rows()


def test_a_view_of_an_older_version_is_renewed_by_the_next_run(runs: Path) -> None:
    Store(runs).update()
    with sqlite3.connect(runs / "history.sqlite") as connection:
        connection.execute("DROP VIEW trials")
        connection.execute("CREATE VIEW trials AS SELECT seal FROM sealed_runs")
    assert len(Store(runs).rows(scenario="primary-kill")) == 4
    Store(runs).add(row_of(sealed_run(runs, 9), runs=runs))
    assert len(pd.read_sql("SELECT write_outage_ms FROM trials", Store(runs).for_reading())) == 5


FULL = """
import resource, signal, sys
from pathlib import Path
from reports.trends.row import row_of
from reports.trends.store import Store, StoreError
runs = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    Store(runs).add(row_of(Path(sys.argv[2]), runs=runs))
except StoreError as error:
    print(error)
"""


@pytest.mark.slow
def test_a_disk_without_room_is_told_and_leaves_the_rows_that_were_there(runs: Path) -> None:
    first, second, *_ = folders(runs)
    Store(runs).add(row_of(first, runs=runs))
    said, errors = program(FULL, runs, second).communicate(timeout=60)
    assert said.decode().startswith(f"{runs / 'history.sqlite'}: "), errors.decode()
    assert [row.seed for row in Store(runs).rows()] == [1]


def test_who_waits_for_a_writer_that_hangs_is_told_so(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BUSY_S", 0.0)
    row = row_of(folders(runs)[0], runs=runs)
    with Store(runs)._alone(), pytest.raises(StoreError, match="another process"):
        Store(runs).add(row)
