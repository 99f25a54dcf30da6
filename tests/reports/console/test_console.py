"""``index.html`` without a browser: what it is made from, that it stays small and whole, and who may write it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from history.json_files import HistoryError
from reports.console import write
from reports.console.beside import LISTED_MAX, beside
from reports.console.content import ROWS_MAX, content
from reports.console.page import console_html, in_script
from reports.console.write import write_console
from reports.trends.changes import changes
from reports.trends.row import TrialRow, row_of
from reports.trends.store import Store
from tests.sealed_runs import sealed_run

NASTY = "</script><!--<script>alert(1)</script>&\u2028\u202e"


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> TrialRow:
    runs = tmp_path_factory.mktemp("runs")
    return row_of(sealed_run(runs, 1), runs=runs)


def series(row: TrialRow, values: list[float], **more: Any) -> list[TrialRow]:
    """A row for each write outage."""
    return [
        replace(row, folder=f"a/{at}", numbers={"write_outage_ms": value}, **more) for at, value in enumerate(values)
    ]


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_a_text_cannot_leave_the_script_that_it_stands_in(row: TrialRow) -> None:
    text = in_script({"why": NASTY})
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"why": NASTY}
    page = console_html(content([replace(row, why=NASTY, scenario=NASTY)], []), made_at="2026-11-28T01:00:00+00:00")
    assert page.lower().count("</script") == 2
    assert "alert(1)</" not in page
    assert "\u202e" not in page


def test_a_page_asks_for_nothing_and_runs_no_script_but_its_own(row: TrialRow) -> None:
    page = console_html(content([row], []), made_at="2026-11-28T01:00:00+00:00")
    assert "default-src 'none'" in page
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'\"", page)
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)


def test_texts_that_runs_share_are_on_the_page_once_and_every_run_has_its_own(row: TrialRow) -> None:
    made = content([replace(row, folder=f"a/{at}", seed=at) for at in range(50)], [])
    assert made["rows"]["folder"] == [f"a/{at}" for at in range(50)]
    assert made["rows"]["seed"] == list(range(50))
    assert made["texts"].count(row.why) == 1
    assert {made["texts"][at] for at in made["rows"]["why"]} == {row.why}


@pytest.mark.slow
def test_of_more_runs_than_a_browser_shows_at_ease_the_newest_are_there_and_the_page_says_so(row: TrialRow) -> None:
    rows = [replace(row, folder=f"a/{at}", numbers={}) for at in range(ROWS_MAX + 7)]
    made = content(rows, [])
    assert made["rows"]["folder"] == [one.folder for one in rows[7:]]
    page = console_html(made, made_at="2026-11-28T01:00:00+00:00")
    assert "The newest 3,000 of 3,007 runs are on this page; the older 7 are in history.sqlite" in page
    assert "are on this page" not in console_html(content(rows[:3], []), made_at="2026-11-28T01:00:00+00:00")


def test_no_run_yet_is_a_page_that_says_so(tmp_path: Path) -> None:
    page = write_console(tmp_path).read_text()
    assert "No run yet" in page
    assert data_of(page)["total"] == 0


def test_a_level_that_moved_is_a_change_at_its_first_run(row: TrialRow) -> None:
    (change,) = changes(series(row, [6000.0 + at for at in range(20)] + [8000.0 + at for at in range(20)]))
    assert (change.row, change.metric) == (20, "write_outage_ms")
    assert change.before < 6020 < 8000 <= change.after


def test_a_change_that_matters_to_nobody_is_none(row: TrialRow) -> None:
    assert changes(series(row, [6000.0 + at for at in range(20)] + [6100.0 + at for at in range(20)])) == []


def test_series_are_of_one_scenario_in_one_cell_and_void_runs_are_not_in_them(row: TrialRow) -> None:
    calm, slow = series(row, [6000.0 + at for at in range(20)]), series(row, [9000.0 + at for at in range(20)])
    assert len(changes([*calm, *slow])) == 1
    assert changes([*calm, *(replace(one, cell="async / envoy") for one in slow)]) == []
    assert changes([*calm, *(replace(one, scenario="backup") for one in slow)]) == []
    assert changes([*calm, *(replace(one, verdict="void") for one in slow)]) == []


def put(file: Path, content: object) -> Path:
    file.parent.mkdir(parents=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_what_lies_beside_the_runs_is_listed_with_its_page_and_its_bundle(tmp_path: Path) -> None:
    put(
        tmp_path / "matrix/20261128T010203Z/matrix.json",
        {"verdict": "fail", "headline": ["First.", "Then."], "scenario": "s"},
    )
    (tmp_path / "matrix/20261128T010203Z/report.html").touch()
    (tmp_path / "matrix/latest").symlink_to("20261128T010203Z")
    put(
        tmp_path / "certificates/short-20261128T010203Z/certificate.json",
        {"verdict": "certified", "why": "w", "name": "short"},
    )
    (tmp_path / "certificates/short-20261128T010203Z.zip").touch()
    found = {listed.kind: listed.entries for listed in beside(tmp_path)}
    assert found.keys() == {"Matrices", "Certificates"}
    (matrix,), (certificate,) = found["Matrices"], found["Certificates"]
    assert (matrix.link, matrix.verdict, matrix.words, matrix.name, matrix.bundle) == (
        "matrix/20261128T010203Z/report.html", "fail", "First.", "s", None,
    )  # fmt: skip
    assert (certificate.link, certificate.bundle) == (
        "certificates/short-20261128T010203Z/certificate.json", "certificates/short-20261128T010203Z.zip",
    )  # fmt: skip


def test_a_file_that_cannot_be_read_is_listed_as_such(tmp_path: Path) -> None:
    put(tmp_path / "nightly/20261128T010203Z/nightly.json", "{")
    ((entry,),) = [listed.entries for listed in beside(tmp_path)]
    assert (entry.verdict, entry.name) == ("unreadable", "20261128T010203Z")
    assert "nightly.json" in entry.words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state": "running", "why": "w"}, "running: w"),
        ({"state": "ended", "why": "w"}, "w"),
        ({"interrupted": True, "headline": ["h"]}, "interrupted: h"),
        ({"interrupted": False, "headline": ["h"]}, "h"),
    ],
)
def test_what_did_not_run_to_its_end_is_listed_as_such(tmp_path: Path, content: object, words: str) -> None:
    put(tmp_path / "matrix/20261128T010203Z/matrix.json", content)
    ((entry,),) = [listed.entries for listed in beside(tmp_path)]
    assert entry.words == words


def test_of_very_many_the_newest_are_listed_and_the_page_says_how_many_are_not(tmp_path: Path) -> None:
    for at in range(LISTED_MAX + 2):
        file = put(tmp_path / f"trials/{at:04}/trials.json", {"verdict": "pass"})
        os.utime(file, (at, at))
    (listed,) = beside(tmp_path)
    assert (len(listed.entries), listed.left_out) == (LISTED_MAX, 2)
    assert listed.entries[0].name == f"{LISTED_MAX + 1:04}"


@pytest.mark.slow
def test_runs_that_end_at_once_leave_a_whole_page_with_all_of_them(tmp_path: Path) -> None:
    folders = [sealed_run(tmp_path, at) for at in range(4)]
    code = """
import sys
from pathlib import Path
from reports.console.write import write_console
from reports.trends.row import row_of
from reports.trends.store import Store
folder, runs = map(Path, sys.argv[1:])
Store(runs).add(row_of(folder, runs=runs))
write_console(runs)
"""
    started = [subprocess.Popen([sys.executable, "-c", code, folder, tmp_path]) for folder in folders]
    assert [one.wait() for one in started] == [0] * 4
    data = data_of((tmp_path / "index.html").read_text())
    assert sorted(data["rows"]["folder"]) == sorted(one.relative_to(tmp_path).as_posix() for one in folders)
    assert {file.name for file in tmp_path.iterdir() if "html" in file.name} == {"index.html"}


def test_a_process_that_hangs_while_it_writes_the_page_holds_nobody_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "BUSY_S", 0.1)
    hanging = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(hanging, fcntl.LOCK_EX)
    with pytest.raises(TimeoutError, match=r"index\.html"):
        write_console(tmp_path)
    os.close(hanging)
    assert write_console(tmp_path).is_file()


def test_a_history_that_cannot_be_read_leaves_the_page_as_it_was(tmp_path: Path) -> None:
    Store(tmp_path).add(row_of(sealed_run(tmp_path, 1), runs=tmp_path))
    before = write_console(tmp_path).read_bytes()
    (tmp_path / "history.sqlite").write_bytes(b"no database")
    with pytest.raises(HistoryError, match=r"history\.sqlite"):
        write_console(tmp_path)
    assert (tmp_path / "index.html").read_bytes() == before
