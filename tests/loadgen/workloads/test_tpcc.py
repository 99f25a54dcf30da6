"""TPC-C: its random numbers, its input data, and a population that satisfies the consistency conditions."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import pandas as pd
import pytest

from checks.workloads.tpcc import tpcc
from history.history import History
from loadgen.workload import Op
from loadgen.workloads.tpcc import MIX, TpcC, TpcCOptions
from loadgen.workloads.tpcc_random import FULL, Constants, last_name, nurand, scaled_a
from loadgen.workloads.tpcc_schema import TABLES, Population, names_of, undelivered_from

DRAWS = 20_000


class Recording:
    """A cursor that keeps the rows that are inserted."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {}

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def execute(self, sql: str) -> None:
        del sql

    def executemany(self, sql: str, rows: Any) -> None:
        self.rows.setdefault(sql.split()[2], []).extend(rows)

    def frame(self, table: str) -> pd.DataFrame:
        names = [part.split()[0] for part in re.sub(r"\([^)]*\)", "", TABLES[table]).split(", ")]
        columns = [name for name in names if name not in ("PRIMARY", "KEY")]
        return pd.DataFrame(self.rows[table], columns=columns).assign(node="node1")


@pytest.fixture(scope="module")
def loaded() -> Recording:
    cursor = Recording()
    Population(warehouses=2, items=100, customers=30, seed=7).load(cursor)
    return cursor


@pytest.fixture(scope="module")
def ops() -> list[Op]:
    workload, rng = TpcC(TpcCOptions(warehouses=4)), random.Random(7)
    return [workload.next(rng, f"7-0-{number}") for number in range(DRAWS)]


@pytest.mark.parametrize(("a", "low", "high"), [(255, 0, 999), (1023, 1, 3000), (8191, 1, 100_000), (15, 1, 30)])
def test_nurand_stays_in_range_reaches_both_ends_and_is_not_uniform(a: int, low: int, high: int) -> None:
    rng = random.Random(7)
    drawn = [nurand(rng, a=a, low=low, high=high, c=123) for _ in range(DRAWS)]
    assert low <= min(drawn)
    assert max(drawn) <= high
    assert {low, high} <= set(drawn) or high > 5000
    counts = Counter(drawn)
    tenth = max(1, (high - low + 1) // 10)
    assert sum(count for _, count in counts.most_common(tenth)) / DRAWS > 0.2


def test_nurand_is_the_formula_of_the_specification() -> None:
    rng, again = random.Random(3), random.Random(3)
    first, second = again.randint(0, 255), again.randint(0, 999)
    assert nurand(rng, a=255, low=0, high=999, c=100) == ((first | second) + 100) % 1000


@pytest.mark.parametrize("kind", FULL)
def test_a_is_the_specification_s_at_full_scale_and_shrinks_in_proportion(kind: str) -> None:
    a, full = FULL[kind]
    assert scaled_a(kind, full) == a
    assert [scaled_a(kind, values) for values in (1, full // 2)] == [0, a // 2]


def test_the_constants_differ_as_clause_2_1_6_1_demands() -> None:
    for seed in range(500):
        constants = Constants.draw(seed)
        delta = abs(constants.last - constants.last_load)
        assert 65 <= delta <= 119
        assert delta not in (96, 112)
        assert constants == Constants.draw(str(seed))
        assert 0 <= constants.customer <= 1023
        assert 0 <= constants.item <= 8191


def test_last_names_are_made_of_the_syllables_of_their_digits() -> None:
    assert [last_name(number) for number in (0, 371, 999)] == ["BARBARBAR", "PRICALLYOUGHT", "EINGEINGEING"]


def test_full_scale_is_the_specification_s() -> None:
    assert (names_of(3000), undelivered_from(3000)) == (1000, 2101)


def test_the_mix_is_the_standard_one(ops: list[Op]) -> None:
    counts = Counter(op.f for op in ops)
    assert set(counts) == set(MIX)
    for f, percent in MIX.items():
        p = percent / 100
        assert counts[f] / DRAWS == pytest.approx(p, abs=4 * (p * (1 - p) / DRAWS) ** 0.5)


def values(ops: list[Op], *f: str) -> list[dict[str, Any]]:
    return [op.value for op in ops if op.f in f]


def test_customers_by_name_remote_payments_and_unused_items(ops: list[Op]) -> None:
    named = ["last" in value for value in values(ops, "payment", "order-status")]
    assert sum(named) / len(named) == pytest.approx(0.6, abs=0.02)
    payments = values(ops, "payment")
    assert sum(value["c_w"] != value["w"] for value in payments) / len(payments) == pytest.approx(0.15, abs=0.02)
    assert all(100 <= value["amount"] <= 500_000 for value in payments)
    orders = values(ops, "new-order")
    unused = [any(item == 1001 for item, _, _ in value["lines"]) for value in orders]
    assert sum(unused) / len(orders) == pytest.approx(0.01, abs=0.005)
    lines = [(value["w"], *line) for value in orders for line in value["lines"]]
    assert len(lines) / len(orders) == pytest.approx(10, abs=0.2)
    assert sum(supply != w for w, _, supply, _ in lines) / len(lines) == pytest.approx(0.01, abs=0.002)
    assert all(1 <= item <= 1001 and 1 <= supply <= 4 and 1 <= quantity <= 10 for _, item, supply, quantity in lines)
    assert all(1 <= value["c"] <= 120 and 1 <= value["d"] <= 10 for value in orders)


def test_one_warehouse_has_nobody_to_be_remote() -> None:
    workload, rng = TpcC(TpcCOptions(warehouses=1)), random.Random(7)
    ops = [workload.next(rng, f"7-0-{number}") for number in range(2000)]
    assert all(value["c_w"] == 1 for value in values(ops, "payment"))
    assert all(supply == 1 for value in values(ops, "new-order") for _, supply, _ in value["lines"])


def test_the_population_has_the_rows_of_clause_4_3_3(loaded: Recording) -> None:
    counts = {table: len(rows) for table, rows in loaded.rows.items()}
    lines = counts.pop("order_line")
    assert counts == {
        "item": 100,
        "warehouse": 2,
        "stock": 200,
        "district": 20,
        "customer": 600,
        "history": 600,
        "orders": 600,
        "new_order": 180,
    }
    assert 5 * 600 <= lines <= 15 * 600
    customers = loaded.frame("customer")
    assert customers.groupby(["c_w_id", "c_d_id"])["c_last"].nunique().eq(10).all()
    assert (loaded.frame("orders").groupby(["o_w_id", "o_d_id"])["o_c_id"].nunique() == 30).all()


def test_the_seed_decides_the_population(loaded: Recording) -> None:
    again, other = Recording(), Recording()
    for cursor, seed in ((again, 7), (other, 8)):
        Population(warehouses=2, items=100, customers=30, seed=seed).load(cursor)
    assert again.rows == loaded.rows
    assert other.rows["customer"] != loaded.rows["customer"]


def test_the_population_satisfies_every_consistency_condition(loaded: Recording) -> None:
    final = {table: loaded.frame(table) for table in loaded.rows}
    final["order_line"]["ol_delivered"] = final["order_line"]["ol_delivery_d"].notna().astype(int)
    ops = pd.DataFrame({"key": [], "f": [], "value": [], "outcome": []})
    verdict = tpcc(History(ops=ops, final=final))
    assert verdict.verdict == "pass", verdict.witness
