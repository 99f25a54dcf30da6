"""A comparison as JSON keeps its schema; text, Markdown and page say the same in one line a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.comparison.comparison_types import ComparisonContent
from reports.comparison.console import lines
from reports.comparison.content import content, side_of
from reports.comparison.markdown import errors, markdown
from reports.comparison.page import comparison_html
from reports.schema import validate
from reports.trends.comparison import OUTAGE, compare
from reports.trends.confirmation import Fresh, confirmed, not_rerun
from reports.trends.row import TrialRow
from tests.trial_rows import trial_rows, with_sentinel

A = trial_rows(1, 12)
SLOWER = trial_rows(2, 12, longer=1.8, step="rerouted", scenario_digest="e" * 64, commit="b" * 40, dirty=True)
NAME = "primary-kill, group / envoy"


def told(a: list[TrialRow], b: list[TrialRow], *, fresh: Fresh | None = None, why: str = "") -> ComparisonContent:
    comparison = compare(a, b)
    if fresh is not None:
        comparison = confirmed(comparison, {NAME: fresh})
    elif why:
        comparison = not_rerun(comparison, why=why)
    found = content(comparison, a=side_of("aaaaaaa", a), b=side_of("HEAD", b))
    validate(found, "comparison")
    return found


REGRESSION = told(A, SLOWER, fresh=Fresh(a=trial_rows(3, 6), b=trial_rows(4, 6, longer=1.8)))


@pytest.mark.parametrize(
    ("found", "verdict", "headline"),
    [
        (REGRESSION, "regression", "B is worse than A, and a rerun shows it again: write outage"),
        (told(A, SLOWER), "flagged", "B is worse than A, which was not run again: write outage"),
        (told(A, SLOWER, fresh=Fresh(a=A[:6], b=A[6:])), "not_confirmed", "B looked worse than A"),
        (told(A, SLOWER, why="the code is gone"), "not_confirmed", "that is not confirmed: the code is gone."),
        (told(A[:3], SLOWER[:3]), "undecided", "Undecided: too few trials to show anything; needs at least 4 trials"),
        (told(A, trial_rows(8, 12)), "nothing_found", "Nothing shows that B is worse than A."),
    ],
)
def test_the_answer_is_a_sentence(found: ComparisonContent, verdict: str, headline: str) -> None:
    assert found["verdict"] == verdict
    assert headline in found["headline"]
    text = list(lines(found))
    assert text[-1] == found["headline"]


def test_a_finding_is_one_line_with_levels_interval_effect_and_the_step() -> None:
    text = "\n".join(lines(REGRESSION))
    outage = next(one for one in REGRESSION["pairs"][0]["findings"] if one["metric"] == OUTAGE)["samples"]
    line = " ".join(text[text.index("  WORSE               write outage:") :].split())
    assert f"{outage['level_a'] / 1000:.3g} s -> {outage['level_b'] / 1000:.3g} s, +" in line
    assert "(95 %: +" in line
    assert "% of pairs" in line
    assert "step                rerouted moved: " in text
    assert "elected moved" not in text
    assert "confirmed           write outage: " in text
    assert "(step rerouted)" in REGRESSION["headline"]
    assert "run again in turns: 6 trials of A, 6 trials of B" in text
    assert "A, aaaaaaa: 12 trials of 2026-11-27, commit aaaaaaaaaa" in text
    assert "commit bbbbbbbbbb and changes" in text
    assert "settings            the scenario itself differs, not by --set" in text


def test_too_few_trials_say_how_many_there_must_be_for_what() -> None:
    text = "\n".join(lines(told(A[:3], SLOWER[:3])))
    assert "too few trials (3 against 3): needs at least 4 each for write outage; at least 7 each for" in text


def test_a_slower_machine_and_another_one_are_told() -> None:
    slower = [replace(row, host="another") for row in with_sentinel(trial_rows(5, 12, longer=1.4), cpu_s=1.4)]
    text = "\n".join(lines(told(with_sentinel(A, cpu_s=1.0), slower)))
    assert "machine             it was slower for B: CPU work took +40 %" in text
    assert "slower machine      write outage: " in text
    assert "trials are of different machines: another and x86_64" in text


def test_what_was_not_compared_is_told_everywhere() -> None:
    found = told(A, [*trial_rows(8, 12), *trial_rows(9, 1, scenario="steady", scenario_digest="s" * 64)])
    for text in ("\n".join(lines(found)), comparison_html(found)):
        assert "steady, group / envoy: only in B (1 trial)" in text
    assert "steady, group / envoy: only in B" in markdown(found)


def test_a_ci_gets_what_is_flagged_first_and_a_line_for_each_confirmed_finding() -> None:
    quiet = trial_rows(10, 12, cell="async / envoy"), trial_rows(11, 12, cell="async / envoy")
    found = told([*A, *quiet[0]], [*SLOWER, *quiet[1]], fresh=Fresh(a=trial_rows(3, 6), b=trial_rows(4, 6, longer=1.8)))
    text = markdown(found)
    assert text.index("group / envoy") < text.index("async / envoy")
    assert text.startswith("**B is worse than A")
    assert errors(found)[0].startswith(f"{NAME}: ")
    assert any("write outage: " in line for line in errors(found))
    assert errors(told(A, SLOWER)) == []


def test_names_from_files_do_nothing_to_a_page_or_a_terminal() -> None:
    name = "<script>alert(1)</script>\x1b[2J"
    found = told(trial_rows(1, 4, scenario=name), trial_rows(2, 4, scenario=name))
    page = comparison_html(found)
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\x1b" not in "\n".join(lines(found))
    assert "\\<script" in markdown(found)
    assert "<script" not in markdown(found).replace("\\<", "")
    assert "http" not in page.replace("http-equiv", "")
