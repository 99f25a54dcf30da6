"""README and docs hold together: their links lead somewhere, their lines fit, and the glossary has the page's terms."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from checks.recovery.waterfall import PRIMARY_STEPS
from history.manifest import PartOfKind
from reports.text.units import label
from scenarios.capacity.plan import plan
from scenarios.capacity.search import CONTRADICTIONS, STEPS_MAX

ROOT = Path(__file__).parent.parent
READ_FIRST = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCS = [*READ_FIRST, *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
PAGE = (ROOT / "reports" / "formats" / "report.html.j2").read_text()


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_of_ours_leads_there(file: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", file.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        assert target.startswith("http") or (file.parent / target).exists(), target


@pytest.mark.parametrize("file", READ_FIRST, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_line_outside_of_tables_has_at_most_120_columns(file: Path) -> None:
    lines = enumerate(file.read_text().splitlines(), start=1)
    assert [number for number, line in lines if len(line) > 120 and not line.lstrip().startswith("|")] == []


def test_the_glossary_has_every_term_that_the_page_explains() -> None:
    how_to_read = PAGE[PAGE.index("<h2>How to read this page</h2>") :]
    terms = [term.lower() for term in re.findall(r"<b>([^<]+)</b>", how_to_read)]
    assert len(terms) > 5, "the page explains its terms"
    assert [term for term in terms if term not in GLOSSARY.lower()] == []


def test_the_glossary_has_every_step_of_the_waterfall() -> None:
    assert [step for step in (*PRIMARY_STEPS, "rejoined") if f"*{label(step)}*" not in GLOSSARY] == []


def test_the_lines_that_fill_the_planner_are_accepted_as_pasted() -> None:
    guide = (ROOT / "docs" / "capacity.md").read_text()
    pasted = re.search(r"To fill the planner's table.*?```\n(.*?)```", guide, flags=re.DOTALL)
    assert pasted is not None
    shell = 'meshbench() { for word; do echo "$word"; done; echo; }\n' + pasted[1]
    told = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=True).stdout
    kinds = []
    for command in told.strip().split("\n\n"):
        verb, subject, *words = command.splitlines()
        options = dict(zip(words[::2], words[1::2], strict=True))
        assert verb == "capacity"
        assert options.keys() <= {"--mesh", "--slo", "--lose"}
        found = plan(subject, slo=[options["--slo"]], mesh=options["--mesh"], lose=int(options.get("--lose", 0)))
        kinds.append(found.scenario.topology.kind)
    assert kinds == ["single", "semisync", "group"]


def test_the_guide_to_capacity_says_when_a_search_that_is_not_settled_ends() -> None:
    guide = " ".join((ROOT / "docs" / "capacity.md").read_text().split())
    assert CONTRADICTIONS + 1 == 3
    assert f"not settled after three contradictions or {STEPS_MAX} steps" in guide


def test_the_columns_of_the_history_name_every_kind_of_whole() -> None:
    lines = (ROOT / "docs" / "history.md").read_text().splitlines()
    (row,) = [line for line in lines if line.startswith("| `part_kind`")]
    assert f"kind ({', '.join(get_args(PartOfKind))})" in row
