"""The workload ``tpcc``: a wholesale supplier's orders, after TPC Benchmark C, revision 5.11 (2010).

Nine tables, five transactions at the standard mix (clause 5.2.3), customers and items by NURand (2.1.6), 60 % of the
customers by last name, 1 % of the new orders rolled back for an unused item (2.4.1.4). The consistency conditions
3.3.2.1 to 3.3.2.12 are the check ``tpcc``. Schema and population: `loadgen.workloads.tpcc_schema`; the transactions:
`loadgen.workloads.tpcc_transactions`.

Not a TPC-C result and not comparable to one. Deviations, said in docs/workloads.md too: 1,000 items and 120 customers a
district unless told otherwise (``items: 100000, customers: 3000`` is the full scale); an open loop sets the pace
unless the scenario asks for the closed loop of `loadgen.arrivals.think`, and a terminal is not bound to its warehouse;
Delivery runs at once, not deferred; statements over several rows where the specification speaks of one row after the
other; the client's key in history, orders and deliveries.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.options import Options, bounded
from loadgen.workload import Op, SetupConnection, SqlSession, count_problem
from loadgen.workloads.tpcc_random import Constants, last_name, nurand, scaled_a
from loadgen.workloads.tpcc_schema import DISTRICTS, FINAL_QUERIES, Population, names_of
from loadgen.workloads.tpcc_transactions import RUN

#: Share of each transaction in percent (clause 5.2.3: the minima, and New-Order takes the rest).
MIX = {"new-order": 45, "payment": 43, "order-status": 4, "delivery": 4, "stock-level": 4}

BY_NAME = 0.6
#: Share of payments by a customer of another warehouse (2.5.1.2), and of order lines supplied by one (2.4.1.5).
REMOTE_PAYMENT, REMOTE_LINE = 0.15, 0.01
UNUSED_ITEM = 0.01


@dataclass(frozen=True, kw_only=True)
class TpcCOptions(Options):
    """warehouses: W. items: how many (full scale 100,000). customers: of each of a warehouse's ten districts (full
    scale 3,000), and so many orders at first."""

    warehouses: int = bounded(4, at_least=1, at_most=1_000)
    items: int = bounded(1_000, at_least=100, at_most=100_000)
    customers: int = bounded(120, at_least=30, at_most=3_000)


class TpcC:
    """Implements workload.Workload."""

    name = "tpcc"
    about = "a wholesale supplier's orders, after TPC-C"
    operations = frozenset(MIX)
    reads = frozenset({"order-status", "stock-level"})
    refusals = frozenset({"unused-item"})
    keyed = True
    Options = TpcCOptions

    def __init__(self, options: TpcCOptions) -> None:
        self._warehouses, self._items, self._customers = options.warehouses, options.items, options.customers
        self._names = names_of(options.customers)
        self._a = {
            "last": scaled_a("last", self._names),
            "customer": scaled_a("customer", options.customers),
            "item": scaled_a("item", options.items),
        }
        self._c: Constants | None = None

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        population = Population(warehouses=self._warehouses, items=self._items, customers=self._customers, seed=seed)
        with connection.cursor() as cursor:
            population.load(cursor)

    def check(self, session: SqlSession) -> str | None:
        return (
            count_problem(session, "warehouse", self._warehouses)
            or count_problem(session, "item", self._items)
            or count_problem(session, "customer", self._warehouses * DISTRICTS * self._customers)
        )

    def next(self, rng: random.Random, key: str) -> Op:
        if self._c is None:
            self._c = Constants.draw(key.partition("-")[0])  # keys begin with the seed, which setup drew from too
        (f,) = rng.choices(list(MIX), weights=list(MIX.values()))
        w, d = rng.randint(1, self._warehouses), rng.randint(1, DISTRICTS)
        match f:
            case "new-order":
                value = {"w": w, "d": d, "c": self._customer(rng, self._c), "lines": self._lines(rng, self._c, w)}
            case "payment":
                home = {"c_w": w, "c_d": d}
                if self._warehouses > 1 and rng.random() < REMOTE_PAYMENT:
                    home = {"c_w": self._other_warehouse(rng, w), "c_d": rng.randint(1, DISTRICTS)}
                value = {"w": w, "d": d, **home, **self._who(rng, self._c), "amount": rng.randint(100, 500_000)}
            case "order-status":
                value = {"c_w": w, "c_d": d, **self._who(rng, self._c)}
            case "delivery":
                value = {"w": w, "carrier": rng.randint(1, 10)}
            case _:
                value = {"w": w, "d": d, "threshold": rng.randint(10, 20)}
        return Op(f=f, key=key, value=value)

    def run(self, session: SqlSession, op: Op) -> dict[str, Any]:
        return RUN[op.f](session, op.key, op.value)

    def final_queries(self) -> Mapping[str, str]:
        return FINAL_QUERIES

    def _customer(self, rng: random.Random, c: Constants) -> int:
        return nurand(rng, a=self._a["customer"], low=1, high=self._customers, c=c.customer)

    def _who(self, rng: random.Random, c: Constants) -> dict[str, Any]:
        """A customer by last name, or by number."""
        if rng.random() < BY_NAME:
            return {"last": last_name(nurand(rng, a=self._a["last"], low=0, high=self._names - 1, c=c.last))}
        return {"c": self._customer(rng, c)}

    def _lines(self, rng: random.Random, c: Constants, w: int) -> list[list[int]]:
        """5 to 15 order lines [item, supplying warehouse, quantity]; 1 % of the lists end with an item nobody has."""
        lines = []
        for _ in range(rng.randint(5, 15)):
            remote = self._warehouses > 1 and rng.random() < REMOTE_LINE
            item = nurand(rng, a=self._a["item"], low=1, high=self._items, c=c.item)
            lines.append([item, self._other_warehouse(rng, w) if remote else w, rng.randint(1, 10)])
        if rng.random() < UNUSED_ITEM:
            lines[-1][0] = self._items + 1
        return lines

    def _other_warehouse(self, rng: random.Random, w: int) -> int:
        other = rng.randint(1, self._warehouses - 1)
        return other + (other >= w)


WORKLOAD = TpcC
