"""What a step of the timeline was told to do is in summary.json and on the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checks.judge import judge
from history.history import History
from reports.summary_types import FaultRow
from reports.write import write_reports

pytestmark = pytest.mark.usefixtures("no_figures")

MakeHistory = Callable[..., History]


def card(make_history: MakeHistory, folder: Path, **facts: Any) -> tuple[FaultRow, str]:
    """The fault in summary.json, and the words on its card."""
    history = make_history()
    history = replace(history, faults=(replace(history.faults[0], **facts),))
    summary = write_reports(history, judge(history), folder)
    page = (folder / "report.html").read_text()
    found = re.search(r"<b>Asked for:</b> (.*?)</p>", page)
    return summary["faults"][0], found.group(1) if found else ""


@pytest.mark.slow
def test_whom_a_step_cut_off_from_whom_and_for_how_long_is_told(make_history: MakeHistory, tmp_path: Path) -> None:
    told, words = card(
        make_history,
        tmp_path,
        fault="partition",
        target="replicas",
        hits="link",
        peer="primary",
        isolates_from=("node1",),
        after="promoted",
        heal_after_s=2.5,
        parameters={"delay_s": 0.2},
    )
    assert (told["kind"], told["peer"], told["isolates_from"]) == ("fault", "primary", ["node1"])
    assert (told["after"], told["heal_after_s"], told["for_good"]) == ("promoted", 2.5, False)
    assert (
        words == "hits: link, peer: primary, cut off from: node1, after: promoted, delay: 200 ms, healed: after 2.5 s"
    )


@pytest.mark.slow
def test_everyone_means_the_clients_too_and_for_good_means_never(make_history: MakeHistory, tmp_path: Path) -> None:
    told, words = card(make_history, tmp_path, hits="link", isolates_from=("all",), for_good=True)
    assert told["isolates_from"] == ["all"]
    assert words == "hits: link, cut off from: everyone, clients included, healed: never, it was for good"


def test_a_record_that_does_not_say_is_shown_without(make_history: MakeHistory, tmp_path: Path) -> None:
    told, words = card(make_history, tmp_path)
    assert (told["isolates_from"], told["hits"], told["peer"]) == (None, None, None)
    assert words == ""
