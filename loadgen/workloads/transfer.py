"""The workload ``transfer``: money moves between two accounts of a double-entry ledger, in minor units.

One transaction locks both accounts in key order, checks funds, moves the amount and books it: one row in ``transfers``
under the client's idempotency key, two in ``entries``. A share of the operations are balance enquiries. So the sum of
balances never changes, every balance is its opening plus its entries, and an acknowledged key must be found again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.options import Options, bounded, require_sums_fit, share
from loadgen.workload import Op, SetupConnection, SqlSession, count_problem, recreate, refuse
from loadgen.workloads.skew import UNIFORM, Skew

#: Primary keys throughout: Group Replication takes nothing else.
TABLES = {
    "accounts": "id INT NOT NULL PRIMARY KEY, opening BIGINT NOT NULL, balance BIGINT NOT NULL",
    "transfers": "id VARCHAR(40) NOT NULL PRIMARY KEY, src INT NOT NULL, dst INT NOT NULL, amount BIGINT NOT NULL,"
    " created TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)",
    "entries": "transfer VARCHAR(40) NOT NULL, account INT NOT NULL, amount BIGINT NOT NULL,"
    " PRIMARY KEY (transfer, account)",
}

#: Final table -> SQL that reads it whole, in key order, for ``final/<table>.parquet``.
FINAL_QUERIES = {
    "accounts": "SELECT id, opening, balance FROM accounts ORDER BY id",
    "transfers": "SELECT id, src, dst, amount FROM transfers ORDER BY id",
    "entries": "SELECT transfer, account, amount FROM entries ORDER BY transfer, account",
}

#: Amounts are drawn from 1 to this, in minor units: small against the default opening balance.
AMOUNT_MAX = 10_000


@dataclass(frozen=True, kw_only=True)
class TransferOptions(Options):
    """accounts: how many, numbered from 1. opening: mean opening balance of an account in minor units. read_share:
    share of balance enquiries among the arrivals. skew: which accounts are popular, on both sides of a transfer."""

    accounts: int = bounded(10_000, at_least=2, at_most=10_000_000)
    opening: int = bounded(1_000_000, at_least=0)
    read_share: float = share(0.2)
    skew: Skew = UNIFORM

    def __post_init__(self) -> None:
        require_sums_fit(opening=self.opening, accounts=self.accounts)


class Transfer:
    """Implements workload.Workload."""

    name = "transfer"
    about = "money moves between two accounts of a double-entry ledger"
    operations = frozenset({"transfer", "read"})
    reads = frozenset({"read"})
    refusals = frozenset({"insufficient-funds"})
    keyed = True
    Options = TransferOptions

    def __init__(self, options: TransferOptions) -> None:
        self._accounts = options.accounts
        self._read_share = options.read_share
        self._opening = options.opening
        self._pair = options.skew.pair(options.accounts)

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        """Drop and create the tables, and open the accounts, in the connection's database (autocommit).

        Openings differ (half to one and a half times the mean): money booked on a wrong account then shows.
        """
        rng = random.Random(f"openings/{seed}")
        openings = [rng.randint(self._opening // 2, self._opening + self._opening // 2) for _ in range(self._accounts)]
        with connection.cursor() as cursor:
            recreate(cursor, TABLES)
            # PyMySQL folds this into multi-row INSERTs of about 1 MB.
            cursor.executemany(
                "INSERT INTO accounts (id, opening, balance) VALUES (%s, %s, %s)",
                ((number, opening, opening) for number, opening in enumerate(openings, start=1)),
            )

    def check(self, session: SqlSession) -> str | None:
        session.fetch("SELECT id, src, dst, amount FROM transfers LIMIT 1")
        session.fetch("SELECT transfer, account, amount FROM entries LIMIT 1")
        return count_problem(session, "accounts", self._accounts)

    def next(self, rng: random.Random, key: str) -> Op:
        src, dst = self._pair(rng)
        if rng.random() < self._read_share:
            return Op(f="read", key=key, value={"account": src, "balance": None})
        return Op(f="transfer", key=key, value={"src": src, "dst": dst, "amount": rng.randint(1, AMOUNT_MAX)})

    def run(self, session: SqlSession, op: Op) -> dict[str, Any]:
        return self._read(session, op.value) if op.f == "read" else self._transfer(session, op)

    def _read(self, session: SqlSession, value: dict[str, Any]) -> dict[str, Any]:
        rows = session.fetch("SELECT balance FROM accounts WHERE id = %s", (value["account"],))
        return {"account": value["account"], "balance": rows[0][0] if rows else None}

    def _transfer(self, session: SqlSession, op: Op) -> dict[str, Any]:
        src, dst, amount = op.value["src"], op.value["dst"], op.value["amount"]
        session.begin()
        # One statement in key order: two opposite transfers then queue up instead of deadlocking.
        locked = session.fetch(
            "SELECT id, balance FROM accounts WHERE id IN (%s, %s) ORDER BY id FOR UPDATE", (src, dst)
        )
        balances: dict[int, int] = dict(locked)
        if len(balances) != 2:
            refuse(session, "account-missing")
        if balances[src] < amount:
            refuse(session, "insufficient-funds")
        changed = session.execute_all(
            ("UPDATE accounts SET balance = balance - %s WHERE id = %s", (amount, src)),
            ("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, dst)),
            ("INSERT INTO transfers (id, src, dst, amount) VALUES (%s, %s, %s, %s)", (op.key, src, dst, amount)),
            (
                "INSERT INTO entries (transfer, account, amount) VALUES (%s, %s, %s), (%s, %s, %s)",
                (op.key, src, -amount, op.key, dst, amount),
            ),
        )
        if changed != (1, 1, 1, 2):
            refuse(session, "row-count")
        session.commit()
        return {"src": src, "dst": dst, "amount": amount}

    def final_queries(self) -> Mapping[str, str]:
        return FINAL_QUERIES


WORKLOAD = Transfer
