"""Numbers in words."""

from __future__ import annotations

from typing import Any

import pytest

from reports.text.units import count, duration, facts, measured


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, "n/a"),
        (0, "0 ms"),
        (0.256, "0.26 ms"),
        (9.96, "10 ms"),
        (999.4, "999 ms"),
        (999.6, "1 s"),
        (6011.57, "6.01 s"),
        (99_940, "99.9 s"),
        (99_960, "1 min 40 s"),
        (200_000, "3 min 20 s"),
        (-12, "-12 ms"),
    ],
)
def test_a_duration_has_the_unit_that_people_would_say(ms: float | None, words: str) -> None:
    assert duration(ms) == words


@pytest.mark.parametrize(("number", "words"), [(None, "n/a"), (2400, "2,400"), (199.84, "199.8"), (0.2541, "0.254")])
def test_a_count_has_its_thousands_apart(number: float | None, words: str) -> None:
    assert count(number) == words


@pytest.mark.parametrize(
    ("value", "name", "words"),
    [(30_000, "write_outage_ms", "30 s"), (0, "lost", "0"), (2.5, "steal_percent", "2.5 %"), (True, "clean", "true")],
)
def test_a_measured_number_has_the_unit_of_its_name(value: Any, name: str, words: str) -> None:
    assert measured(value, name) == words


def test_facts_keeps_nested_names() -> None:
    assert facts({"probe": {"after_ms": 12, "said": "no, never"}}) == "probe after: 12 ms, probe said: no, never"
