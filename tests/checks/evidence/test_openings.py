"""Set-up's rows: each there once on every pod, as the workload's size says and as set-up wrote them down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.conservation import conservation
from checks.evidence.openings import described, rows_of_setup
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run, Tables

SIZE = {"scenario": {"workload": {"name": "transfer", "accounts": 10}}}


def opened(history: History) -> dict[str, Any]:
    accounts = history.final["accounts"]
    first = accounts[accounts["node"] == "node1"].assign(balance=0)
    return {"accounts": described("transfer", "accounts", first)}


@pytest.fixture(params=["size", "opened", "both"])
def sound(request: pytest.FixtureRequest, busy: Run) -> History:
    """Ten accounts; the manifest has the workload's size, what set-up opened, or both."""
    history = busy.history()
    manifest = {"scenario": {"workload": {"name": "transfer"}}} if request.param == "opened" else SIZE
    return replace(history, manifest=manifest | ({} if request.param == "size" else {"opened": opened(history)}))


def edited(history: History, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> History:
    return replace(history, final={**history.final, "accounts": edit(history.final["accounts"])})


def test_accounts_as_set_up_pass(sound: History) -> None:
    assert conservation(sound).verdict == "pass"
    shuffled = edited(sound, lambda rows: rows.sample(frac=1, random_state=7).astype({"id": "float64"}))
    assert conservation(shuffled).verdict == "pass"


@pytest.mark.parametrize(
    "edit",
    [
        lambda rows: rows[rows["id"] != 9],
        lambda rows: rows[rows["id"] < 9],
        lambda rows: pd.concat([rows, rows[rows["id"] == 9]]),
        lambda rows: pd.concat([rows, rows[rows["id"] == 9].assign(id=11)]),
        lambda rows: pd.concat([rows, rows[rows["id"] == 9].assign(id=0, opening=0, balance=0)]),
        lambda rows: rows.replace({"id": {9: 12}}),
        lambda rows: rows.astype(object).replace({"id": {9: None}}),
        lambda rows: rows.astype(object).replace({"id": {9: 9.5}}),
    ],
)
def test_accounts_that_came_or_went_on_all_pods_alike_fail(
    sound: History, edit: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    assert conservation(edited(sound, edit)).verdict == "fail"


def test_an_opening_changed_with_its_balance_fails_where_set_up_wrote_it_down(busy: Run) -> None:
    history = replace(busy.history(), manifest=SIZE)

    def richer(rows: pd.DataFrame) -> pd.DataFrame:
        chosen = rows["id"] == 9
        return rows.assign(opening=rows["opening"] + 5 * chosen, balance=rows["balance"] + 5 * chosen)

    assert conservation(edited(history, richer)).verdict == "pass", "nobody says what it was"
    told = replace(history, manifest=SIZE | {"opened": opened(history)})
    verdict = conservation(edited(told, richer))
    assert (verdict.verdict, verdict.measured["openings"]) == ("fail", 3)
    assert (verdict.witness[0]["expected"], verdict.witness[0]["of"]) == ('{"id": 55, "opening": 10000}', "sums")

    def swapped(rows: pd.DataFrame) -> pd.DataFrame:
        more = (rows["id"] == 9).astype(int) - (rows["id"] == 10)
        return rows.assign(opening=rows["opening"] + more, balance=rows["balance"] + more)

    verdict = conservation(edited(told, swapped))
    assert (verdict.verdict, verdict.witness[0]["of"]) == ("fail", "sha256")


@pytest.mark.parametrize("entry", [None, {}, [], {"rows": 10}])
def test_an_entry_that_is_gone_or_cut_is_no_proof(busy: Run, entry: Any) -> None:
    history = busy.history()
    assert conservation(replace(history, manifest=SIZE | {"opened": {"accounts": entry}})).verdict == "fail"


def test_a_size_beyond_all_evidence_asks_for_no_memory(busy: Run) -> None:
    workload = {"name": "transfer", "accounts": 10**15}
    verdict = conservation(replace(busy.history(), manifest={"scenario": {"workload": workload}}))
    assert (verdict.verdict, verdict.measured["missing_rows"]) == ("fail", 3)


def test_a_run_of_another_workload_or_of_none_is_judged_without(busy: Run) -> None:
    for manifest in ({}, {"scenario": {"workload": "own.py:Mine"}}, {"scenario": {"workload": {"name": "tpcb"}}}):
        found = rows_of_setup(replace(busy.history(), manifest=manifest), "transfer")
        assert all(rows.empty for rows in found.values())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "table", "columns", "rows", "spoilt"),
    [
        (
            {"name": "tpcb", "branches": 2},
            "tellers",
            "id branch",
            [(n, (n - 1) // 10 + 1) for n in range(1, 21)],
            (11, 1),
        ),
        ({"name": "tpcb", "branches": 2}, "branches", "id", [(1,), (2,)], (3,)),
        (
            {"name": "tpcb", "branches": 2, "accounts_per_branch": 3},
            "accounts",
            "id branch",
            [(n, (n - 1) // 3 + 1) for n in range(1, 7)],
            (6, 1),
        ),
        ({"name": "smallbank", "customers": 2}, "checking", "customer opening", [(1, 5), (2, 6)], (3, 6)),
        ({"name": "mixed-read", "registers": 3}, "registers", "k", [(1,), (2,), (3,)], (4,)),
        ({"name": "tpcc", "warehouses": 2}, "warehouse", "w_id", [(1,), (2,)], (3,)),
        (
            {"name": "tpcc", "warehouses": 1},
            "district",
            "d_w_id d_id",
            [(1, d) for d in range(1, 11)],
            (2, 10),
        ),
        (
            {"name": "tpcc", "warehouses": 1, "customers": 2},
            "customer",
            "c_w_id c_d_id c_id",
            [(1, d, c) for d in range(1, 11) for c in (1, 2)],
            (1, 10, 3),
        ),
        ({"name": "tpcc", "items": 2}, "item", "i_id i_price", [(1, 100), (2, 200)], (3, 200)),
    ],
)
def test_each_workload_knows_its_rows(
    tables: type[Tables],
    workload: dict[str, Any],
    table: str,
    columns: str,
    rows: list[tuple[int, ...]],
    spoilt: tuple[int, ...],
) -> None:
    def broken(*held: tuple[int, ...], told: bool = False) -> bool:
        opened = {table: described(workload["name"], table, pd.DataFrame(rows, columns=columns.split()))}
        manifest = {"scenario": {"workload": workload}} | ({"opened": opened} if told else {})
        history = History(ops=tables.ops(), final={table: tables.frame(columns, *held)}, manifest=manifest)
        return any(len(found) for found in rows_of_setup(history, workload["name"]).values())

    assert not broken(*rows)
    assert not broken(*rows, told=True)
    for held in (rows[1:], [*rows, spoilt], [*rows[:-1], spoilt]):
        assert broken(*held, told=True), held
        assert broken(*held), held


def test_rows_that_operations_added_are_no_openings(tables: type[Tables]) -> None:
    columns = "o_w_id o_d_id o_id o_c_id o_ol_cnt"
    rows = [(1, 1, 1, 7, 5), (1, 1, 2, 8, 6)]
    opened = {"orders": described("tpcc", "orders", pd.DataFrame(rows, columns=columns.split()))}
    manifest = {"scenario": {"workload": {"name": "tpcc"}}, "opened": opened}

    def openings(*held: tuple[int, ...]) -> int:
        history = History(ops=tables.ops(), final={"orders": tables.frame(columns, *held)}, manifest=manifest)
        return len(rows_of_setup(history, "tpcc")["openings"])

    assert openings(*rows, (1, 1, 3, 9, 9)) == 0
    assert openings(rows[0], (1, 1, 2, 8, 7), (1, 1, 3, 9, 9)) == 2
