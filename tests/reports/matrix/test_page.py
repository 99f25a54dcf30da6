"""The page of a matrix as its reader meets it: the answer first, every cell and trial there, no request, no script."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reports.matrix.experiment import Cell, Experiment
from reports.matrix.write import write_matrix

Judged = Callable[..., dict[str, Any]]
Experiments = Callable[..., Experiment]

HOSTILE = '<script>alert("x")</script> $\\frac{1}$ \x1b[31m'
DIRECT = Cell(topology="group", mesh="direct")
ENVOY = Cell(topology="group", mesh="envoy")
ASYNC = Cell(topology="async", mesh="envoy")
NEVER = Cell(topology="async", mesh="router", not_applicable="router needs a group")


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(
    judged: Judged, void: Judged, experiment: Experiments, tmp_path_factory: pytest.TempPathFactory
) -> tuple[_Page, Path]:
    """A matrix with every kind of cell, whose messages are out to break the page."""
    trials: list[tuple[Cell, dict[str, Any] | str]] = [
        (DIRECT, judged(p50_ms=4)),
        (ENVOY, judged(p50_ms=5)),
        (ASYNC, judged(lost=3, lost_amount=45_012)),
    ]
    trials += [(DIRECT, void()), (ENVOY, HOSTILE), (ASYNC, judged(outage_ms=900))]
    out = tmp_path_factory.mktemp("matrix")
    write_matrix(experiment([DIRECT, ENVOY, ASYNC, NEVER], trials, folder=out))
    return _Page((out / "report.html").read_text()), out


def test_every_file_is_there_and_the_twin_is_valid_json(page: tuple[_Page, Path]) -> None:
    _, out = page
    files = {file.name for file in out.iterdir()}
    assert files == {"report.html", "matrix.json", "matrix.csv", "cells.csv", "tradeoff.png", "recovery.png"}
    assert (out / "tradeoff.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((out / "matrix.json").read_text())["schema"] == "meshbench/matrix/1"


def test_the_page_asks_nothing_of_the_network_and_links_to_the_runs_alone(page: tuple[_Page, Path]) -> None:
    for tag, attributes in page[0].tags:
        assert tag not in ("script", "iframe", "object", "embed", "base")
        for name in ("src", "srcset", "action", "data", "poster", "style"):
            assert (attributes.get(name) or "data:").startswith("data:")
    links = [attributes["href"] or "" for tag, attributes in page[0].tags if tag == "a"]
    assert len(links) == 5, "every judged trial; the broken one has no report"
    assert all(link.startswith("../../primary-kill/run-") and link.endswith("/report.html") for link in links)


def test_the_answer_comes_first_and_no_cell_is_missing(page: tuple[_Page, Path]) -> None:
    text = page[0].text
    order = [
        "Writes come back first",
        "Acknowledged money was lost with async / envoy: 3 transfers, 45,012 minor units",
    ]
    order += ["At a glance", "Where the outage goes", "Trade-off", "Response time", "Mesh tax", "What the topologies"]
    order += ["Decisions of the control plane", "Every trial", "Reproduce", "How to read this page"]
    places = [text.index(f"\n{word}") if word != order[1] else text.index(word) for word in order[1:]]
    assert places == sorted(places)
    for words in ("not applicable router needs a group", "1 pass, 1 void", "1.25 x", "No run recorded any"):
        assert words in " ".join(text.split())


def test_hostile_text_is_shown_and_not_obeyed(page: tuple[_Page, Path]) -> None:
    assert '<script>alert("x")</script>' in page[0].text
    assert "'load.rate=200 '" in page[0].text


@pytest.mark.slow
@pytest.mark.parametrize("outcome", ["gone", None])
def test_a_matrix_without_one_judged_trial_has_a_page(experiment: Experiments, tmp_path: Path, outcome: str) -> None:
    matrix = write_matrix(experiment([ENVOY], [(ENVOY, outcome)], folder=tmp_path))
    assert "none can be compared" in matrix["headline"][0]
    assert "none can be compared" in (tmp_path / "report.html").read_text()
