"""``junit.xml`` of a night, for Jenkins, GitLab and other CIs: a suite a cell, a case a trial; then
gate and capacity.

What is a failure or an error here is what the exit code says: a void or a broken trial is skipped, with its reason,
where others of its cell were judged. Seed, folder, command and numbers of a trial are properties of its case.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from reports.formats.junit_elements import case, counted, document, outcome, properties, suite
from reports.nightly.capacity import system_words
from reports.nightly.flagged import name_of, of_cell
from reports.nightly.nightly_types import Capacity, CellRow, Gate, Nightly, TrialRow
from reports.text.units import plain


def junit_xml(content: Nightly) -> bytes:
    """The document, UTF-8 with its declaration."""
    cells = [_cell(cell, content) for cell in content["cells"]]
    gate, capacity = content["gate"], content.get("capacity")
    of_night = [*([_gate(gate, content)] if gate else []), *([_capacity(capacity, content)] if capacity else [])]
    return document([*cells, *of_night])


def _facts(content: Nightly) -> dict[str, object]:
    """Of the night, in every suite: a CI takes them apart."""
    return {name: content[name] for name in ("name", "id", "state", "commit", "dirty", "host", "seed")}


def _cell(cell: CellRow, content: Nightly) -> ET.Element:
    group = f"meshbench.{cell['scenario']}.{cell['cell']}"
    medians = {f"median.{name}": value for name, value in cell["medians"].items()}
    facts = {name: cell[name] for name in ("scenario", "topology", "mesh", "expected", "verdict", "planned")}
    element = suite(
        name_of(cell["scenario"], cell["cell"]),
        facts={**_facts(content), **facts, **medians},
        timestamp=content["started_at"],
    )
    rows = of_cell(cell, content)
    for row in rows:
        _trial(element, group, row, cell)
    for left in content["left_out"]:
        if (left["scenario"], left["cell"]) == (cell["scenario"], cell["cell"]):
            outcome(case(element, group, f"trial {left['number']}"), "skipped", left["why"])
    if cell["not_applicable"] is not None:
        outcome(case(element, group, "is applicable"), "skipped", cell["not_applicable"])
    return counted(element, took_s=sum(row["took_s"] for row in rows))


def _trial(element: ET.Element, group: str, row: TrialRow, cell: CellRow) -> None:
    attempt = f", attempt {row['attempt']}" if row["attempt"] > 1 else ""
    trial = case(element, group, f"trial {row['number']}{attempt}", took_s=row["took_s"])
    properties(
        trial,
        {
            "seed": row["seed"],
            "verdict": row["verdict"],
            "folder": row["folder"],
            "command": plain(row["command"]),
            **row["numbers"],
            **{f"sentinel.{name}": value for name, value in (row["sentinel"] or {}).items()},
        },
    )
    if row["outcome"] == "fail":
        outcome(trial, "failure", row["why"], detail="\n".join(row["failed"]))
    elif row["outcome"] in ("void", "broken"):
        alone = cell["verdict"] == row["outcome"]
        outcome(trial, "error" if alone else "skipped", f"{row['outcome']}: {row['why']}")


def _gate(gate: Gate, content: Nightly) -> ET.Element:
    """A case a finding, a failure where a rerun confirmed it; one case alone where nothing was found."""
    group = f"meshbench.{content['name']}.compared"
    facts = {"verdict": gate["verdict"], "why": gate["why"], "nights": plain(gate["nights"])}
    element = suite("compared with earlier nights", facts={**_facts(content), **facts})
    for row in gate["findings"]:
        found = case(element, group, f"{name_of(row['scenario'], row['cell'])}: {row['metric']}")
        numbers = {name: row[name] for name in ("before", "tonight", "unit", "p", "effect", "step", "confirmed")}
        properties(found, numbers)
        if row["confirmed"]:
            outcome(found, "failure", row["text"])
        else:
            again = "not confirmed when run again" if row["confirmed"] is False else "was not run again"
            outcome(found, "skipped", f"{again}: {row['text']}")
    for words in gate["undecided"]:
        outcome(case(element, group, words), "skipped", "too few trials to decide")
    if not gate["findings"] and not gate["undecided"]:
        only = case(element, group, "nothing moved")
        if gate["verdict"] != "nothing moved":
            outcome(only, "skipped", gate["why"])
    return counted(element)


def _capacity(capacity: Capacity, content: Nightly) -> ET.Element:
    """A case a number; one that is skipped where nothing was measured."""
    group = f"meshbench.{content['name']}.capacity"
    element = suite("capacity", facts={**_facts(content), "why": capacity["why"]})
    for row in capacity["series"]:
        one = case(element, group, f"{system_words(row)}: {row['metric']}")
        properties(one, {name: row[name] for name in ("last", "before", "values", "measured_at", "folder", "text")})
        if row["fails"]:
            outcome(one, "failure", row["text"])
    if not capacity["series"]:
        outcome(case(element, group, "was measured"), "skipped", capacity["why"])
    return counted(element)
