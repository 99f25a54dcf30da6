"""Appends: sound lists, and an element missing, there twice, torn off its transaction, or nobody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.workloads.append import append
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Tables

Break = Callable[[Any, History], History]


@pytest.fixture
def sound(tables: type[Tables]) -> History:
    final = {
        "lists": tables.frame("k elements", (1, "10,20"), (2, "11,30")),
        "keys": tables.frame("key", ("a",), ("b",), ("u",)),
    }
    asked = tables.ops(
        ("a", "append", "ok", [["append", 1, 10], ["append", 2, 11], ["r", 1, [10]]]),
        ("b", "append", "ok", [["r", 1, [10]], ["append", 1, 20]]),
        ("u", "append", "unknown", [["append", 2, 30]]),
        ("gone", "append", "unknown", [["append", 2, 40], ["append", 1, 41]]),
        ("look", "read", "ok", [["r", 2, [11]]]),
    )
    return History(ops=asked, final=final, nodes=tables.nodes())


def test_sound_lists_pass(tables: type[Tables], sound: History) -> None:
    verdict = append(sound)
    assert (verdict.verdict, verdict.witness, verdict.measured["elements"]) == ("pass", [], 8)


@pytest.mark.parametrize(
    ("breaks", "found", "element"),
    [
        (lambda tables, h: tables.broken(h, "lists", "elements", "11", k=2), "missing", "30"),
        (lambda tables, h: tables.broken(h, "lists", "elements", "10,20,10", k=1), "twice", "10"),
        (lambda tables, h: tables.broken(h, "lists", "elements", "11,30,40", k=2), "torn", "40"),
        (lambda tables, h: tables.less(h, "keys", key="b"), "torn", "20"),
        (lambda tables, h: tables.broken(h, "lists", "elements", "11,30,99", k=2), "strangers", "99"),
        (lambda tables, h: tables.more(h, "lists", k=7, elements="20"), "strangers", "20"),
    ],
)
def test_each_way_to_break_a_list(
    tables: type[Tables], sound: History, breaks: Break, found: str, element: str
) -> None:
    verdict = append(breaks(tables, sound))
    assert verdict.verdict == "fail"
    assert {name for name, count in verdict.measured.items() if count and name != "elements"} == {found}
    assert (verdict.witness[0]["node"], verdict.witness[0]["element"]) == ("node2", element)


@pytest.mark.parametrize("elements", ["", "11,,30", "11,30,", None])
def test_an_element_that_is_nothing_is_a_stranger(tables: type[Tables], sound: History, elements: str | None) -> None:
    verdict = append(tables.broken(sound, "lists", "elements", elements, k=2))
    assert (verdict.verdict, verdict.measured["strangers"] > 0) == ("fail", True)


def test_a_list_in_two_rows_fails(tables: type[Tables], sound: History) -> None:
    split = tables.more(tables.broken(sound, "lists", "elements", "10", k=1), "lists", k=1, elements="20")
    verdict = append(split)
    assert (verdict.verdict, verdict.measured["lists_twice"]) == ("fail", 1)


def test_a_pod_that_has_keys_and_no_list_at_all_fails(tables: type[Tables], sound: History) -> None:
    verdict = append(tables.less(sound, "lists"))
    assert (verdict.verdict, verdict.measured["missing"]) == ("fail", 4)


def test_strangers_are_no_failure_where_the_load_pod_lost_its_last_ops(tables: type[Tables], sound: History) -> None:
    history = tables.broken(sound, "lists", "elements", "11,30,99", k=2)
    cut_off = History(ops=history.ops, final=history.final, manifest={"load": {"complete": False}})
    assert append(cut_off).verdict == "pass"


def test_missing_evidence_is_unknown(tables: type[Tables], sound: History) -> None:
    assert append(History(ops=sound.ops)).verdict == "unknown"
    assert append(History(ops=sound.ops[:0], final=sound.final)).verdict == "unknown"
    assert append(tables.with_table(sound, "lists", sound.final["lists"][["node"]])).verdict == "unknown"
