"""TPC-C's consistency conditions 1 to 12 (revision 5.11, clauses 3.3.2.1 to 3.3.2.12), on every pod.

Two are read with care. Condition 2 speaks of max(NO_O_ID), which a district without a waiting order does not have:
there only the orders count. Condition 11 (count of ORDER less count of NEW-ORDER is 2100) holds for the initial
database alone; every delivery adds one, and each customer counts his. So it is held as: what was delivered at first
(seven tenths of the customers, 2100 of 3000) plus the sum of C_DELIVERY_CNT. Beside them: set-up's rows are all there,
once (`checks.evidence.openings`), and what is booked under a client's key is what was asked for
(`checks.workloads.tpcc_booked`). Whether what was acknowledged is there at all is durability's question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from checks.check import Check
from checks.evidence.ledger import MissingError
from checks.evidence.openings import rows_of_setup
from checks.evidence.tables import NULL, Tables, absent_pods, added, joined, total, unequal, verdict_of
from checks.verdict import Verdict, unknown
from checks.workloads.tpcc_booked import booked
from history.history import History

NAME = "tpcc"
EXPECTED = "the consistency conditions 3.3.2.1 to 3.3.2.12 hold on every node, for what was asked and set up"

W, D, O, C = ["node", "w"], ["node", "w", "d"], ["node", "w", "d", "o"], ["node", "w", "d", "c"]  # noqa: E741


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The final tables under short names: w, d, o, c are the ids of warehouse, district, order and customer."""

    warehouse: pd.DataFrame
    district: pd.DataFrame
    customer: pd.DataFrame
    history: pd.DataFrame
    new_order: pd.DataFrame
    orders: pd.DataFrame
    lines: pd.DataFrame

    @classmethod
    def of(cls, tables: Tables) -> Rows:
        """Raises MissingError."""
        place = {"d_w_id": "w", "d_id": "d"}
        owner = {"c_w_id": "w", "c_d_id": "d", "c_id": "c"}
        paid = {"h_c_w_id": "c_w", "h_c_d_id": "c_d", "h_c_id": "c", "h_w_id": "w", "h_d_id": "d", "h_amount": "amount"}
        order = {"o_w_id": "w", "o_d_id": "d", "o_id": "o", "o_c_id": "c", "o_carrier_id": "carrier", "o_ol_cnt": "cnt"}
        line = {"ol_w_id": "w", "ol_d_id": "d", "ol_o_id": "o", "ol_number": "n", "ol_delivered": "delivered"}
        totals = {"c_balance": "balance", "c_ytd_payment": "ytd"}
        if tables.has("customer", "c_payment_cnt"):
            totals["c_payment_cnt"] = "payments"
        waiting = {"no_w_id": "w", "no_d_id": "d", "no_o_id": "o"}
        read, wdo = tables.table, ["w", "d", "o"]
        return cls(
            warehouse=read("warehouse", numbers={"w_id": "w", "w_ytd": "ytd"}, unique=["w"]),
            district=read("district", numbers={**place, "d_next_o_id": "next_o", "d_ytd": "ytd"}, unique=["w", "d"]),
            customer=read(
                "customer", numbers={**owner, **totals, "c_delivery_cnt": "deliveries"}, unique=["w", "d", "c"]
            ),
            history=read("history", numbers=paid),
            new_order=read("new_order", numbers=waiting, unique=wdo),
            orders=read("orders", numbers=order, nullable=["carrier"], unique=wdo),
            lines=read("order_line", numbers={**line, "ol_amount": "amount"}, unique=[*wdo, "n"]),
        )

    def delivered_lines(self) -> pd.Series[float]:
        """Sum of OL_AMOUNT of delivered lines by the customer who ordered them."""
        delivered = joined(self.lines[self.lines["delivered"] == 1], self.orders[[*O, "c"]], on=O)
        return total(delivered, C, "amount")


def _ytd_of_districts(t: Rows) -> pd.DataFrame:
    return unequal(total(t.district, W, "ytd"), t.warehouse.set_index(W)["ytd"])


def _next_order(t: Rows) -> pd.DataFrame:
    expected = t.district.set_index(D)["next_o"] - 1
    newest = t.orders.groupby(D)["o"].max()
    waiting = t.new_order.groupby(D)["o"].max()
    return pd.concat([unequal(expected, newest), unequal(expected, waiting, missing=None)])


def _no_gap_in_new_orders(t: Rows) -> pd.DataFrame:
    waiting = t.new_order.groupby(D)["o"]
    return unequal(waiting.max() - waiting.min() + 1, waiting.size())


def _lines_of_district(t: Rows) -> pd.DataFrame:
    return unequal(total(t.orders, D, "cnt"), total(t.lines, D))


def _carrier_or_waiting(t: Rows) -> pd.DataFrame:
    undelivered = t.orders[t.orders["carrier"] == NULL]
    return unequal(total(undelivered, O), total(t.new_order, O))


def _lines_of_order(t: Rows) -> pd.DataFrame:
    return unequal(t.orders.set_index(O)["cnt"], total(t.lines, O))


def _delivered_with_carrier(t: Rows) -> pd.DataFrame:
    # A line without its order is condition 6's find.
    lines = joined(t.lines, t.orders[[*O, "carrier"]], on=O)
    odd = lines[(lines["delivered"] == 1) != (lines["carrier"] != NULL)]
    return odd[[*O, "delivered", "carrier"]]


def _ytd_of_history(t: Rows) -> pd.DataFrame:
    return unequal(total(t.history, W, "amount"), t.warehouse.set_index(W)["ytd"])


def _district_ytd_of_history(t: Rows) -> pd.DataFrame:
    return unequal(total(t.history, D, "amount"), t.district.set_index(D)["ytd"])


def _balance(t: Rows) -> pd.DataFrame:
    paid = t.history.drop(columns=["w", "d"]).rename(columns={"c_w": "w", "c_d": "d"})
    expected = added(t.delivered_lines(), total(paid, C, "amount"), sign=-1)
    return unequal(expected, t.customer.set_index(C)["balance"])


def _delivered_orders(t: Rows) -> pd.DataFrame:
    customers = t.customer.groupby(D)["deliveries"]
    expected = customers.size() * 7 // 10 + customers.sum()
    return unequal(expected, added(total(t.orders, D), total(t.new_order, D), sign=-1))


def _balance_and_payments(t: Rows) -> pd.DataFrame:
    return unequal(t.delivered_lines(), added(total(t.customer, C, "balance"), total(t.customer, C, "ytd")))


#: Number of the condition -> the rows that break it.
CONDITIONS: Mapping[int, Callable[[Rows], pd.DataFrame]] = {
    1: _ytd_of_districts,
    2: _next_order,
    3: _no_gap_in_new_orders,
    4: _lines_of_district,
    5: _carrier_or_waiting,
    6: _lines_of_order,
    7: _delivered_with_carrier,
    8: _ytd_of_history,
    9: _district_ytd_of_history,
    10: _balance,
    11: _delivered_orders,
    12: _balance_and_payments,
}


def _payments(t: Rows) -> pd.DataFrame:
    paid = t.history.drop(columns=["w", "d"]).rename(columns={"c_w": "w", "c_d": "d"})
    return unequal(total(paid, C), t.customer.set_index(C)["payments"])


def tpcc(history: History) -> Verdict:
    """measured: orders and payments (rows over all pods), and how many rows break each condition, payment_count (of a
    customer), what `checks.workloads.tpcc_booked` and `checks.evidence.openings` hold, unreadable, twice."""
    tables = Tables(history)
    try:
        rows = Rows.of(tables)
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    set_up = rows_of_setup(history, "tpcc")
    if history.final["warehouse"].empty and not any(map(len, set_up.values())):
        return unknown(NAME, expected=EXPECTED, reason="final/warehouse.parquet holds no warehouse")
    broken = {f"condition_{number}": condition(rows) for number, condition in CONDITIONS.items()}
    if "payments" in rows.customer:
        broken["payment_count"] = _payments(rows)
    broken["pods_without_rows"] = absent_pods(history, rows.warehouse)
    broken |= booked(history, tables) | set_up | tables.broken
    return verdict_of(NAME, EXPECTED, broken, {"orders": len(rows.orders), "payments": len(rows.history)})


CHECK = Check(
    name=NAME,
    question="do TPC-C's consistency conditions 3.3.2.1 to 3.3.2.12 hold on every pod?",
    run=tpcc,
    safety=True,
    workload="tpcc",
)
