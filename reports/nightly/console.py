"""What ``meshbench nightly`` prints when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reports.nightly.capacity import system_words
from reports.nightly.nightly_types import CellRow, Nightly
from reports.text.units import measured


def lines(night: Nightly, *, folder: Path) -> Iterator[str]:
    """A line a cell, what was not run or was cut, what moved, what is known of capacity, and where the page is."""
    for cell in night["cells"]:
        yield f"{cell['verdict']:15}{cell['scenario']}, {cell['cell']}: {_words(cell)}"
    for row in night["left_out"]:
        yield f"{'not run':15}{row['scenario']}, {row['cell']}, trial {row['number']}: {row['why']}"
    for cut in night["cut"]:
        name = f"{cut['scenario']}, {cut['cell']}, trial {cut['number']}"
        yield f"{'cut':15}{name}: meshbench was killed in it, and it was done again"
    for finding in (night["gate"] or {"findings": []})["findings"]:
        known = {True: "WORSE", False: "not confirmed", None: "not rerun"}[finding["confirmed"]]
        step = f"; step {finding['step']}" if finding["step"] else ""
        yield f"{known:15}{finding['scenario']}, {finding['cell']}: {finding['text']}{step}"
    if capacity := night.get("capacity"):
        for system in capacity["series"]:
            yield f"{'WORSE' if system['fails'] else 'capacity':15}{system_words(system)}: {system['text']}"
        if not capacity["series"]:
            yield f"{'capacity':15}{capacity['why']}"
    yield f"{night['verdict']}: {night['why']}"
    yield f"page: {folder / 'report.html'}"


def _words(cell: CellRow) -> str:
    if cell["not_applicable"] is not None:
        return cell["not_applicable"]
    parts = [f"{cell['passed']} of {cell['planned']} as expected"]
    parts += [f"{cell[word]} {word}" for word in ("failed", "void", "broken") if cell[word]]
    outage_ms = cell["medians"].get("write_outage_ms")
    parts += [] if outage_ms is None else [f"write outage {measured(outage_ms, 'write_outage_ms')} (median)"]
    return ", ".join(parts)
