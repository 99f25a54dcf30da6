"""TPC-C at its smallest scale: one warehouse, ten districts of thirty customers, as ``loadgen`` fills it."""

from __future__ import annotations

import random
from typing import Any

from tests.checks.altered.ledgers import INT, TEXT, Refusal, Row, Tables, keys, schema

DISTRICTS, CUSTOMERS = range(1, 11), 30
PENDING = CUSTOMERS * 7 // 10 + 1
LINES = 5


class TpcC:
    refusal: Refusal = ("new-order", {"w": 1, "d": 1, "c": 1, "lines": [[101, 1, 2]]}, "unused-item")

    def __init__(self, rng: random.Random) -> None:
        self.options: Row = {"name": "tpcc", "warehouses": 1, "items": 100, "customers": CUSTOMERS}
        self.ytd = 0
        self.district = {d: {"d_w_id": 1, "d_id": d, "d_next_o_id": CUSTOMERS + 1, "d_ytd": 0} for d in DISTRICTS}
        self.customer: dict[tuple[int, int], Row] = {}
        self.history: list[Row] = []
        self.orders: dict[tuple[int, int], Row] = {}
        self.lines: dict[tuple[int, int], list[Row]] = {}
        self.waiting: dict[int, list[int]] = {}
        self.taken: list[str] = []
        for d in DISTRICTS:
            for c in range(1, CUSTOMERS + 1):
                self.customer[d, c] = {
                    "c_w_id": 1,
                    "c_d_id": d,
                    "c_id": c,
                    "c_balance": 0,
                    "c_ytd_payment": 0,
                    "c_payment_cnt": 0,
                    "c_delivery_cnt": 0,
                }
                self._pay(f"load-1-{d}-{c}", d, c, 1000)
            customers = rng.sample(range(1, CUSTOMERS + 1), CUSTOMERS)
            for o, c in enumerate(customers, start=1):
                done = o < PENDING
                self._order(d, o, c, [0 if done else rng.randint(1, 9999) for _ in range(LINES)])
                if done:
                    self._deliver(d, o, rng.randint(1, 10))
            self.waiting[d] = list(range(PENDING, CUSTOMERS + 1))

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        d, c = rng.choice(DISTRICTS), rng.randint(1, CUSTOMERS)
        match number % 6:
            case 0 | 3:
                lines = [[rng.randint(1, 100), 1, rng.randint(1, 10)] for _ in range(LINES)]
                return "new-order", {"w": 1, "d": d, "c": c, "lines": lines}
            case 1 | 4:
                return "payment", {"w": 1, "d": d, "c_w": 1, "c_d": d, "c": c, "amount": rng.randint(100, 500_000)}
            case 2:
                return "delivery", {"w": 1, "carrier": rng.randint(1, 10)}
            case _:
                return "order-status", {"c_w": 1, "c_d": d, "c": c}

    def apply(self, key: str, f: str, value: Any) -> Any:
        if f == "order-status":
            return {**value, "balance": self.customer[value["c_d"], value["c"]]["c_balance"], "o": 1, "lines": LINES}
        self.taken.append(key)
        if f == "payment":
            self._pay(key, value["d"], value["c"], value["amount"])
            return {**value, "balance": self.customer[value["d"], value["c"]]["c_balance"]}
        if f == "new-order":
            d, lines = value["d"], value["lines"]
            o = self.district[d]["d_next_o_id"]
            self.district[d]["d_next_o_id"] += 1
            amounts = [quantity * (100 + item) for item, _, quantity in lines]
            self._order(d, o, value["c"], amounts)
            self.waiting[d].append(o)
            return {"w": 1, "d": d, "c": value["c"], "o": o, "lines": len(lines), "total": sum(amounts)}
        delivered = []
        for d in DISTRICTS:
            if self.waiting[d]:
                o = self.waiting[d].pop(0)
                self._deliver(d, o, value["carrier"])
                customer = self.customer[d, self.orders[d, o]["o_c_id"]]
                customer["c_balance"] += sum(line["ol_amount"] for line in self.lines[d, o])
                customer["c_delivery_cnt"] += 1
                delivered.append([d, o])
        return {"w": 1, "carrier": value["carrier"], "delivered": delivered}

    def _pay(self, key: str, d: int, c: int, amount: int) -> None:
        row = {"h_key": key, "h_c_w_id": 1, "h_c_d_id": d, "h_c_id": c, "h_w_id": 1, "h_d_id": d, "h_amount": amount}
        self.history.append(row)
        self.ytd += amount
        self.district[d]["d_ytd"] += amount
        customer = self.customer[d, c]
        customer["c_balance"] -= amount
        customer["c_ytd_payment"] += amount
        customer["c_payment_cnt"] += 1

    def _order(self, d: int, o: int, c: int, amounts: list[int]) -> None:
        order = {"o_w_id": 1, "o_d_id": d, "o_id": o, "o_c_id": c, "o_carrier_id": None, "o_ol_cnt": len(amounts)}
        self.orders[d, o] = order
        self.lines[d, o] = [
            {"ol_w_id": 1, "ol_d_id": d, "ol_o_id": o, "ol_number": n, "ol_delivered": 0, "ol_amount": amount}
            for n, amount in enumerate(amounts, start=1)
        ]

    def _deliver(self, d: int, o: int, carrier: int) -> None:
        self.orders[d, o]["o_carrier_id"] = carrier
        for line in self.lines[d, o]:
            line["ol_delivered"] = 1

    def tables(self) -> Tables:
        new_order = [{"no_w_id": 1, "no_d_id": d, "no_o_id": o} for d, own in self.waiting.items() for o in own]
        rows: dict[str, list[Row]] = {
            "warehouse": [{"w_id": 1, "w_ytd": self.ytd}],
            "district": list(self.district.values()),
            "customer": list(self.customer.values()),
            "history": self.history,
            "new_order": new_order,
            "orders": list(self.orders.values()),
            "order_line": [line for own in self.lines.values() for line in own],
        }
        kinds = {
            name: schema(**{column: TEXT if column == "h_key" else INT for column in own[0]})
            for name, own in rows.items()
        }
        return {**{name: (kinds[name], own) for name, own in rows.items()}, "keys": keys(self.taken)}
