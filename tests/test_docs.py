"""README and docs hold together: their links lead somewhere, their lines fit, and the glossary has the page's terms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.recovery.waterfall import PRIMARY_STEPS
from reports.text.units import label

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
