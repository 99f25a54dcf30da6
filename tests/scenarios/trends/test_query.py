"""Questions to the history: what they answer in every form, and that none can change anything."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from reports.trends.store import Store, StoreError
from scenarios.trends.query import NEWEST, Answer, as_csv, as_json, as_table, ask
from tests.sealed_runs import sealed_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        sealed_run(tmp_path, number, write_outage_ms=1000.0 * number)
    Store(tmp_path).update()
    return tmp_path


def test_without_a_question_the_newest_trials_are_shown_first(runs: Path) -> None:
    answer = ask(runs)
    assert answer.columns[:2] == ["started_at", "scenario"]
    assert [row[0][:13] for row in answer.rows] == ["2026-11-01T05", "2026-11-01T04", "2026-11-01T03"]


def test_every_form_says_the_same(runs: Path) -> None:
    answer = ask(runs, "SELECT scenario, write_outage_ms, git_commit FROM trials WHERE seed > 1")
    table = as_table(answer).splitlines()
    assert table[0].split() == ["scenario", "write_outage_ms", "git_commit"]
    assert table[1].split()[:2] == ["primary-kill", "2000"]
    told = list(csv.DictReader(io.StringIO(as_csv(answer))))
    assert [float(row["write_outage_ms"]) for row in told] == [2000.0, 3000.0]
    assert json.loads(as_json(answer))[1]["write_outage_ms"] == 3000.0


def test_what_would_ring_a_terminal_s_bell_is_spelt_out() -> None:
    assert "\x07" not in as_table(Answer(["why"], [["a\x07b"]]))


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM sealed_runs",
        "INSERT INTO sealed_runs VALUES ('a', '{}')",
        "DROP VIEW trials",
        "ATTACH 'other.sqlite' AS other",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO 'copy.sqlite'",
        "SELECT load_extension('evil')",
    ],
)
def test_what_is_no_select_is_refused_in_a_line_and_nothing_is_written(
    runs: Path, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs)
    before = sorted(runs.iterdir()), (runs / "history.sqlite").read_bytes()
    with pytest.raises(ConfigurationError, match="--sql: ") as error:
        ask(runs, query)
    assert len(str(error.value).splitlines()) == 1
    assert (sorted(runs.iterdir()), (runs / "history.sqlite").read_bytes()) == before


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELEKT 1", "syntax error"),
        ("SELECT outage FROM trials", "no such column: outage"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT 1 FROM runs", "no such table: runs"),
        ("", "this asks nothing; expected a SELECT"),
        ("-- nothing", "this asks nothing"),
    ],
)
def test_a_wrong_question_is_told_in_sqlite_s_words(runs: Path, query: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        ask(runs, query)


def test_json_has_no_number_that_json_does_not_have(runs: Path) -> None:
    told = as_json(ask(runs, "SELECT 1e999 AS most, x'00ff' AS bytes"))
    assert json.loads(told, parse_constant=pytest.fail) == [{"most": None, "bytes": "00ff"}]


def test_the_columns_can_be_asked_for(runs: Path) -> None:
    answer = ask(runs, "PRAGMA table_info(trials)")
    assert "write_outage_ms" in [row[1] for row in answer.rows]


def test_where_there_is_no_history_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="meshbench index"):
        ask(tmp_path, NEWEST)
