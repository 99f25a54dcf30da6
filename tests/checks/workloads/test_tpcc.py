"""TPC-C's twelve conditions: a sound database of two districts, and each condition broken once, on one pod."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from checks.workloads.tpcc import CONDITIONS, tpcc
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Tables

Break = Callable[[Any, History], History]


@pytest.fixture
def sound(tables: type[Tables]) -> History:
    """Two districts of ten customers, an order of each: 1 to 8 delivered (the eighth since the load), 9 and 10 waiting.
    Customer 8 has paid another 50, and 300 were delivered to him."""
    districts = (1, 2)
    ids = range(1, 11)
    orders = [(1, d, o, o, 3 if o <= 8 else None, 2) for d in districts for o in ids]
    lines = [(1, d, o, n, int(o <= 8), 0 if o < 8 else 150) for d in districts for o in ids for n in (1, 2)]
    customers = [
        (1, d, c, -1000 + (300 - 50 if c == 8 else 0), 1000 + (50 if c == 8 else 0), int(c == 8))
        for d in districts
        for c in ids
    ]
    history = [(1, d, c, 1, d, 1000) for d in districts for c in ids] + [(1, d, 8, 1, d, 50) for d in districts]
    final = {
        "warehouse": tables.frame("w_id w_ytd", (1, 20_100)),
        "district": tables.frame("d_w_id d_id d_next_o_id d_ytd", *((1, d, 11, 10_050) for d in districts)),
        "customer": tables.frame("c_w_id c_d_id c_id c_balance c_ytd_payment c_delivery_cnt", *customers),
        "history": tables.frame("h_c_w_id h_c_d_id h_c_id h_w_id h_d_id h_amount", *history),
        "new_order": tables.frame("no_w_id no_d_id no_o_id", *((1, d, o) for d in districts for o in (9, 10))),
        "orders": tables.frame("o_w_id o_d_id o_id o_c_id o_carrier_id o_ol_cnt", *orders),
        "order_line": tables.frame("ol_w_id ol_d_id ol_o_id ol_number ol_delivered ol_amount", *lines),
    }
    return History(ops=tables.ops(), final=final, nodes=tables.nodes())


def test_a_sound_database_passes(tables: type[Tables], sound: History) -> None:
    verdict = tpcc(sound)
    assert (verdict.verdict, verdict.witness) == ("pass", [])
    assert verdict.measured == {
        "orders": 40,
        "payments": 44,
        **{f"condition_{number}": 0 for number in range(1, 13)},
        "pods_without_rows": 0,
        **dict.fromkeys(("missing_rows", "extra_rows", "openings", "unreadable", "twice"), 0),
    }


#: Condition -> how to break it, and the other conditions that cannot hold then.
BREAKS: dict[int, tuple[Break, set[int]]] = {
    1: (lambda tables, h: tables.broken(h, "district", "d_ytd", 10_051, d_id=2), {9}),
    2: (lambda tables, h: tables.broken(h, "district", "d_next_o_id", 12, d_id=2), set()),
    3: (lambda tables, h: tables.more(h, "new_order", no_w_id=1, no_d_id=2, no_o_id=7), {5, 11}),
    4: (lambda tables, h: tables.less(h, "order_line", ol_d_id=2, ol_o_id=3, ol_number=1), {6}),
    5: (lambda tables, h: tables.broken(h, "orders", "o_carrier_id", 3, o_d_id=2, o_id=9), {7}),
    6: (
        lambda tables, h: tables.broken(
            tables.broken(h, "orders", "o_ol_cnt", 1, o_d_id=2, o_id=2), "orders", "o_ol_cnt", 3, o_d_id=2, o_id=3
        ),
        set(),
    ),
    7: (lambda tables, h: tables.broken(h, "order_line", "ol_delivered", 0, ol_d_id=2, ol_o_id=3, ol_number=1), set()),
    8: (lambda tables, h: tables.broken(h, "warehouse", "w_ytd", 20_099), {1}),
    9: (lambda tables, h: tables.broken(h, "history", "h_d_id", 1, h_d_id=2, h_amount=50), set()),
    10: (lambda tables, h: tables.broken(h, "customer", "c_balance", -749, c_d_id=2, c_id=8), {12}),
    11: (lambda tables, h: tables.broken(h, "customer", "c_delivery_cnt", 2, c_d_id=2, c_id=8), set()),
    12: (lambda tables, h: tables.broken(h, "customer", "c_ytd_payment", 1049, c_d_id=2, c_id=8), set()),
}


@pytest.mark.parametrize("number", CONDITIONS)
def test_each_condition_can_be_broken(tables: type[Tables], sound: History, number: int) -> None:
    breaks, besides = BREAKS[number]
    verdict = tpcc(breaks(tables, sound))
    assert verdict.verdict == "fail"
    found = {
        int(name.rpartition("_")[2])
        for name in verdict.measured
        if name.startswith("condition_") and verdict.measured[name]
    }
    assert found == {number} | besides
    rows = [row for row in verdict.witness if row["what"] == f"condition_{number}"]
    assert rows
    assert all(row["node"] == "node2" for row in rows)


def test_a_lost_order_breaks_what_it_must(tables: type[Tables], sound: History) -> None:
    verdict = tpcc(tables.less(sound, "orders", o_d_id=1, o_id=10))
    broken = {name for name, count in verdict.measured.items() if count and name.startswith("condition")}
    assert broken == {f"condition_{number}" for number in (2, 4, 5, 6, 11)}


def test_a_district_without_a_waiting_order_is_sound(tables: type[Tables], sound: History) -> None:
    """All delivered: condition 2 then asks for the newest order alone."""
    orders, lines, customers = (sound.final[name].copy() for name in ("orders", "order_line", "customer"))
    orders["o_carrier_id"] = 3
    late = lines["ol_o_id"] > 8
    lines.loc[late, "ol_delivered"] = 1
    customers.loc[customers["c_id"] > 8, "c_balance"] += 300
    customers.loc[customers["c_id"] > 8, "c_delivery_cnt"] += 1
    history = tables.with_table(sound, "orders", orders)
    history = tables.with_table(tables.with_table(history, "order_line", lines), "customer", customers)
    history = tables.with_table(history, "new_order", sound.final["new_order"][:0])
    verdict = tpcc(history)
    assert verdict.verdict == "pass", verdict.witness


def test_a_pod_in_service_without_any_warehouse_fails(tables: type[Tables], sound: History) -> None:
    history = sound
    for table in sound.final:
        history = tables.less(history, table)
    verdict = tpcc(history)
    assert (verdict.verdict, verdict.witness) == ("fail", [{"what": "pods_without_rows", "node": "node2"}])


@pytest.mark.parametrize("table", ["warehouse", "order_line"])
def test_missing_evidence_is_unknown(tables: type[Tables], sound: History, table: str) -> None:
    rest = {name: rows for name, rows in sound.final.items() if name != table}
    verdict = tpcc(History(ops=sound.ops, final=rest))
    assert (verdict.verdict, verdict.measured["reason"]) == ("unknown", f"final/{table}.parquet is missing")
    cut = tables.with_table(sound, table, sound.final[table][["node"]])
    assert "has no column" in tpcc(cut).measured["reason"]
    assert tpcc(tables.with_table(sound, "warehouse", sound.final["warehouse"][:0])).verdict == "unknown"


def test_a_cell_that_is_no_number_equals_nothing(tables: type[Tables], sound: History) -> None:
    history = tables.with_table(sound, "warehouse", sound.final["warehouse"].astype({"w_ytd": object}))
    assert tpcc(tables.broken(history, "warehouse", "w_ytd", None)).measured["condition_1"] == 1
