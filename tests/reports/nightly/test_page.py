"""The page of a night: every trial by cell with verdict, numbers and a link; what was not run; nothing from outside."""

from __future__ import annotations

import re
from pathlib import Path

from reports.nightly.console import lines
from reports.nightly.nightly_types import Nightly
from reports.nightly.page import nightly_html
from tests.reports.nightly.conftest import trial
from tests.reports.nightly.test_outcome import gate


def test_every_trial_is_there_with_its_verdict_numbers_and_link(night: Nightly) -> None:
    page = nightly_html(night)
    for one in night["trials"]:
        assert f'href="{one["folder"]}/report.html"' in page
        assert one["why"] in page
        assert f"--seed {one['seed']}" in page
    assert "2, attempt 2" in page
    assert page.count("0.80 s, 0.20 ms") == 4
    assert '<span class="badge void">void</span>' in page
    assert page.count(">6 s</td>") >= 4


def test_what_was_not_run_or_cut_or_cannot_be_is_said(night: Nightly) -> None:
    page = nightly_html(night)
    assert "steady, group / envoy, trial 1: of the budget 3 s are left" in page
    assert "trial 2, attempt 1: meshbench was killed in the middle of it" in page
    assert "it needs mtls" in page
    assert "gone on with 1 time ·" in page


def test_what_moved_is_told_with_the_step_and_whether_a_rerun_confirms_it(night: Nightly) -> None:
    night["gate"] = moved = gate("worse")
    moved["findings"].append(
        {
            "scenario": "primary-kill",
            "cell": "group / envoy",
            "metric": "write_outage_ms",
            "words": "longest time without an acknowledged write",
            "unit": "ms",
            "before": 6000.0,
            "tonight": 9000.0,
            "p": 0.001,
            "effect": 0.5,
            "confirmed": True,
            "step": "rerouted",
            "text": "9 s instead of 6 s",
        }
    )
    page = nightly_html(night)
    for words in ("9 s instead of 6 s", "rerouted", "confirmed by a rerun"):
        assert words in page


def test_a_night_that_was_compared_with_none_says_so_once_and_links_no_comparison(night: Nightly) -> None:
    night["gate"] = {**gate("not compared"), "why": "not compared: there is no earlier night"}
    page = nightly_html(night)
    assert page.count("not compared: there is no earlier night") == 1
    assert "compare.html" not in page


def test_the_terminal_says_what_was_not_run_or_was_cut(night: Nightly) -> None:
    told = list(lines(night, folder=Path("runs/nightly/x")))
    assert told[0].startswith("pass           primary-kill, group / envoy: 3 of 3 as expected")
    assert any(line.startswith("not run") and "trial 1: of the budget" in line for line in told)
    assert any(line.startswith("cut") and "trial 2: meshbench was killed in it" in line for line in told)
    assert told[-1] == "page: runs/nightly/x/report.html"


def test_words_of_a_file_are_no_markup_and_nothing_is_loaded_from_anywhere(night: Nightly) -> None:
    night["trials"].append(trial(4, why="<script>alert(1)</script>"))
    night["host"] = '"><img src=http://example.com/x>'
    page = nightly_html(night)
    assert "<script" not in page
    assert "<img" not in page
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
