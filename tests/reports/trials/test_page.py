"""The page of several trials as its reader meets it: the answer first, every trial there, no request, no script."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reports.trials.console import print_trials
from reports.trials.content import trials_content
from reports.trials.series import Series
from reports.trials.write import write_trials

Judged = Callable[..., Any]
MakeSeries = Callable[..., Series]
HOSTILE = '<script>alert("x")</script>'


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(
    judged: Judged, void: Judged, series: MakeSeries, tmp_path_factory: pytest.TempPathFactory
) -> tuple[_Page, Path]:
    """Trials of every kind, whose messages are out to break the page."""
    outcomes = [judged(outage_ms=2000), [void(), judged(outage_ms=2500)], HOSTILE, judged(lost=3, lost_amount=45_012)]
    folder = tmp_path_factory.mktemp("runs") / "trials" / "night"
    folder.mkdir(parents=True)
    write_trials(series([*outcomes, None], folder=folder))
    return _Page((folder / "report.html").read_text()), folder


def test_page_and_twin_are_there(page: tuple[_Page, Path]) -> None:
    _, folder = page
    assert {file.name for file in folder.iterdir()} == {"report.html", "trials.json"}
    assert json.loads((folder / "trials.json").read_text())["schema"] == "meshbench/trials/1"


def test_the_page_asks_nothing_of_the_network_and_links_to_every_judged_run(page: tuple[_Page, Path]) -> None:
    for tag, attributes in page[0].tags:
        assert tag not in ("script", "iframe", "object", "embed", "base")
        for name in ("src", "srcset", "action", "data", "poster", "style"):
            assert (attributes.get(name) or "data:").startswith("data:")
    links = [attributes["href"] for tag, attributes in page[0].tags if tag == "a"]
    assert links == [f"../../primary-kill/run-{order}/report.html" for order in (1, 2, 3, 5)]


def test_the_answer_comes_first_and_every_trial_is_there(page: tuple[_Page, Path]) -> None:
    text = " ".join(page[0].text.split())
    order = [
        "Acknowledged money was lost in 1 of 3 trials",
        "Every trial",
        "How it spreads",
        "Write outage and brown-out",
    ]
    order += ["Steps of the recovery", "Trials in the order they were run", "Reproduce", "How to read this page"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    for words in (
        "2, attempt 2",
        "not run",
        "interrupted",
        "step: elected",
        "interval from 6 trials",
        "90 % from 10 trials, its upper bound from 36",
    ):
        assert words in text


def test_hostile_text_is_shown_and_not_obeyed(page: tuple[_Page, Path]) -> None:
    assert HOSTILE in page[0].text
    assert "'load.rate=200 '" in page[0].text


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["gone", None])
def test_trials_of_which_none_was_judged_have_a_page(series: MakeSeries, tmp_path: Path, outcome: str | None) -> None:
    content = write_trials(series([outcome], folder=tmp_path))
    assert content["distributions"] == []
    assert "No trial counts." in (tmp_path / "report.html").read_text()


def test_a_terminal_gets_the_sentences_and_the_medians(judged: Judged, series: MakeSeries) -> None:
    content = trials_content(series([judged(outage_ms=1000.0 * number) for number in range(1, 7)]))
    told = StringIO()
    print_trials(content, folder=Path("runs/trials/\x1b[31mnight"), console=Console(file=told, highlight=False))
    text = told.getvalue()
    assert text.startswith("PASS primary-kill: 6 pass\n")
    assert "write outage 6 3.5 s 1 s to 6 s 1 s 6 s" in " ".join(text.split())
    assert "\x1b" not in text
