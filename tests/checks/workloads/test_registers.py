"""Registers of mixed-read: a sound folder, and each way in which versions, writes, keys and reads can disagree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.registry import SAFETY
from checks.workloads.registers import registers
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Tables

Break = Callable[[Any, History], History]


@pytest.fixture
def sound(tables: type[Tables]) -> History:
    """Register 1 has two acknowledged versions and a third of unknown outcome, 2 has none, 3 one that was in doubt when
    its COMMIT was sent; another write of unknown outcome is not there."""
    writes = [("a", 1, 1), ("b", 1, 2), ("u", 1, 3), ("v", 3, 1)]
    final = {
        "registers": tables.frame("k version", (1, 3), (2, 0), (3, 1)),
        "writes": tables.frame("id k version", *writes),
        "keys": tables.frame("key", *((key,) for key, _, _ in writes)),
    }
    asked = tables.ops(
        ("a", "write", "ok", {"k": 1, "version": 1}),
        ("b", "write", "ok", {"k": 1, "version": 2}),
        ("u", "write", "unknown", {"k": 1, "version": None}),
        ("v", "write", "unknown", {"k": 3, "version": 1}),
        ("gone", "write", "unknown", {"k": 2, "version": None}),
        ("no", "write", "fail", {"k": 2, "version": None}),
        ("r1", "read", "ok", {"k": 1, "version": 3, "probe": False}),
        ("r2", "read", "ok", {"k": 2, "version": 0, "probe": True}),
        ("r3", "read", "fail", {"k": 2, "version": None, "probe": True}),
    )
    manifest = {"scenario": {"workload": {"name": "mixed-read", "registers": 3}}}
    return History(ops=asked, final=final, nodes=tables.nodes(), manifest=manifest)


def test_sound_registers_pass(sound: History) -> None:
    verdict = registers(sound)
    assert (verdict.verdict, verdict.witness, verdict.measured["writes"]) == ("pass", [], 8)
    assert "registers" in SAFETY


def everywhere(table: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Break:
    return lambda tables, history: tables.with_table(history, table, edit(history.final[table].copy()))


def at(rows: pd.DataFrame, where: dict[str, Any], **cells: Any) -> pd.DataFrame:
    chosen = pd.Series(True, index=rows.index)
    for name, cell in where.items():
        chosen &= rows[name] == cell
    rows.loc[chosen, list(cells)] = list(cells.values())
    return rows


@pytest.mark.parametrize(
    ("breaks", "found"),
    [
        (everywhere("registers", lambda rows: rows.assign(version=0)), {"newest"}),
        (everywhere("registers", lambda rows: at(rows, {"k": 2}, version=5)), {"newest"}),
        (everywhere("registers", lambda rows: rows[rows["k"] != 2]), {"missing_rows"}),
        (everywhere("registers", lambda rows: pd.concat([rows, rows[rows["k"] == 2]])), {"twice", "extra_rows"}),
        (everywhere("registers", lambda rows: at(rows, {"k": 2}, k=4)), {"missing_rows", "extra_rows"}),
        (everywhere("writes", lambda rows: rows[rows["id"] != "b"]), {"newest", "keys"}),
        (everywhere("writes", lambda rows: at(rows, {"id": "b"}, version=1)), {"versions", "altered"}),
        (everywhere("writes", lambda rows: at(rows, {"id": "u"}, version=4)), {"newest"}),
        (everywhere("writes", lambda rows: at(rows, {"id": "u"}, k=2, version=1)), {"newest", "altered"}),
        (everywhere("writes", lambda rows: at(rows, {"id": "v"}, version=0)), {"newest", "versions", "altered"}),
        (everywhere("keys", lambda rows: rows[rows["key"] != "b"]), {"keys"}),
        (everywhere("keys", lambda rows: at(rows, {"key": "b"}, key="a")), {"keys"}),
        (
            lambda tables, h: tables.less(tables.less(tables.less(h, "registers"), "writes"), "keys"),
            {"pods_without_rows", "missing_rows"},
        ),
    ],
)
def test_each_way_to_break_a_register(tables: type[Tables], sound: History, breaks: Break, found: set[str]) -> None:
    verdict = registers(breaks(tables, sound))
    assert verdict.verdict == "fail"
    assert {name for name, count in verdict.measured.items() if count and name != "writes"} == found


def with_op(tables: type[Tables], history: History, key: str, f: str, outcome: str, value: Any) -> History:
    return replace(history, ops=pd.concat([history.ops, tables.ops((key, f, outcome, value))], ignore_index=True))


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ({"k": 1, "version": 3}, True),
        ({"k": 1, "version": 0}, True),
        # One write of register 1 and one of register 2 are not resolved by what they told.
        ({"k": 1, "version": 4}, True),
        ({"k": 2, "version": 1}, True),
        ({"k": 1, "version": 5}, False),
        ({"k": 2, "version": 2}, False),
        ({"k": 3, "version": 2}, False),
        ({"k": 1, "version": -1}, False),
        ({"k": 7, "version": 1}, False),
        ({"k": 1, "version": None}, False),
        ({"k": 1, "version": 1.5}, False),
        ([], False),
    ],
)
def test_a_read_finds_what_somebody_may_have_written(
    tables: type[Tables], sound: History, value: Any, made: bool
) -> None:
    verdict = registers(with_op(tables, sound, "r", "read", "ok", value))
    assert (verdict.verdict, verdict.measured["never_made"]) == ("pass", 0) if made else ("fail", 1)
    cut_off = replace(sound, manifest=sound.manifest | {"load": {"complete": False}})
    assert registers(with_op(tables, cut_off, "r", "read", "ok", value)).verdict == "pass"


def test_two_acknowledged_writes_of_one_version_fail_unless_one_is_lost(tables: type[Tables], sound: History) -> None:
    copy = with_op(tables, sound, "c", "write", "ok", {"k": 1, "version": 2})
    assert registers(copy).verdict == "pass", "c is in no table: durability tells of it, and the next made version 2"
    there = tables.with_table(copy, "keys", pd.concat([sound.final["keys"], tables.frame("key", ("c",))]))
    rows = pd.concat([sound.final["writes"], tables.frame("id k version", ("c", 1, 4))])
    there = tables.with_table(
        tables.with_table(there, "writes", rows), "registers", tables.frame("k version", (1, 4), (2, 0), (3, 1))
    )
    verdict = registers(there)
    assert (verdict.verdict, verdict.measured["made_twice"]) == ("fail", 1)


def test_missing_evidence_is_unknown(tables: type[Tables], sound: History) -> None:
    assert registers(History(ops=sound.ops)).verdict == "unknown"
    empty = tables.with_table(sound, "registers", sound.final["registers"][:0])
    assert registers(replace(empty, manifest={})).verdict == "unknown"
    assert registers(empty).verdict == "fail", "the workload has three"
