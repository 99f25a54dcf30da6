"""How a claim is judged by one run: what is not known is never ok."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from history.json_files import HistoryError
from reports.certificate.outcome import judged, outcomes_of
from tests.reports.certificate.made import BAD, GOOD, NEVER_LOST, OUTAGE, VOID, claim, outcomes, plan, summary


def by(content: Any, *claims: Any) -> list[tuple[str, float | None]]:
    return [(one.outcome, one.measured) for one in judged(claims or (OUTAGE, NEVER_LOST), content)]


def test_a_limit_is_kept_up_to_itself() -> None:
    assert by(summary(30_000.0)) == [("ok", 30_000.0), ("ok", 0.0)]
    assert by(summary(30_000.1)) == [("failed", 30_000.1), ("ok", 0.0)]


def test_where_higher_is_better_the_limit_is_the_least() -> None:
    ratio = claim("success_ratio", 0.99)
    assert by(GOOD | {"success_ratio": 0.99}, ratio) == [("ok", 0.99)]
    assert by(GOOD | {"success_ratio": 0.98}, ratio) == [("failed", 0.98)]


def test_a_trial_that_does_not_show_the_number_is_a_failure_not_a_pass() -> None:
    assert by(summary(None, lost=None)) == [("failed", None), ("failed", None)]


def test_gates_of_the_scenario_itself_decide_no_claim() -> None:
    assert by(summary(1400.0, verdict="fail")) == [("ok", 1400.0), ("ok", 0.0)]


def test_a_void_trial_and_one_that_was_not_judged_say_nothing() -> None:
    assert by(VOID) == [("void", 1400.0), ("void", 0.0)]
    assert by(summary(99_000.0, verdict="fail", void=["noise"])) == [("void", 99_000.0), ("void", 0.0)]
    assert by(None) == [("void", None), ("void", None)]


def test_money_that_is_gone_counts_also_in_a_void_trial_and_nothing_good_does() -> None:
    assert by(summary(1400.0, lost=3, verdict="fail", void=["noise"])) == [("failed", None), ("failed", 3.0)]
    assert by(summary(1400.0, lost=3, verdict="fail", void=["noise"]), OUTAGE) == [("void", 1400.0)], "not claimed"
    assert by(summary(1400.0, lost=None, verdict="void", void=["noise"])) == [("void", 1400.0), ("void", None)]


def test_lines_read_back_as_they_were_written(tmp_path: Path) -> None:
    made = outcomes(plan(OUTAGE, NEVER_LOST), [GOOD, None, VOID, BAD])
    file = tmp_path / "trials.jsonl"
    file.write_text("".join(json.dumps(one.as_json()) + "\n" for one in made))
    assert outcomes_of(file) == made
    assert [(one.number, one.attempt, one.counts) for one in made] == [
        (1, 1, True),
        (2, 1, False),
        (2, 2, False),
        (2, 3, True),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "good"}, "'verdict' must be one of pass, fail, void, broken, cut"),
        ({"claims": [{"outcome": "fine"}]}, "'claims.0.outcome' must be one of ok, failed, void"),
        ({"claims": [{"outcome": "ok", "measured": "1"}]}, "'claims.0.measured' must be a number"),
        ({"number": None}, "'number' must be a whole number from 0 up"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    line = outcomes(plan(), [GOOD])[0].as_json() | change
    (tmp_path / "trials.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(HistoryError) as refused:
        outcomes_of(tmp_path / "trials.jsonl")
    assert "trials.jsonl:1: not a trial of a certificate" in str(refused.value)
    assert says in str(refused.value)
