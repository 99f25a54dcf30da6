"""What TPC-C's tables hold under the clients' keys: payments, orders and lines, deliveries, as asked for.

The history, orders and deliveries take the client's key in the transaction that makes the row. Together they have the
keys of the table ``keys``, each once, and under a key what was acknowledged, or where nothing was, what any attempt
asked for. Only what a folder has is held: older ones have no ``o_key`` and no table ``deliveries``.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from checks.evidence.amounts import whole
from checks.evidence.keys import keys_apart
from checks.evidence.ledger import text
from checks.evidence.ops_values import Cells, altered, asked, matches, members, parsed
from checks.evidence.tables import Tables
from history.history import History

#: Begins ``h_key`` of a row that set-up made.
LOADED = "load-"
PAYMENT = ("c_w", "c_d", "c", "w", "d", "amount")
ORDER = ("w", "d", "o", "c", "cnt")
DELIVERY = ("w", "carrier", "orders")
LINE = ("n", "item", "supply", "quantity", "amount")

_HISTORY = {"h_c_w_id": "c_w", "h_c_d_id": "c_d", "h_c_id": "c", "h_w_id": "w", "h_d_id": "d", "h_amount": "amount"}
_ORDERS = {"o_w_id": "w", "o_d_id": "d", "o_id": "o", "o_c_id": "c", "o_ol_cnt": "cnt", "o_carrier_id": "carrier"}
_DELIVERIES = {"dl_w_id": "w", "dl_carrier_id": "carrier", "dl_orders": "orders"}
_PLACE = {"ol_w_id": "w", "ol_d_id": "d", "ol_o_id": "o", "ol_number": "n"}
_LINES = {"ol_i_id": "item", "ol_supply_w_id": "supply", "ol_quantity": "quantity", "ol_amount": "amount"}


def booked(history: History, tables: Tables) -> dict[str, pd.DataFrame]:
    """Rows that break altered_payments, altered_orders, altered_lines, altered_deliveries, prices, carriers, keys."""
    ops, own = history.ops, Tables(history)  # what is unreadable or twice in these tables, the caller has found
    found: dict[str, pd.DataFrame] = {}
    of_keys: list[pd.DataFrame] = []
    if own.has("history", "h_key"):
        payments = own.table("history", numbers=_HISTORY, words=["h_key"]).rename(columns={"h_key": "key"})
        payments = payments[~payments["key"].str.startswith(LOADED)]
        found["altered_payments"] = altered(payments, PAYMENT, asked(ops, _payment))
        of_keys.append(payments)
    if own.has("orders", "o_key"):
        orders = own.table("orders", numbers=_ORDERS, words=["o_key"], nullable=["carrier"])
        mine = orders.rename(columns={"o_key": "key"})[orders["o_key"] != text(None)]
        found["altered_orders"] = altered(mine, ORDER, asked(ops, _order))
        of_keys.append(mine)
        if own.has("order_line", *_LINES):
            lines = own.table("order_line", numbers=_PLACE | _LINES)
            found["altered_lines"] = _altered_lines(ops, mine, lines)
            found["prices"] = _prices(own, mine, lines)
    if own.has("deliveries", "dl_key"):
        made = tables.table("deliveries", numbers=_DELIVERIES, words=["dl_key"], unique=["dl_key"])
        made = made.rename(columns={"dl_key": "key"})
        if "altered_orders" in found:
            found["carriers"] = _carriers(ops, orders, made)
        found["altered_deliveries"] = altered(made, DELIVERY, asked(ops, _delivery))
        of_keys.append(made)
    if len(of_keys) == 3:
        found["keys"] = keys_apart(tables, *of_keys)
    return found


def _payment(f: str, value: Any) -> Cells | None:
    # A customer may have been asked for by his last name.
    return members(value, *PAYMENT, optional=["c"]) if f == "payment" else None


def _order(f: str, value: Any) -> Cells | None:
    cells = members(value, "w", "d", "o", "c", optional=["o"]) if f == "new-order" else None
    if cells is None:
        return None
    lines = value.get("lines")
    return *cells, len(lines) if isinstance(lines, list) else whole(lines)


def _delivery(f: str, value: Any) -> Cells | None:
    cells = members(value, "w", "carrier") if f == "delivery" else None
    if cells is None:
        return None
    delivered = value.get("delivered")
    return *cells, len(delivered) if isinstance(delivered, list) else None


def _lines(f: str, value: Any) -> list[Cells] | None:
    """The lines of an order in their order: [item, supplying warehouse, quantity] as asked for, and the amount too once
    the prices were read. None where they are not on record."""
    told = value.get("items", value.get("lines")) if f == "new-order" and isinstance(value, dict) else None
    if not isinstance(told, list) or not all(isinstance(line, list) and len(line) in (3, 4) for line in told):
        return None
    rows = [members(dict(zip(LINE[1:], line, strict=False)), *LINE[1:], optional=["amount"]) for line in told]
    return None if None in rows else [(n, *row) for n, row in enumerate(rows, start=1) if row is not None]


def _altered_lines(ops: pd.DataFrame, orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    may_be = asked(ops, _lines)
    stored: dict[tuple[Any, ...], list[Cells]] = {}
    for node, w, d, o, *cells in lines[["node", "w", "d", "o", *LINE]].itertuples(index=False, name=None):
        stored.setdefault((node, w, d, o), []).append(tuple(cells))
    odd: list[dict[str, Any]] = []
    for node, key, w, d, o in orders[["node", "key", "w", "d", "o"]].itertuples(index=False, name=None):
        own = sorted(stored.get((node, w, d, o), []))
        told = may_be.get(key, [])
        if told and not any(len(own) == len(one) and all(map(matches, own, one)) for one in told):
            odd.append({"node": node, "key": key, "found": json.dumps(own), "asked": json.dumps(told[0])})
    return pd.DataFrame(odd)


def _prices(tables: Tables, orders: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Lines of clients' orders whose amount is not the quantity times the item's price."""
    if not tables.has("item", "i_id", "i_price"):
        return pd.DataFrame()
    items = tables.table("item", numbers={"i_id": "item", "i_price": "price"})
    price = {(node, item): cents for node, item, cents in items.itertuples(index=False, name=None)}
    mine = set(orders[["node", "w", "d", "o"]].itertuples(index=False, name=None))
    columns = ["node", "w", "d", "o", "n", "item", "quantity", "amount"]
    odd = [
        row
        for row in lines[columns].itertuples(index=False, name=None)
        if row[:4] in mine and row[7] != row[6] * price.get((row[0], row[5]), -1)
    ]
    return pd.DataFrame(odd, columns=columns)


def _carriers(ops: pd.DataFrame, orders: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Orders that an acknowledged delivery says it delivered, and that have another carrier, or none, or
    are not there. Of a delivery that
    a pod does not have (durability) the next one delivers the orders again."""
    there = set(made[["node", "key"]].itertuples(index=False, name=None))
    nodes = sorted(set(made["node"]))
    carrier: dict[tuple[Any, ...], int | None] = {}
    told = ops[(ops["f"] == "delivery") & (ops["outcome"] == "ok")]
    for key, value in zip(told["key"].map(text), told["value"].map(parsed), strict=True):
        delivery = _delivery("delivery", value)
        orders_of = value.get("delivered") if delivery is not None else None
        pairs = [one for one in orders_of if isinstance(one, list)] if isinstance(orders_of, list) else []
        if delivery is not None:
            own = {(delivery[0], *map(whole, pair)): delivery[1] for pair in pairs}
            carrier |= {(node, *order): one for node in nodes if (node, key) in there for order, one in own.items()}
    columns = ["node", "w", "d", "o", "carrier"]
    held = {tuple(row[:4]): row[4] for row in orders[columns].itertuples(index=False, name=None)}
    odd = [(*order, held.get(order), by) for order, by in carrier.items() if held.get(order) != by]
    return pd.DataFrame(odd, columns=[*columns, "delivered_by"])
