"""Conservation: transfers move money, they neither make nor destroy it (Jepsen's bank check, account by account).

On every pod the balances sum to what was opened with, each balance is its opening plus what was entered on it, no
account is overdrawn, nothing was entered on an account that does not exist, and the accounts are those that set-up
opened, each once and with the same opening (`checks.evidence.openings`). Needs no ops: it holds the final tables
against themselves, so it says nothing about transfers that are missing altogether (durability).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from checks.check import Check
from checks.evidence.amounts import Amounts, minor_units, shown, summable, unequal_cells
from checks.evidence.ledger import Codes, MissingError, coded, has_tables, in_service, require_tables, text
from checks.evidence.openings import rows_of_setup
from checks.evidence.quarantine import final_tables
from checks.verdict import WITNESS_LIMIT, Outcome, Verdict, unknown
from history.history import History

NAME = "conservation"
EXPECTED = "on every node: accounts as opened, sum of balances unchanged, each is opening plus entries, none negative"


@dataclass(frozen=True, kw_only=True)
class _Ledger:
    """The rows of final/accounts, shape (accounts,), and what was entered on accounts, shape (moved,), ids as codes.

    source: the final table that the movements came from; None where there is none. place: one for each account on each
    pod. serving: codes of the pods in service. set_up: rows that are not as set-up made them, by the rule they break.
    """

    nodes: list[str]
    ids: list[str]
    row_node: Codes
    row_id: Codes
    opening: Amounts
    balance: Amounts
    moved: pd.DataFrame
    moved_node: Codes
    moved_id: Codes
    amounts: Amounts
    source: str | None
    serving: Codes
    set_up: Mapping[str, pd.DataFrame]

    @property
    def place(self) -> Codes:
        return self.row_node * len(self.ids) + self.row_id

    @property
    def moved_place(self) -> Codes:
        return self.moved_node * len(self.ids) + self.moved_id

    def account(self, row: int) -> dict[str, Any]:
        return {"node": self.nodes[self.row_node[row]], "account": self.ids[self.row_id[row]]}


@dataclass(frozen=True, kw_only=True)
class _Findings:
    """expected: the balance of each row. off, negative: whether a row's balance is; again: rows of an account that its
    pod has already; strays: movements on accounts that do not exist; sums: pods whose sums are off, as witnesses."""

    expected: Amounts
    off: npt.NDArray[np.bool_]
    negative: npt.NDArray[np.bool_]
    again: Codes
    strays: Codes
    sums: list[dict[str, Any]]


def conservation(history: History) -> Verdict:
    """Judge final/accounts against final/entries, or against final/transfers where there are no entries.

    measured: accounts (rows judged), off, negative, strays (rows on accounts that do not exist), nodes_off, twice
    (accounts that a pod has again), missing_rows, extra_rows, openings (pods, or accounts, that are not as set up).
    """
    try:
        ledger = _evidence(history)
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    return _verdict(ledger, _findings(ledger))


def _evidence(history: History) -> _Ledger:
    """Raises MissingError."""
    require_tables(history, "accounts")
    set_up = rows_of_setup(history, "transfer")
    if history.final["accounts"].empty and not any(map(len, set_up.values())):
        raise MissingError("final/accounts.parquet holds no account")
    tables = final_tables(history)
    accounts = tables["accounts"]
    moved, source = _movements(history, tables)
    (row_node, moved_node, serving), nodes = coded(
        accounts["node"], moved["node"], pd.Series(in_service(history) or [], dtype="str")
    )
    (row_id, moved_id), ids = coded(accounts["id"], moved["account"])
    opening, balance, amounts = summable(
        minor_units(accounts["opening"]), minor_units(accounts["balance"]), minor_units(moved["amount"])
    )
    return _Ledger(
        nodes=nodes,
        ids=ids,
        row_node=row_node,
        row_id=row_id,
        opening=opening,
        balance=balance,
        moved=moved,
        moved_node=moved_node,
        moved_id=moved_id,
        amounts=amounts,
        source=source,
        serving=serving,
        set_up=set_up,
    )


def _findings(ledger: _Ledger) -> _Findings:
    place, balance = ledger.place, ledger.balance
    entered = np.zeros(len(ledger.nodes) * len(ledger.ids), dtype=ledger.amounts.dtype)
    np.add.at(entered, ledger.moved_place, ledger.amounts)
    exists = np.zeros(len(entered), dtype=bool)
    exists[place] = True
    expected = ledger.opening + entered[place]
    # Without movements only the sums and the signs can be judged; then no single balance is called off.
    off = unequal_cells(balance, expected) if ledger.source is not None else np.zeros(len(balance), dtype=bool)
    return _Findings(
        expected=expected,
        off=off,
        negative=np.array([cell < 0 for cell in balance], dtype=bool) if balance.dtype == object else balance < 0,
        again=np.flatnonzero(pd.Series(place).duplicated().to_numpy()),
        strays=np.flatnonzero(~exists[ledger.moved_place]),
        sums=_sums_off(ledger),
    )


def _verdict(ledger: _Ledger, found: _Findings) -> Verdict:
    measured: dict[str, Any] = {
        "accounts": len(ledger.row_id),
        "off": int(found.off.sum()),
        "negative": int(found.negative.sum()),
        "strays": len(found.strays),
        "nodes_off": len(found.sums),
        "twice": len(found.again),
        **{name: len(rows) for name, rows in ledger.set_up.items()},
        "judged_against": f"final/{ledger.source}" if ledger.source else "nothing: sums only",
    }
    witness = _witness(ledger, found)
    verdict: Outcome = "fail" if witness else "pass" if ledger.source else "unknown"
    if verdict == "unknown":
        measured["reason"] = "neither final/entries nor final/transfers can be read; the sums agree"
    return Verdict(name=NAME, verdict=verdict, expected=EXPECTED, measured=measured, witness=witness)


def _witness(ledger: _Ledger, found: _Findings) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = list(found.sums)
    for i in np.flatnonzero(found.off | found.negative)[:WITNESS_LIMIT]:
        expected = shown(found.expected[i]) if found.off[i] else "not negative"
        rows.append({**ledger.account(i), "found": shown(ledger.balance[i]), "expected": expected})
    for i in found.strays[:WITNESS_LIMIT]:
        place = {"node": ledger.nodes[ledger.moved_node[i]], "account": ledger.ids[ledger.moved_id[i]]}
        transfer = text(ledger.moved["transfer"].iloc[int(i)])
        rows.append({**place, "found": "no such account", "transfer": transfer, "amount": shown(ledger.amounts[i])})
    for i in found.again[:WITNESS_LIMIT]:
        rows.append({**ledger.account(i), "found": "the account once more", "expected": "once"})
    for name, broken in ledger.set_up.items():
        rows += [{"what": name, **{str(key): cell for key, cell in row.items()}} for row in broken.to_dict("records")]
    return rows[:WITNESS_LIMIT]


def _movements(history: History, tables: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, str | None]:
    """Rows (node, transfer, account, amount) entered on accounts, and the table they came from."""
    columns = ["node", "transfer", "account", "amount"]
    if has_tables(history, "entries"):
        return tables["entries"][columns], "entries"
    if not has_tables(history, "transfers"):
        return pd.DataFrame({name: pd.Series([], dtype="str") for name in columns}), None
    rows = tables["transfers"]
    amounts = minor_units(rows["amount"])
    debit = pd.DataFrame({"node": rows["node"], "transfer": rows["id"], "account": rows["src"], "amount": -amounts})
    credit = pd.DataFrame({"node": rows["node"], "transfer": rows["id"], "account": rows["dst"], "amount": amounts})
    return pd.concat([debit, credit], ignore_index=True), "transfers"


def _sums_off(ledger: _Ledger) -> list[dict[str, Any]]:
    """Pods whose balances do not sum to their openings, and pods in service that hold no account at all."""
    off: list[dict[str, Any]] = []
    for code, node in enumerate(ledger.nodes):
        on_node = ledger.row_node == code
        if not on_node.any():
            if code in ledger.serving:
                off.append({"node": node, "found": "no account"})
            continue
        opened, balance = ledger.opening[on_node].sum(), ledger.balance[on_node].sum()
        if opened != balance:  # a NaN is no sum, and unequal to itself
            off.append({"node": node, "expected_sum": shown(opened), "found_sum": shown(balance)})
    return off


CHECK = Check(
    name=NAME,
    question="are all accounts there as they were opened, do the balances sum to the openings, and is each its opening "
    "plus its entries?",
    run=conservation,
    safety=True,
    workload="transfer",
)
