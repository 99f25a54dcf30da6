"""TPC-C's nine tables (clause 1.3), what is read back of them at the end, and their population (clause 4.3.3).

Money is in cents and rates are in hundredths of a percent, as whole numbers: sums are then exact. ``h_key``, ``o_key``
and the table ``deliveries`` take the client's key; a history without a primary key could not be replicated by a group.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from loadgen.workload import SetupCursor, fill, recreate
from loadgen.workloads.tpcc_random import Constants, Text, last_name, nurand, scaled_a

_ADDRESS = (
    "{0}_street_1 VARCHAR(20) NOT NULL, {0}_street_2 VARCHAR(20) NOT NULL, {0}_city VARCHAR(20) NOT NULL,"
    " {0}_state CHAR(2) NOT NULL, {0}_zip CHAR(9) NOT NULL"
)
_DISTS = tuple(f"s_dist_{number:02}" for number in range(1, 11))

TABLES = {
    "warehouse": "w_id INT NOT NULL PRIMARY KEY, w_name VARCHAR(10) NOT NULL, "
    + _ADDRESS.format("w")
    + ", w_tax INT NOT NULL, w_ytd BIGINT NOT NULL",
    "district": "d_w_id INT NOT NULL, d_id INT NOT NULL, d_name VARCHAR(10) NOT NULL, "
    + _ADDRESS.format("d")
    + ", d_tax INT NOT NULL, d_ytd BIGINT NOT NULL, d_next_o_id INT NOT NULL, PRIMARY KEY (d_w_id, d_id)",
    "customer": "c_w_id INT NOT NULL, c_d_id INT NOT NULL, c_id INT NOT NULL, c_first VARCHAR(16) NOT NULL,"
    " c_middle CHAR(2) NOT NULL, c_last VARCHAR(16) NOT NULL, "
    + _ADDRESS.format("c")
    + ", c_phone CHAR(16) NOT NULL, c_since DATETIME NOT NULL, c_credit CHAR(2) NOT NULL, c_credit_lim BIGINT NOT NULL,"
    " c_discount INT NOT NULL, c_balance BIGINT NOT NULL, c_ytd_payment BIGINT NOT NULL, c_payment_cnt INT NOT NULL,"
    " c_delivery_cnt INT NOT NULL, c_data VARCHAR(500) NOT NULL, PRIMARY KEY (c_w_id, c_d_id, c_id),"
    " KEY by_name (c_w_id, c_d_id, c_last, c_first)",
    "history": "h_key VARCHAR(40) NOT NULL PRIMARY KEY, h_c_id INT NOT NULL, h_c_d_id INT NOT NULL,"
    " h_c_w_id INT NOT NULL, h_d_id INT NOT NULL, h_w_id INT NOT NULL, h_date DATETIME NOT NULL,"
    " h_amount BIGINT NOT NULL, h_data VARCHAR(24) NOT NULL",
    "new_order": "no_w_id INT NOT NULL, no_d_id INT NOT NULL, no_o_id INT NOT NULL,"
    " PRIMARY KEY (no_w_id, no_d_id, no_o_id)",
    "orders": "o_w_id INT NOT NULL, o_d_id INT NOT NULL, o_id INT NOT NULL, o_c_id INT NOT NULL,"
    " o_entry_d DATETIME NOT NULL, o_carrier_id INT, o_ol_cnt INT NOT NULL, o_all_local INT NOT NULL,"
    " o_key VARCHAR(40) UNIQUE, PRIMARY KEY (o_w_id, o_d_id, o_id), KEY by_customer (o_w_id, o_d_id, o_c_id, o_id)",
    "order_line": "ol_w_id INT NOT NULL, ol_d_id INT NOT NULL, ol_o_id INT NOT NULL, ol_number INT NOT NULL,"
    " ol_i_id INT NOT NULL, ol_supply_w_id INT NOT NULL, ol_delivery_d DATETIME, ol_quantity INT NOT NULL,"
    " ol_amount BIGINT NOT NULL, ol_dist_info CHAR(24) NOT NULL, PRIMARY KEY (ol_w_id, ol_d_id, ol_o_id, ol_number)",
    "item": "i_id INT NOT NULL PRIMARY KEY, i_im_id INT NOT NULL, i_name VARCHAR(24) NOT NULL, i_price BIGINT NOT NULL,"
    " i_data VARCHAR(50) NOT NULL",
    "stock": "s_w_id INT NOT NULL, s_i_id INT NOT NULL, s_quantity INT NOT NULL, "
    + " ".join(f"{name} CHAR(24) NOT NULL," for name in _DISTS)
    + " s_ytd BIGINT NOT NULL, s_order_cnt INT NOT NULL, s_remote_cnt INT NOT NULL, s_data VARCHAR(50) NOT NULL,"
    " PRIMARY KEY (s_w_id, s_i_id)",
    "deliveries": "dl_key VARCHAR(40) NOT NULL PRIMARY KEY, dl_w_id INT NOT NULL, dl_carrier_id INT NOT NULL,"
    " dl_orders INT NOT NULL",
}

#: Begins ``h_key`` of a row that setup made; a client's key begins with a seed, which is a number.
LOADED = "load"

FINAL_QUERIES = {
    "warehouse": "SELECT w_id, w_ytd FROM warehouse ORDER BY w_id",
    "district": "SELECT d_w_id, d_id, d_next_o_id, d_ytd FROM district ORDER BY d_w_id, d_id",
    "customer": "SELECT c_w_id, c_d_id, c_id, c_balance, c_ytd_payment, c_payment_cnt, c_delivery_cnt FROM customer"
    " ORDER BY c_w_id, c_d_id, c_id",
    "history": "SELECT h_key, h_c_w_id, h_c_d_id, h_c_id, h_w_id, h_d_id, h_amount FROM history ORDER BY h_key",
    "new_order": "SELECT no_w_id, no_d_id, no_o_id FROM new_order ORDER BY no_w_id, no_d_id, no_o_id",
    "orders": "SELECT o_w_id, o_d_id, o_id, o_c_id, o_carrier_id, o_ol_cnt, o_key FROM orders"
    " ORDER BY o_w_id, o_d_id, o_id",
    "order_line": "SELECT ol_w_id, ol_d_id, ol_o_id, ol_number, ol_i_id, ol_supply_w_id, ol_quantity,"
    " ol_delivery_d IS NOT NULL AS ol_delivered, ol_amount"
    " FROM order_line ORDER BY ol_w_id, ol_d_id, ol_o_id, ol_number",
    "item": "SELECT i_id, i_price FROM item ORDER BY i_id",
    "deliveries": "SELECT dl_key, dl_w_id, dl_carrier_id, dl_orders FROM deliveries ORDER BY dl_key",
    "keys": "SELECT o_key AS `key` FROM orders WHERE o_key IS NOT NULL"
    f" UNION ALL SELECT h_key FROM history WHERE h_key NOT LIKE '{LOADED}-%'"
    " UNION ALL SELECT dl_key FROM deliveries ORDER BY `key`",
}

DISTRICTS = 10
NOW = "2000-01-01 00:00:00"  # c_since and the like: setup must not depend on the clock

Row = tuple[Any, ...]


def names_of(customers: int) -> int:
    """How many last names there are in a district: 1,000 at the full scale, always about three customers a name."""
    return max(1, min(1000, customers // 3))


def undelivered_from(customers: int) -> int:
    """The first order of a district that setup leaves undelivered: 2101 of 3000 at the full scale."""
    return customers * 7 // 10 + 1


class Population:
    """All rows of a database with this many warehouses, items, and customers a district, as the seed decides."""

    def __init__(self, *, warehouses: int, items: int, customers: int, seed: int) -> None:
        self._warehouses, self._items, self._customers = warehouses, items, customers
        self._rng = random.Random(f"tpcc/load/{seed}")
        self._text = Text(self._rng)
        self._last_c = Constants.draw(seed).last_load

    def load(self, cursor: SetupCursor) -> None:
        recreate(cursor, TABLES)
        fill(cursor, "item", self._item_rows())
        for w in range(1, self._warehouses + 1):
            # 30,000.00 a district at the full scale: what the customers' first payments of 10.00 come to.
            ytd = self._customers * 1000
            address = self._text.address()
            row = (w, self._text.letters(6, 10), *address, self._rng.randint(0, 2000), ytd * DISTRICTS)
            fill(cursor, "warehouse", [row])
            fill(cursor, "stock", self._stock_rows(w))
            for d in range(1, DISTRICTS + 1):
                address = self._text.address()
                tax = self._rng.randint(0, 2000)
                row_of = (w, d, self._text.letters(6, 10), *address, tax, ytd, self._customers + 1)
                fill(cursor, "district", [row_of])
                fill(cursor, "customer", self._customer_rows(w, d))
                fill(cursor, "history", self._history_rows(w, d))
                self._load_orders(cursor, w, d)

    def _item_rows(self) -> Iterator[Row]:
        for i in range(1, self._items + 1):
            price = self._rng.randint(100, 10_000)
            yield i, self._rng.randint(1, 10_000), self._text.letters(14, 24), price, self._text.data(26, 50)

    def _stock_rows(self, w: int) -> Iterator[Row]:
        for i in range(1, self._items + 1):
            dists = (self._text.letters(24) for _ in _DISTS)
            yield w, i, self._rng.randint(10, 100), *dists, 0, 0, 0, self._text.data(26, 50)

    def _customer_rows(self, w: int, d: int) -> Iterator[Row]:
        rng, text, names = self._rng, self._text, names_of(self._customers)
        a = scaled_a("last", names)
        for c in range(1, self._customers + 1):
            number = c - 1 if c <= names else nurand(rng, a=a, low=0, high=names - 1, c=self._last_c)
            name = (text.letters(8, 16), "OE", last_name(number))
            credit = "BC" if rng.random() < 0.1 else "GC"
            terms = (text.digits(16), NOW, credit, 5_000_000, rng.randint(0, 5000))
            yield w, d, c, *name, *text.address(), *terms, -1000, 1000, 1, 0, text.letters(300, 500)

    def _history_rows(self, w: int, d: int) -> Iterator[Row]:
        for c in range(1, self._customers + 1):
            yield f"{LOADED}-{w}-{d}-{c}", c, d, w, d, w, NOW, 1000, self._text.letters(12, 24)

    def _load_orders(self, cursor: SetupCursor, w: int, d: int) -> None:
        """One order of each customer, in random order; the last 30 % are still to be delivered."""
        rng = self._rng
        pending = undelivered_from(self._customers)
        orders: list[Row] = []
        lines: list[Row] = []
        for o, c in enumerate(rng.sample(range(1, self._customers + 1), self._customers), start=1):
            delivered = o < pending
            count = rng.randint(5, 15)
            orders.append((w, d, o, c, NOW, rng.randint(1, 10) if delivered else None, count, 1, None))
            for number in range(1, count + 1):
                amount = 0 if delivered else rng.randint(1, 999_999)
                when = NOW if delivered else None
                item = rng.randint(1, self._items)
                lines.append((w, d, o, number, item, w, when, 5, amount, self._text.letters(24)))
        fill(cursor, "orders", orders)
        fill(cursor, "order_line", lines)
        waiting = ((w, d, o) for o in range(pending, self._customers + 1))
        fill(cursor, "new_order", waiting)
