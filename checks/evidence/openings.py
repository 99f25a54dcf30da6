"""What set-up put into the tables and no operation changes: which rows, and with what in them.

Held twice. Against the workload's own size (``scenario.workload``): accounts 1 to 10,000, each once, on every pod. And
against ``manifest.opened``, which set-up writes: by table how many rows, the sum of each column and the SHA-256 of all
of them. So a row that no operation ever touched cannot vanish, come or change on all pods alike. A folder whose
manifest says neither is judged without.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.evidence.amounts import minor_units, summable, whole
from checks.evidence.ledger import MissingError, in_service, tabled_nodes
from checks.evidence.quarantine import quarantined
from checks.evidence.tables import Tables
from checks.verdict import WITNESS_LIMIT
from history.fields import spelt
from history.history import History

TELLERS_PER_BRANCH = DISTRICTS = 10
#: No table has so many rows: a size beyond it is compared as this.
_MOST = 2**31


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """columns: what never changes in a row that set-up made. serial: numbers its rows, so that later rows have higher
    ones; None where no operation adds a row."""

    columns: tuple[str, ...]
    serial: str | None = None


#: Workload -> final table -> what of it is fixed.
FIXED: Mapping[str, Mapping[str, Fixed]] = {
    "transfer": {"accounts": Fixed(columns=("id", "opening"))},
    "tpcb": {
        "branches": Fixed(columns=("id",)),
        "tellers": Fixed(columns=("id", "branch")),
        "accounts": Fixed(columns=("id", "branch")),
    },
    "smallbank": {
        "savings": Fixed(columns=("customer", "opening")),
        "checking": Fixed(columns=("customer", "opening")),
    },
    "mixed-read": {"registers": Fixed(columns=("k",))},
    "tpcc": {
        "warehouse": Fixed(columns=("w_id",)),
        "district": Fixed(columns=("d_w_id", "d_id")),
        "customer": Fixed(columns=("c_w_id", "c_d_id", "c_id")),
        "item": Fixed(columns=("i_id", "i_price")),
        "orders": Fixed(columns=("o_w_id", "o_d_id", "o_id", "o_c_id", "o_ol_cnt"), serial="o_id"),
        "order_line": Fixed(columns=("ol_w_id", "ol_d_id", "ol_o_id", "ol_number", "ol_amount"), serial="ol_o_id"),
    },
}


def is_fixed(workload: str, table: str) -> bool:
    """Whether set-up puts something into this final table that no operation changes."""
    return table in FIXED.get(workload, {})


def described(workload: str, table: str, rows: pd.DataFrame) -> dict[str, Any]:
    """What set-up is to write down about a fixed final table that it has just filled: rows, sums by column, sha256, and
    up_to (the last serial number) where operations add rows."""
    fixed = FIXED[workload][table]
    up_to = None if fixed.serial is None or rows.empty else int(minor_units(rows[fixed.serial]).max())
    return _digest(rows, fixed) | ({} if up_to is None else {"up_to": up_to})


def _digest(rows: pd.DataFrame, fixed: Fixed) -> dict[str, Any]:
    numbers = pd.DataFrame({name: minor_units(rows[name]) for name in fixed.columns})
    numbers = numbers.sort_values(list(fixed.columns), kind="stable")
    if any(dtype.kind == "O" for dtype in numbers.dtypes):
        data = numbers.to_csv(index=False, header=False).encode()
    else:
        data = np.ascontiguousarray(numbers.to_numpy(dtype="<i8")).tobytes()
    sums = {name: int(summable(numbers[name].to_numpy())[0].sum()) for name in fixed.columns}
    return {"rows": len(rows), "sums": sums, "sha256": hashlib.sha256(data).hexdigest()}


def rows_of_setup(history: History, workload: str) -> dict[str, pd.DataFrame]:
    """What breaks ``missing_rows`` and ``extra_rows`` (against the workload's size) and ``openings`` (against what
    set-up wrote down), with node and table; a few of each. Nothing where the run is another workload's."""
    found: dict[str, list[dict[str, Any]]] = {"missing_rows": [], "extra_rows": [], "openings": []}
    options = history.run.workload_options
    if options.get("name") == workload:
        pods = sorted(set(in_service(history) or tabled_nodes(history)) - quarantined(history))
        opened = history.run.opened
        sizes = _sizes(workload, options)
        for name, fixed in FIXED[workload].items():
            try:
                rows = Tables(history).table(name, numbers={column: column for column in fixed.columns})
            except MissingError:
                continue  # the check itself says so, where it needs the table
            expected = sizes.get(name)
            entry = opened.get(name) if isinstance(opened, Mapping) else None
            for node in pods:
                own = rows[rows["node"] == node]
                if expected is not None:
                    _compare_ids(found, {"node": node, "table": name}, own, *expected)
                if isinstance(opened, Mapping):
                    found["openings"] += _compare_opened({"node": node, "table": name}, own, fixed, entry)
    return {name: pd.DataFrame(rows) for name, rows in found.items()}


def _compare_opened(place: Mapping[str, Any], own: pd.DataFrame, fixed: Fixed, entry: object) -> list[dict[str, Any]]:
    if not isinstance(entry, Mapping):
        return [{**place, "expected": "to be in manifest.opened", "found": "no such entry"}]
    up_to = whole(entry.get("up_to"))
    if fixed.serial is not None and up_to is not None:
        own = own[own[fixed.serial] <= up_to]
    now = _digest(own, fixed)
    odd = {key: (entry.get(key), now[key]) for key in now if entry.get(key) != now[key]}
    if not odd:
        return []
    # The rows or the sums say more than a digest does.
    key, (expected, found) = next(iter(odd.items()))
    return [{**place, "of": key, "expected": spelt(expected), "found": spelt(found)}]


#: Names of the columns that identify a row, and how many values each has (from 1), the last one fastest; with the
#: number of the parent that each row names in a further column, if there is one: every so many rows.
_Size = tuple[tuple[str, ...], tuple[int, ...], tuple[str, int] | None]


def _sizes(workload: str, options: Mapping[str, Any]) -> dict[str, _Size]:
    def size(name: str) -> int | None:
        value = options.get(name)
        return min(value, _MOST) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

    plan: dict[str, tuple[tuple[str, ...], tuple[int | None, ...], tuple[str, int | None] | None]] = {}
    match workload:
        case "transfer":
            plan = {"accounts": (("id",), (size("accounts"),), None)}
        case "tpcb":
            branches, each = size("branches"), size("accounts_per_branch")
            accounts = None if branches is None or each is None else branches * each
            tellers = None if branches is None else branches * TELLERS_PER_BRANCH
            plan = {
                "branches": (("id",), (branches,), None),
                "tellers": (("id",), (tellers,), ("branch", TELLERS_PER_BRANCH)),
                "accounts": (("id",), (accounts,), ("branch", each)),
            }
        case "smallbank":
            plan = {name: (("customer",), (size("customers"),), None) for name in ("savings", "checking")}
        case "mixed-read":
            plan = {"registers": (("k",), (size("registers"),), None)}
        case "tpcc":
            w, c = size("warehouses"), size("customers")
            plan = {
                "warehouse": (("w_id",), (w,), None),
                "district": (("d_w_id", "d_id"), (w, DISTRICTS), None),
                "customer": (("c_w_id", "c_d_id", "c_id"), (w, DISTRICTS, c), None),
                "item": (("i_id",), (size("items"),), None),
            }
    return {name: one for name, one in plan.items() if None not in one[1]}  # type: ignore[misc]


def _compare_ids(
    found: dict[str, list[dict[str, Any]]],
    place: Mapping[str, Any],
    own: pd.DataFrame,
    names: Sequence[str],
    sizes: Sequence[int],
    parent: tuple[str, int] | None,
) -> None:
    wanted = int(np.prod(np.array(sizes, dtype=object)))
    numbers, inside = _places(own, names, sizes)
    extra = own[~inside]
    if parent is not None:
        stranger = np.zeros(len(own), dtype=bool)
        stranger[inside] = own[parent[0]].to_numpy()[inside] != numbers // parent[1] + 1
        extra = own[~inside | stranger]
    for row in extra.head(WITNESS_LIMIT).drop(columns="node").to_dict("records"):
        found["extra_rows"].append({**place, **{str(key): str(cell) for key, cell in row.items()}})
    there, times = np.unique(numbers, return_counts=True)
    if (times > 1).any():
        again = own[inside].iloc[int(np.flatnonzero(numbers == there[times > 1][0])[-1])]
        found["extra_rows"].append({**place, **{name: str(again[name]) for name in names}, "found": "once more"})
    if len(there) < wanted:
        found["missing_rows"].append({**place, "expected": wanted, "found": len(there), "first": _first_gap(there)})


def _places(
    own: pd.DataFrame, names: Sequence[str], sizes: Sequence[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The position from 0 of each row that the workload has, in order of the ids; and which rows those are."""
    inside = np.ones(len(own), dtype=bool)
    for name, size in zip(names, sizes, strict=True):
        cells = own[name].to_numpy()
        inside &= np.asarray((cells >= 1) & (cells <= size), dtype=bool)
    numbers = np.zeros(int(inside.sum()), dtype=np.int64)
    for name, size in zip(names, sizes, strict=True):
        numbers = numbers * size + own[name].to_numpy()[inside].astype(np.int64) - 1
    return numbers, inside


def _first_gap(numbers: npt.NDArray[np.int64]) -> int:
    """The first row that is not there, counted from 1. numbers: those from 0 that are there, ascending."""
    apart = np.flatnonzero(numbers != np.arange(len(numbers)))
    return int(apart[0] if len(apart) else len(numbers)) + 1
