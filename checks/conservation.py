"""Conservation: transfers move money, they neither make nor destroy it (Jepsen's bank check, account by account).

On every pod the balances sum to what was opened with, each balance is its opening plus what was entered on it, no
account is overdrawn, nothing was entered on an account that does not exist, and the accounts are those that set-up
opened, each once and with the same opening (`checks.evidence.openings`). Needs no ops: it holds the final tables
against themselves, so it says nothing about transfers that are missing altogether (durability).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from checks.check import Check
from checks.evidence.amounts import Amounts, minor_units, shown, summable, unequal_cells
from checks.evidence.ledger import MissingError, coded, has_tables, in_service, require_tables, text
from checks.evidence.openings import rows_of_setup
from checks.evidence.quarantine import final_tables
from checks.verdict import WITNESS_LIMIT, Verdict, unknown
from history.history import History

NAME = "conservation"
EXPECTED = "on every node: accounts as opened, sum of balances unchanged, each is opening plus entries, none negative"


def conservation(history: History) -> Verdict:
    """Judge final/accounts against final/entries, or against final/transfers where there are no entries.

    measured: accounts (rows judged), off, negative, strays (rows on accounts that do not exist), nodes_off, twice
    (accounts that a pod has again), missing_rows, extra_rows, openings (pods, or accounts, that are not as set up).
    """
    set_up = rows_of_setup(history, "transfer")
    try:
        require_tables(history, "accounts")
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    if history.final["accounts"].empty and not any(map(len, set_up.values())):
        return unknown(NAME, expected=EXPECTED, reason="final/accounts.parquet holds no account")
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
    place, moved_place = row_node * len(ids) + row_id, moved_node * len(ids) + moved_id
    entered = np.zeros(len(nodes) * len(ids), dtype=amounts.dtype)
    np.add.at(entered, moved_place, amounts)
    exists = np.zeros(len(entered), dtype=bool)
    exists[place] = True

    expected_balance = opening + entered[place]
    # Without movements only the sums and the signs can be judged; then no single balance is called off.
    off = unequal_cells(balance, expected_balance) if source is not None else np.zeros(len(accounts), dtype=bool)
    negative = np.array([cell < 0 for cell in balance]) if balance.dtype == object else balance < 0
    again = np.flatnonzero(pd.Series(place).duplicated().to_numpy())
    strays = np.flatnonzero(~exists[moved_place])
    sums = _sums_off(row_node, opening, balance, nodes, serving)
    measured: dict[str, Any] = {
        "accounts": len(accounts),
        "off": int(off.sum()),
        "negative": int(negative.sum()),
        "strays": len(strays),
        "nodes_off": len(sums),
        "twice": len(again),
        **{name: len(rows) for name, rows in set_up.items()},
        "judged_against": f"final/{source}" if source else "nothing: sums only",
    }
    witness = list(sums)
    for i in np.flatnonzero(off | negative)[:WITNESS_LIMIT]:
        row = {"node": nodes[row_node[i]], "account": ids[row_id[i]], "found": shown(balance[i])}
        witness.append(row | {"expected": shown(expected_balance[i]) if off[i] else "not negative"})
    for i in strays[:WITNESS_LIMIT]:
        row = {"node": nodes[moved_node[i]], "account": ids[moved_id[i]], "found": "no such account"}
        witness.append(row | {"transfer": text(moved["transfer"].iloc[int(i)]), "amount": shown(amounts[i])})
    for i in again[:WITNESS_LIMIT]:
        witness.append(
            {
                "node": nodes[row_node[i]],
                "account": ids[row_id[i]],
                "found": "the account once more",
                "expected": "once",
            }
        )
    for name, rows in set_up.items():
        witness += [{"what": name, **{str(key): cell for key, cell in row.items()}} for row in rows.to_dict("records")]
    if witness:
        return Verdict(name=NAME, verdict="fail", expected=EXPECTED, measured=measured, witness=witness[:WITNESS_LIMIT])
    if source is None:
        measured["reason"] = "neither final/entries nor final/transfers can be read; the sums agree"
        return Verdict(name=NAME, verdict="unknown", expected=EXPECTED, measured=measured)
    return Verdict(name=NAME, verdict="pass", expected=EXPECTED, measured=measured)


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


def _sums_off(
    row_node: Amounts, opening: Amounts, balance: Amounts, nodes: list[str], serving: Amounts
) -> list[dict[str, Any]]:
    """Pods whose balances do not sum to their openings, and pods in service that hold no account at all."""
    off: list[dict[str, Any]] = []
    for code, node in enumerate(nodes):
        own = row_node == code
        if not own.any():
            if code in serving:
                off.append({"node": node, "found": "no account"})
            continue
        opened, found = opening[own].sum(), balance[own].sum()
        if opened != found:  # a NaN is no sum, and unequal to itself
            off.append({"node": node, "expected_sum": shown(opened), "found_sum": shown(found)})
    return off


CHECK = Check(
    name=NAME,
    question="are all accounts there as they were opened, do the balances sum to the openings, and is each its opening "
    "plus its entries?",
    run=conservation,
    safety=True,
    workload="transfer",
)
