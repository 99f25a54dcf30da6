"""What follows from the trials of a night: each cell, the whole, and the exit code."""

from __future__ import annotations

import pytest

from reports.nightly.nightly_types import Gate, Nightly
from reports.nightly.outcome import outcome_of, settle
from reports.schema import validate
from tests.reports.nightly.conftest import trial


def gate(verdict: str) -> Gate:
    made: Gate = {
        "verdict": verdict,  # type: ignore[typeddict-item]  # of a parameter
        "why": "the write outage is longer.",
        "nights": [],
        "trials": {"before": 6, "tonight": 6},
        "findings": [],
        "undecided": [],
    }
    return made


def test_a_night_keeps_its_schema(night: Nightly) -> None:
    validate(night, "nightly")
    night["gate"] = gate("worse")
    validate(night, "nightly")


def test_a_void_trial_that_passed_when_it_was_repeated_is_a_pass_and_its_numbers_never_count(night: Nightly) -> None:
    kill, steady, _ = night["cells"]
    assert (kill["verdict"], kill["passed"], kill["void"]) == ("pass", 3, 0)
    assert kill["medians"]["write_outage_ms"] == 6002.0
    assert (steady["verdict"], steady["left_out"]) == ("not run", 1)
    assert (night["verdict"], night["exit_code"]) == ("pass", 0)
    assert "3 of 3 trials ended as their scenarios expect" in night["why"]
    assert "1 not run: of the budget 3 s are left" in night["why"]


def test_one_failed_trial_fails_its_cell_and_the_night_and_is_named(night: Nightly) -> None:
    night["trials"].append(trial(4, verdict="fail"))
    settle(night)
    assert (night["cells"][0]["verdict"], night["verdict"], night["exit_code"]) == ("fail", "fail", 1)
    assert "failed: primary-kill (group / envoy)" in night["why"]


@pytest.mark.parametrize(("verdict", "code"), [("worse", 1), ("undecided", 0), ("nothing moved", 0)])
def test_only_what_got_worse_fails_a_night_that_passed(night: Nightly, verdict: str, code: int) -> None:
    night["gate"] = gate(verdict)
    settle(night)
    assert night["exit_code"] == code
    assert night["why"].endswith("the write outage is longer")


@pytest.mark.parametrize(
    ("verdict", "expected", "outcome"),
    [
        ("pass", "pass", "pass"),
        ("fail", "fail", "pass"),
        ("pass", "fail", "fail"),
        ("void", "pass", "void"),
        ("broken", "fail", "broken"),
    ],
)
def test_a_trial_is_held_against_what_its_scenario_expects(verdict: str, expected: str, outcome: str) -> None:
    assert outcome_of(verdict, expected=expected) == outcome  # type: ignore[arg-type]  # of a parameter
