"""TPC-C's five transactions (clauses 2.4 to 2.8) in SQL. Each takes the session, the client's key and the input data,
and returns what to record.

Payment locks the rows that most others wait for, district and warehouse, last, and stock is locked in the order of its
key: the specification leaves the order of statements open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from loadgen.workload import SqlSession, refuse
from loadgen.workloads.tpcc_schema import DISTRICTS

Value = dict[str, Any]

UNUSED = "unused-item"
ROW_MISSING = "row-missing"


def new_order(session: SqlSession, key: str, value: Value) -> Value:
    """Clause 2.4: one order with 5 to 15 lines. An unused item rolls everything back (refused as ``unused-item``)."""
    w, d, c = value["w"], value["d"], value["c"]
    lines: list[list[int]] = value["lines"]
    session.begin()
    w_tax, discount = _one(
        session,
        "SELECT w_tax, c_discount FROM warehouse JOIN customer ON c_w_id = w_id"
        " WHERE w_id = %s AND c_d_id = %s AND c_id = %s",
        (w, d, c),
    )
    d_tax, o_id = _one(
        session, "SELECT d_tax, d_next_o_id FROM district WHERE d_w_id = %s AND d_id = %s FOR UPDATE", (w, d)
    )
    session.execute("UPDATE district SET d_next_o_id = d_next_o_id + 1 WHERE d_w_id = %s AND d_id = %s", (w, d))
    wanted = sorted({item for item, _, _ in lines})
    prices: dict[int, int] = dict(
        session.fetch(f"SELECT i_id, i_price FROM item WHERE i_id IN ({_marks(wanted)})", tuple(wanted))
    )
    known = [line for line in lines if line[0] in prices]
    dist = _take_from_stock(session, w, d, known)
    session.execute(
        "INSERT INTO orders (o_w_id, o_d_id, o_id, o_c_id, o_entry_d, o_carrier_id, o_ol_cnt, o_all_local, o_key)"
        " VALUES (%s, %s, %s, %s, NOW(), NULL, %s, %s, %s)",
        (w, d, o_id, c, len(lines), int(all(supply == w for _, supply, _ in lines)), key),
    )
    session.execute("INSERT INTO new_order (no_w_id, no_d_id, no_o_id) VALUES (%s, %s, %s)", (w, d, o_id))
    rows: list[Any] = []
    for number, (item, supply, quantity) in enumerate(known, start=1):
        rows += [w, d, o_id, number, item, supply, quantity, quantity * prices[item], dist[supply, item]]
    marks = ", ".join(["(%s, %s, %s, %s, %s, %s, NULL, %s, %s, %s)"] * len(known))
    session.execute(f"INSERT INTO order_line VALUES {marks}", tuple(rows))
    if len(known) < len(lines):
        refuse(session, UNUSED)
    items = [[item, supply, quantity, quantity * prices[item]] for item, supply, quantity in lines]
    due = sum(line[3] for line in items) * (10_000 - discount) * (10_000 + w_tax + d_tax) // 10**8
    done = {"w": w, "d": d, "c": c, "o": o_id, "lines": len(lines), "items": items, "total": due}
    session.commit(done)
    return done


def _take_from_stock(session: SqlSession, w: int, d: int, lines: list[list[int]]) -> dict[tuple[int, int], str]:
    """Take what the lines order (2.4.2.2); returns S_DIST_xx by (warehouse, item)."""
    places = sorted({(supply, item) for item, supply, _ in lines})
    # The index is forced: a scan of the table, which a planner may prefer on a small one, would lock every row of it.
    found = session.fetch(
        f"SELECT s_w_id, s_i_id, s_quantity, s_dist_{d:02} FROM stock FORCE INDEX (PRIMARY)"
        f" WHERE (s_w_id, s_i_id) IN ({', '.join(['(%s, %s)'] * len(places))}) ORDER BY s_w_id, s_i_id FOR UPDATE",
        tuple(part for place in places for part in place),
    )
    if len(found) != len(places):
        refuse(session, ROW_MISSING)
    left = {(supply, item): quantity for supply, item, quantity, _ in found}
    taken = {place: [0, 0, 0] for place in places}  # pieces, orders, remote orders
    for item, supply, quantity in lines:
        place = (supply, item)
        left[place] -= quantity if left[place] >= quantity + 10 else quantity - 91
        taken[place] = [a + b for a, b in zip(taken[place], (quantity, 1, int(supply != w)), strict=True)]
    session.execute(
        f"UPDATE (VALUES {', '.join(['ROW(%s, %s, %s, %s, %s, %s)'] * len(places))})"
        " AS line (w, i, quantity, pieces, orders, remote) STRAIGHT_JOIN stock FORCE INDEX (PRIMARY)"
        " ON s_w_id = line.w AND s_i_id = line.i SET s_quantity = line.quantity, s_ytd = s_ytd + line.pieces,"
        " s_order_cnt = s_order_cnt + line.orders, s_remote_cnt = s_remote_cnt + line.remote",
        tuple(part for place in places for part in (*place, left[place], *taken[place])),
    )
    return {(supply, item): dist for supply, item, _, dist in found}


def payment(session: SqlSession, key: str, value: Value) -> Value:
    """Clause 2.5: a customer pays; warehouse and district keep their totals."""
    w, d, amount = value["w"], value["d"], value["amount"]
    place = (value["c_w"], value["c_d"])
    session.begin()
    c = _find_customer(session, value)
    who = (*place, c)
    balance, credit, data = _one(
        session,
        "SELECT c_balance, c_credit, c_data FROM customer WHERE c_w_id = %s AND c_d_id = %s AND c_id = %s FOR UPDATE",
        who,
    )
    if credit == "BC":
        data = f"{c} {place[1]} {place[0]} {d} {w} {amount} | {data}"[:500]
    session.execute(
        "UPDATE customer SET c_balance = c_balance - %s, c_ytd_payment = c_ytd_payment + %s,"
        " c_payment_cnt = c_payment_cnt + 1, c_data = %s WHERE c_w_id = %s AND c_d_id = %s AND c_id = %s",
        (amount, amount, data, *who),
    )
    w_name, d_name = _one(
        session,
        "SELECT w_name, d_name FROM warehouse JOIN district ON d_w_id = w_id WHERE w_id = %s AND d_id = %s",
        (w, d),
    )
    session.execute(
        "INSERT INTO history VALUES (%s, %s, %s, %s, %s, %s, NOW(), %s, %s)",
        (key, c, place[1], place[0], d, w, amount, f"{w_name}    {d_name}"),
    )
    session.execute("UPDATE district SET d_ytd = d_ytd + %s WHERE d_w_id = %s AND d_id = %s", (amount, w, d))
    session.execute("UPDATE warehouse SET w_ytd = w_ytd + %s WHERE w_id = %s", (amount, w))
    who_paid = {"c_w": place[0], "c_d": place[1], "c": c}
    done = {"w": w, "d": d, **who_paid, "amount": amount, "balance": balance - amount}
    session.commit(done)
    return done


def order_status(session: SqlSession, _key: str, value: Value) -> Value:
    """Clause 2.6: a customer's last order, in one snapshot."""
    session.execute("START TRANSACTION READ ONLY")
    who = (value["c_w"], value["c_d"], _find_customer(session, value))
    (balance,) = _one(session, "SELECT c_balance FROM customer WHERE c_w_id = %s AND c_d_id = %s AND c_id = %s", who)
    last = session.fetch(
        "SELECT o_id, o_entry_d, o_carrier_id FROM orders WHERE o_w_id = %s AND o_d_id = %s AND o_c_id = %s"
        " ORDER BY o_id DESC LIMIT 1",
        who,
    )
    o_id = last[0][0] if last else None
    lines = session.fetch(
        "SELECT ol_i_id, ol_supply_w_id, ol_quantity, ol_amount, ol_delivery_d FROM order_line"
        " WHERE ol_w_id = %s AND ol_d_id = %s AND ol_o_id = %s",
        (*who[:2], o_id),
    )
    session.execute("COMMIT")
    return {"c_w": who[0], "c_d": who[1], "c": who[2], "balance": balance, "o": o_id, "lines": len(lines)}


def delivery(session: SqlSession, key: str, value: Value) -> Value:
    """Clause 2.7: deliver the oldest waiting order of each of a warehouse's districts; one without any is skipped.

    What is read without a lock was written by this transaction just before, so its snapshot shows it however old it is.
    """
    w, carrier = value["w"], value["carrier"]
    session.begin()
    delivered: list[list[int]] = []
    for d in range(1, DISTRICTS + 1):
        oldest = session.fetch(
            "SELECT no_o_id FROM new_order WHERE no_w_id = %s AND no_d_id = %s ORDER BY no_o_id LIMIT 1 FOR UPDATE",
            (w, d),
        )
        if not oldest:
            continue
        order = (w, d, oldest[0][0])
        session.execute("DELETE FROM new_order WHERE no_w_id = %s AND no_d_id = %s AND no_o_id = %s", order)
        session.execute(
            "UPDATE orders SET o_carrier_id = %s WHERE o_w_id = %s AND o_d_id = %s AND o_id = %s", (carrier, *order)
        )
        (c,) = _one(session, "SELECT o_c_id FROM orders WHERE o_w_id = %s AND o_d_id = %s AND o_id = %s", order)
        session.execute(
            "UPDATE order_line SET ol_delivery_d = NOW() WHERE ol_w_id = %s AND ol_d_id = %s AND ol_o_id = %s", order
        )
        (amount,) = _one(
            session,
            "SELECT SUM(ol_amount) FROM order_line WHERE ol_w_id = %s AND ol_d_id = %s AND ol_o_id = %s",
            order,
        )
        session.execute(
            "UPDATE customer SET c_balance = c_balance + %s, c_delivery_cnt = c_delivery_cnt + 1"
            " WHERE c_w_id = %s AND c_d_id = %s AND c_id = %s",
            (amount, w, d, c),
        )
        delivered.append([d, order[2]])
    session.execute("INSERT INTO deliveries VALUES (%s, %s, %s, %s)", (key, w, carrier, len(delivered)))
    done = {"w": w, "carrier": carrier, "delivered": delivered}
    session.commit(done)
    return done


def stock_level(session: SqlSession, _key: str, value: Value) -> Value:
    """Clause 2.8: how many items of a district's last 20 orders are low in stock. Two statements, each by itself: the
    clause asks for no more than read committed."""
    w, d, threshold = value["w"], value["d"], value["threshold"]
    (next_o_id,) = _one(session, "SELECT d_next_o_id FROM district WHERE d_w_id = %s AND d_id = %s", (w, d))
    (low,) = _one(
        session,
        "SELECT COUNT(DISTINCT s_i_id) FROM order_line JOIN stock ON s_w_id = ol_w_id AND s_i_id = ol_i_id"
        " WHERE ol_w_id = %s AND ol_d_id = %s AND ol_o_id >= %s AND ol_o_id < %s AND s_quantity < %s",
        (w, d, next_o_id - 20, next_o_id, threshold),
    )
    return {**value, "low": low}


RUN: Mapping[str, Callable[[SqlSession, str, Value], Value]] = {
    "new-order": new_order,
    "payment": payment,
    "order-status": order_status,
    "delivery": delivery,
    "stock-level": stock_level,
}


def _find_customer(session: SqlSession, value: Value) -> int:
    """The customer's number: as given, or the one in the middle of all with that last name, by first name (2.5.2.2)."""
    if "c" in value:
        return int(value["c"])
    found = session.fetch(
        "SELECT c_id FROM customer WHERE c_w_id = %s AND c_d_id = %s AND c_last = %s ORDER BY c_first, c_id",
        (value["c_w"], value["c_d"], value["last"]),
    )
    return int(found[(len(found) - 1) // 2][0]) if found else refuse(session, ROW_MISSING)


def _one(session: SqlSession, sql: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The one row a query must give; where it is gone, the transaction is given up rather than this program."""
    rows = session.fetch(sql, args)
    return rows[0] if rows else refuse(session, ROW_MISSING)


def _marks(values: list[int]) -> str:
    return ", ".join(["%s"] * len(values))
