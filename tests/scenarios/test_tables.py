"""README and docs say of checks, gates and workloads what these declare; ``make tables`` renews them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from scenarios.tables import BLOCKS, pages, renewed


@pytest.mark.parametrize("page", list(pages()), ids=lambda page: page.name)
def test_the_tables_of_a_page_are_as_they_are_declared(page: Path) -> None:
    text = page.read_text()
    assert renewed(text) == text, "stale; make tables"


def test_every_table_stands_on_some_page_and_every_mark_is_closed() -> None:
    text = "\n".join(page.read_text() for page in pages())
    found = Counter(re.findall(r"<!-- table: (\w+) -->", text))
    assert found.keys() == BLOCKS.keys()
    assert found.total() == text.count("<!-- end of table -->")


def test_a_stale_table_is_made_anew_as_far_in_as_it_stood() -> None:
    stale = "1. first\n\n   <!-- table: checks -->\n   | old |\n   <!-- end of table -->\n2. second\n"
    made = renewed(stale).splitlines()
    assert (made[0], made[-1]) == ("1. first", "2. second")
    assert made[3:5] == ["   | check | question |", "   |---|---|"]
    assert "   | torn | did any transfer happen only in half? |" in made
    assert "| old |" not in renewed(stale)
