"""What a run prints last: the verdict first, at most 80 columns in a pipe, and markup in a log is only text."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from checks.judge import judge
from history.history import History
from reports.formats.console import print_table
from reports.summary import summarise

MakeHistory = Callable[..., History]


def printed(history: History) -> str:
    out = io.StringIO()
    console = Console(file=out, highlight=False)
    print_table(summarise(history, judge(history)), folder=Path("runs/latest"), console=console)
    return out.getvalue()


def test_the_table_opens_with_the_verdict_and_ends_with_the_report(make_history: MakeHistory) -> None:
    lines = printed(make_history()).splitlines()
    assert lines[0] == "PASS primary-kill (seed 7)"
    assert lines[-1] == "report: runs/latest/report.html"
    assert max(map(len, lines)) <= 80
    for word in ("write_outage_ms", "rerouted", "acknowledged writes", "at most 30 s"):
        assert any(word in line for line in lines)


@pytest.mark.slow
def test_square_brackets_are_text(make_history: MakeHistory) -> None:
    history = make_history()
    fault = replace(history.faults[0], fault="[red]kill[/nonsense]")
    assert "[red]kill[/nonsense]" in printed(replace(history, faults=(fault,))).replace("\n", "")


def test_a_folder_with_ops_alone_can_be_printed(make_history: MakeHistory) -> None:
    assert printed(History(ops=make_history().ops)).startswith("PASS unnamed run (seed n/a)")


@pytest.mark.slow
def test_lost_transfers_are_named(make_history: MakeHistory) -> None:
    history = make_history()
    lost = str(history.final["transfers"]["id"].iloc[0])
    kept = history.final["transfers"][history.final["transfers"]["id"] != lost]
    text = printed(replace(history, final={**history.final, "transfers": kept}))
    assert text.startswith("FAIL")
    assert f"key: {lost}" in text
