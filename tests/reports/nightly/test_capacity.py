"""What a night says of capacity: a lower level over several values fails it, one value, void ones and others never."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from reports.nightly.capacity import NEWS_VALUES, capacity_of
from reports.nightly.console import lines
from reports.nightly.error_lines import error_lines
from reports.nightly.junit import junit_xml
from reports.nightly.nightly_types import Capacity, Nightly
from reports.nightly.outcome import settle
from reports.nightly.page import nightly_html
from reports.nightly.step_summary import step_summary
from reports.schema import validate
from reports.trends.row import TrialRow
from tests.capacity_rows import DROP, HOST, NOW, capacity_row, series


def look(rows: Iterable[TrialRow], **changed: Any) -> Capacity:
    known: dict[str, Any] = {"host": HOST, "now": NOW, "link": "../..", "alarms": True, "topology": "group"}
    return capacity_of(rows, **{**known, **changed})


def ended(night: Nightly, capacity: Capacity) -> Nightly:
    night["capacity"] = capacity
    settle(night)
    validate(night, "nightly")
    return night


def test_a_fifth_less_over_several_values_fails_the_night_and_is_told_everywhere(night: Nightly) -> None:
    done = ended(night, look(series(DROP)))
    assert (done["verdict"], done["exit_code"]) == ("fail", 1)
    system = "capacity of group, group / envoy (response_p99<=250ms)"
    assert done["why"].endswith(f"capacity is worse, over several measurements: max tps of {system}")
    (row,) = look(series(DROP))["series"]
    change = row["change"]
    assert change is not None
    assert (change["since"][:10], change["values"], change["worse"]) == ("2026-11-23", 6, True)
    assert [change["before"], change["after"]] == pytest.approx([1000, 800], rel=0.02)
    assert row["text"].endswith("worse since 2026-11-23, 800/s instead of 1,000/s in 6 values")
    assert row["folder"] == "../../capacity/20261128T030000Z"
    assert "1 h old" in row["text"]
    assert f"WORSE          {system}: {row['text']}" in list(lines(done, folder=Path("x")))
    assert 'href="../../capacity/20261128T030000Z/report.html"' in nightly_html(done)
    assert '<span class="badge fail">worse</span>' in nightly_html(done)
    assert "worse since 2026-11-23" in step_summary(done)
    assert len(error_lines(done)) == 1
    failure = ET.fromstring(junit_xml(done)).find("testsuite[@name='capacity']/testcase/failure")
    assert failure is not None
    assert failure.get("message") == row["text"]


def test_a_flat_series_with_noise_fails_nothing(night: Nightly) -> None:
    done = ended(night, look(series([1000.0] * 40)))
    assert (done["verdict"], error_lines(done)) == ("pass", [])
    (row,) = look(series([1000.0] * 40))["series"]
    assert row["change"] is None
    assert row["text"].endswith("no change is shown")
    assert "no capacity that was measured on this machine is shown to be worse" in nightly_html(done)


def test_one_low_value_is_told_and_fails_nothing() -> None:
    (row,) = look([*series([1000.0] * 20, days_ago=1), capacity_row(500.0)])["series"]
    assert not row["fails"]
    assert [row["last"], row["before"]] == pytest.approx([500, 1000], rel=0.01)
    assert "max tps 500/s" in row["text"]
    assert "(-50 %)" in row["text"]


def test_a_single_value_has_nothing_to_be_held_against() -> None:
    (row,) = look([capacity_row(1000.0, days_ago=3)])["series"]
    assert (row["values"], row["before"], row["fails"]) == (1, None, False)
    assert row["text"] == "max tps 1,000/s, 3 days old, the only value: nothing to hold it against"


@pytest.mark.parametrize(("before", "after"), [(4, 4), (5, 5), (6, 5)])
def test_a_short_series_says_that_it_is_too_short(before: int, after: int) -> None:
    (row,) = look(series([1000.0] * before + [500.0] * after))["series"]
    assert not row["fails"]
    assert row["text"].endswith("too few to tell a change from chance, which takes 12 or more")


def test_void_rows_never_count() -> None:
    void: dict[str, Any] = {"verdict": "void", "void_reasons": ("the generator was the limit",)}
    rows = [*series([1000.0] * 12, days_ago=6), *series([500.0] * 6, **void)]
    (row,) = look(rows)["series"]
    assert (row["values"], row["change"]) == (12, None)
    assert look(series(DROP, **void))["series"] == []


@pytest.mark.parametrize(
    "other",
    [
        {"scenario_digest": "e" * 64},
        {"cell": "group / haproxy"},
        {"scenario": "capacity of semisync"},
        {"host": "x86_64, 64 cores"},
        {"scenario": "steady"},
    ],
    ids=["objectives", "mesh", "system", "machine", "a run of it"],
)
def test_what_is_otherwise_is_never_mixed_in(other: dict[str, Any]) -> None:
    found = look([*series([1000.0] * 12, days_ago=6), *series([500.0] * 6, **other)])
    assert all(row["change"] is None for row in found["series"])
    assert sorted(row["values"] for row in found["series"])[-1] == 12


def test_a_rate_that_no_longer_holds_at_all_is_the_lowest_value(night: Nightly) -> None:
    none = [capacity_row(None, days_ago=5 - number) for number in range(6)]
    rows = [*series([1000.0] * 12, days_ago=6), *none]
    (row,) = look(rows)["series"]
    assert (row["last"], row["fails"]) == (0.0, True)
    assert "no rate that holds instead of 1,000/s" in row["text"]
    assert ended(night, look(rows))["exit_code"] == 1


def test_a_rise_is_better_and_fails_nothing() -> None:
    (row,) = look(series([1000.0] * 12 + [1300.0] * 6))["series"]
    assert row["change"] is not None
    assert (row["change"]["worse"], row["fails"]) == (False, False)
    assert "better since" in row["text"]


def test_another_number_is_there_only_where_it_is_worse() -> None:
    maxima, safe = series([1000.0] * 18), [row.numbers["max_tps"] for row in series(DROP)]
    rows = [
        capacity_row(None, days_ago=17 - at, verdict="pass", numbers={**row.numbers, "safe_tps": safe[at]})
        for at, row in enumerate(maxima)
    ]
    assert [(row["metric"], row["fails"]) for row in look(rows)["series"]] == [("max_tps", False), ("safe_tps", True)]
    assert [row["metric"] for row in look(maxima)["series"]] == ["max_tps"]


@pytest.mark.parametrize(
    ("rows", "alarms", "why"),
    [
        (series([1000.0] * 12 + [800.0] * (NEWS_VALUES + 1)), True, "for more than 14 values"),
        (series(DROP, days_ago=20), True, "nothing was measured for 14 days"),
        (series(DROP), False, "compare.rerun is 0"),
    ],
    ids=["old news", "stale", "no alarms wanted"],
)
def test_what_is_marked_and_is_no_news_is_told_and_fails_nothing(
    night: Nightly, rows: list[TrialRow], alarms: bool, why: str
) -> None:
    (row,) = look(rows, alarms=alarms)["series"]
    assert row["change"] is not None
    assert (row["change"]["worse"], row["fails"]) == (True, False)
    assert why in row["text"]
    assert ended(night, look(rows, alarms=alarms))["exit_code"] == 0
    assert '<span class="badge void">worse</span>' in nightly_html(night)


def test_where_nothing_was_measured_the_night_says_with_which_command(night: Nightly) -> None:
    done = ended(night, look([]))
    command = "meshbench capacity group --slo 'response_p99<=250ms'"
    assert (done["exit_code"], error_lines(done)) == (0, [])
    assert any(line.startswith("capacity") and command in line for line in lines(done, folder=Path("x")))
    assert "no capacity was measured on this machine" in nightly_html(done)
    assert "no capacity was measured on this machine" in step_summary(done)
    assert ET.fromstring(junit_xml(done)).find("testsuite[@name='capacity']/testcase/skipped") is not None


def test_a_night_that_did_not_look_says_nothing_of_capacity(night: Nightly) -> None:
    assert "capacity" not in nightly_html(night).lower()
    assert "capacity" not in step_summary(night).lower()


def test_words_of_a_row_are_no_markup(night: Nightly) -> None:
    hostile = "capacity of <script>alert(1)</script>|x"
    done = ended(night, look(series(DROP, scenario=hostile)))
    assert "<script" not in nightly_html(done)
    assert "<script" not in step_summary(done).replace("\\<", "")
