"""TPC-C under the clients' keys: what was asked for passes, acknowledged or not, and anything else fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.evidence.tables import Tables as Reader
from checks.workloads.tpcc_booked import booked
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Tables

PAID = {"w": 1, "d": 2, "c_w": 1, "c_d": 2, "amount": 700}


@pytest.fixture
def sound(tables: type[Tables]) -> History:
    """Of payments, orders and deliveries one that was acknowledged and one of unknown outcome that took effect."""
    final = {
        "history": tables.frame(
            "h_key h_c_w_id h_c_d_id h_c_id h_w_id h_d_id h_amount",
            ("load-1-2-3", 1, 2, 3, 1, 2, 1000),
            ("p1", 1, 2, 3, 1, 2, 700),
            ("p2", 1, 2, 4, 1, 2, 700),
        ),
        "orders": tables.frame(
            "o_w_id o_d_id o_id o_c_id o_carrier_id o_ol_cnt o_key",
            (1, 2, 1, 3, 5, 1, None),
            (1, 2, 2, 3, 5, 2, "o1"),
            (1, 2, 3, 4, None, 1, "o2"),
        ),
        "order_line": tables.frame(
            "ol_w_id ol_d_id ol_o_id ol_number ol_i_id ol_supply_w_id ol_quantity ol_delivered ol_amount",
            (1, 2, 1, 1, 8, 1, 5, 1, 1),
            (1, 2, 2, 1, 7, 1, 3, 1, 30),
            (1, 2, 2, 2, 8, 1, 1, 1, 20),
            (1, 2, 3, 1, 7, 1, 2, 0, 20),
        ),
        "item": tables.frame("i_id i_price", (7, 10), (8, 20)),
        "deliveries": tables.frame("dl_key dl_w_id dl_carrier_id dl_orders", ("d1", 1, 5, 1), ("d2", 1, 6, 0)),
        "keys": tables.frame("key", *((key,) for key in ("p1", "p2", "o1", "o2", "d1", "d2"))),
    }
    order = {"w": 1, "d": 2, "c": 3, "o": 2, "lines": 2, "items": [[7, 1, 3, 30], [8, 1, 1, 20]], "total": 50}
    asked = tables.ops(
        ("p1", "payment", "ok", PAID | {"c": 3, "balance": 1}),
        ("p2", "payment", "unknown", PAID | {"last": "BARBARBAR"}),
        ("o1", "new-order", "ok", order),
        ("o2", "new-order", "unknown", {"w": 1, "d": 2, "c": 4, "lines": [[7, 1, 2]]}),
        ("d1", "delivery", "ok", {"w": 1, "carrier": 5, "delivered": [[2, 2]]}),
        ("d2", "delivery", "unknown", {"w": 1, "carrier": 6}),
    )
    return History(ops=asked, final=final, nodes=tables.nodes())


def broken(history: History) -> set[str]:
    return {name for name, rows in booked(history, Reader(history)).items() if len(rows)}


def test_what_was_asked_for_passes(sound: History) -> None:
    assert broken(sound) == set()
    assert len(booked(sound, Reader(sound))) == 7, "every invariant was held"


@pytest.mark.parametrize(
    ("table", "column", "value", "where", "found"),
    [
        ("history", "h_amount", 7000, {"h_key": "p1"}, {"altered_payments"}),
        ("history", "h_amount", 7000, {"h_key": "p2"}, {"altered_payments"}),
        ("history", "h_c_d_id", 3, {"h_key": "p2"}, {"altered_payments"}),
        ("history", "h_key", "o1", {"h_key": "p2"}, {"altered_payments", "keys"}),
        ("orders", "o_c_id", 9, {"o_key": "o1"}, {"altered_orders"}),
        ("orders", "o_c_id", 9, {"o_key": "o2"}, {"altered_orders"}),
        ("orders", "o_ol_cnt", 3, {"o_key": "o2"}, {"altered_orders"}),
        ("orders", "o_carrier_id", 7, {"o_key": "o1"}, {"carriers"}),
        ("orders", "o_carrier_id", None, {"o_key": "o1"}, {"carriers"}),
        ("order_line", "ol_quantity", 4, {"ol_o_id": 3}, {"altered_lines", "prices"}),
        ("order_line", "ol_i_id", 8, {"ol_o_id": 3}, {"altered_lines", "prices"}),
        ("order_line", "ol_amount", 21, {"ol_o_id": 3}, {"prices"}),
        ("order_line", "ol_amount", 31, {"ol_o_id": 2, "ol_number": 1}, {"altered_lines", "prices"}),
        ("order_line", "ol_supply_w_id", 2, {"ol_o_id": 2, "ol_number": 1}, {"altered_lines"}),
        ("deliveries", "dl_orders", 2, {"dl_key": "d1"}, {"altered_deliveries"}),
        ("deliveries", "dl_carrier_id", 7, {"dl_key": "d2"}, {"altered_deliveries"}),
        ("keys", "key", "x", {"key": "d2"}, {"keys"}),
    ],
)
def test_a_booked_cell_that_changed_is_found(
    tables: type[Tables], sound: History, table: str, column: str, value: Any, where: dict[str, Any], found: set[str]
) -> None:
    history = tables.with_table(sound, table, sound.final[table].astype(object))
    assert broken(tables.broken(history, table, column, value, **where)) == found


@pytest.mark.parametrize("edit", [lambda rows: rows[:0], lambda rows: pd.concat([rows, rows[-1:]])])
@pytest.mark.parametrize("table", ["deliveries", "keys"])
def test_keys_and_what_they_booked_are_the_same_once_each(
    tables: type[Tables], sound: History, table: str, edit: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    history = tables.with_table(sound, table, edit(sound.final[table]))
    reader = Reader(history)
    found = booked(history, reader)
    assert len(found["keys"]) or len(reader.broken["twice"])


def test_a_folder_without_the_newer_columns_is_judged_by_what_it_has(tables: type[Tables], sound: History) -> None:
    history = tables.with_table(sound, "orders", sound.final["orders"].drop(columns="o_key"))
    assert set(booked(history, Reader(history))) == {"altered_payments", "altered_deliveries"}


def test_a_delivery_that_is_lost_says_nothing_of_its_orders(tables: type[Tables], sound: History) -> None:
    history = tables.with_table(sound, "deliveries", sound.final["deliveries"].replace({"dl_key": {"d1": "d2"}}))
    orders = sound.final["orders"].replace({"o_carrier_id": {5.0: 6.0}})
    assert "carriers" not in broken(tables.with_table(history, "orders", orders))
