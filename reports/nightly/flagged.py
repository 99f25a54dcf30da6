"""What of a night somebody has to look at, the most important first: the same on every page and in every CI's lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.nightly.capacity import failing
from reports.nightly.nightly_types import CellRow, Nightly, TrialRow
from reports.text.units import count


@dataclass(frozen=True, kw_only=True)
class Flag:
    """title: where it is, such as ``primary-kill: group / envoy``. text: what it is, one line."""

    title: str
    text: str


def flagged(content: Nightly) -> list[Flag]:
    """What makes the exit code other than 0, and why; empty where all is well.

    Numbers that a rerun confirmed come first, then capacity, then cells that failed, that only broke and that have only
    void trials.
    """
    cells = (flag for verdict in ("fail", "broken", "void") for flag in _cells(content, verdict))
    nothing = [Flag(title=content["name"], text=content["why"])] if content["verdict"] == "not run" else []
    return [*_moved(content), *_capacity(content), *cells, *nothing]


def name_of(scenario: str, cell: str) -> str:
    return f"{scenario}: {cell}"


def of_cell(cell: CellRow, content: Nightly) -> list[TrialRow]:
    """Every attempt of a cell, in the order it was run."""
    return [row for row in content["trials"] if (row["scenario"], row["cell"]) == (cell["scenario"], cell["cell"])]


def _moved(content: Nightly) -> Iterator[Flag]:
    for row in content["gate"]["findings"] if content["gate"] else []:
        if row["confirmed"]:
            yield Flag(title=name_of(row["scenario"], row["cell"]), text=row["text"])


def _capacity(content: Nightly) -> Iterator[Flag]:
    for row in failing(content.get("capacity")):
        yield Flag(title=name_of(row["scenario"], row["cell"]), text=row["text"])


def _cells(content: Nightly, verdict: str) -> Iterator[Flag]:
    for cell in content["cells"]:
        if cell["verdict"] == verdict:
            rows = [row for row in of_cell(cell, content) if row["outcome"] == verdict]
            why = f": {rows[0]['why']}" if rows else ""
            number = _HOW_MANY[verdict](cell)
            text = f"{count(number)} of {_trials(cell['planned'])} {_WORDS[verdict]}{why}"
            yield Flag(title=name_of(cell["scenario"], cell["cell"]), text=" ".join(text.split()))


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{count(number)} trials"


_WORDS = {"fail": "failed", "broken": "could not be judged, meshbench broke", "void": "void, which proves nothing"}
_HOW_MANY = {
    "fail": lambda cell: cell["failed"],
    "broken": lambda cell: cell["broken"],
    "void": lambda cell: cell["void"],
}
