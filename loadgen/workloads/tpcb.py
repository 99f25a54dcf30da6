"""The workload ``tpcb``: deposits at a bank's tellers, after TPC Benchmark B, revision 2.0 (1994).

One transaction (clause 1.2): change an account, its teller and its branch by the same amount, and book it in the
history. So every branch is the sum of its tellers, and each of the three sums is the sum of the history (clause 2.3).
There are no reads and no skew to choose: the specification draws tellers evenly.

Deviations, said in docs/workloads.md too: amounts are whole minor units; the history has the client's key, which
replication needs as a primary key; rows are not padded to 100 bytes; 1,000 accounts a branch unless told otherwise,
where clause 4.2 wants 100,000; the load is open, where clause 4 ties the number of branches to the throughput.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.options import Options, bounded
from loadgen.workload import Op, SetupConnection, SqlSession, count_problem, fill, recreate, refuse

TABLES = {
    "branches": "id INT NOT NULL PRIMARY KEY, balance BIGINT NOT NULL",
    "tellers": "id INT NOT NULL PRIMARY KEY, branch INT NOT NULL, balance BIGINT NOT NULL",
    "accounts": "id INT NOT NULL PRIMARY KEY, branch INT NOT NULL, balance BIGINT NOT NULL",
    "history": "id VARCHAR(40) NOT NULL PRIMARY KEY, account INT NOT NULL, teller INT NOT NULL, branch INT NOT NULL,"
    " delta BIGINT NOT NULL, created TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)",
}

FINAL_QUERIES = {
    "branches": "SELECT id, balance FROM branches ORDER BY id",
    "tellers": "SELECT id, branch, balance FROM tellers ORDER BY id",
    "accounts": "SELECT id, branch, balance FROM accounts ORDER BY id",
    "history": "SELECT id, account, teller, branch, delta FROM history ORDER BY id",
    "keys": "SELECT id AS `key` FROM history ORDER BY id",
}

TELLERS_PER_BRANCH = 10
#: Clause 5.3.6: delta is uniform over plus and minus this.
DELTA_MAX = 999_999
#: Clause 5.3.5: the share of accounts that belong to the teller's own branch, where there is more than one.
OWN_BRANCH = 0.85


@dataclass(frozen=True, kw_only=True)
class TpcBOptions(Options):
    """branches: how many; the branch row is the hot spot. accounts_per_branch: accounts of each."""

    branches: int = bounded(20, at_least=1, at_most=10_000)
    accounts_per_branch: int = bounded(1_000, at_least=1, at_most=100_000)


class TpcB:
    """Implements workload.Workload."""

    name = "tpcb"
    about = "deposits at a bank's tellers, after TPC-B"
    operations = frozenset({"deposit"})
    reads = frozenset[str]()
    refusals = frozenset[str]()
    keyed = True
    Options = TpcBOptions

    def __init__(self, options: TpcBOptions) -> None:
        self._branches = options.branches
        self._each = options.accounts_per_branch

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        """All balances are 0 at first, so the seed decides nothing here."""
        del seed
        with connection.cursor() as cursor:
            recreate(cursor, TABLES)
            fill(cursor, "branches", ((number, 0) for number in range(1, self._branches + 1)))
            for table, each in (("tellers", TELLERS_PER_BRANCH), ("accounts", self._each)):
                rows = ((number + 1, number // each + 1, 0) for number in range(self._branches * each))
                fill(cursor, table, rows)

    def check(self, session: SqlSession) -> str | None:
        session.fetch("SELECT id, account, teller, branch, delta FROM history LIMIT 1")
        return count_problem(session, "accounts", self._branches * self._each)

    def next(self, rng: random.Random, key: str) -> Op:
        teller = rng.randint(1, self._branches * TELLERS_PER_BRANCH)
        branch = home = (teller - 1) // TELLERS_PER_BRANCH + 1
        if self._branches > 1 and rng.random() >= OWN_BRANCH:
            home = rng.randint(1, self._branches - 1)
            home += home >= branch
        account = (home - 1) * self._each + rng.randint(1, self._each)
        delta = rng.randint(-DELTA_MAX, DELTA_MAX)
        return Op(f="deposit", key=key, value={"account": account, "teller": teller, "branch": branch, "delta": delta})

    def run(self, session: SqlSession, op: Op) -> dict[str, Any]:
        account, teller, branch, delta = (op.value[name] for name in ("account", "teller", "branch", "delta"))
        session.begin()
        changed = [session.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (delta, account))]
        ((balance,),) = session.fetch("SELECT balance FROM accounts WHERE id = %s", (account,)) or ((None,),)
        # The branch comes last: it is the row that most others wait for.
        changed += [
            session.execute("UPDATE tellers SET balance = balance + %s WHERE id = %s", (delta, teller)),
            session.execute(
                "INSERT INTO history (id, account, teller, branch, delta) VALUES (%s, %s, %s, %s, %s)",
                (op.key, account, teller, branch, delta),
            ),
            session.execute("UPDATE branches SET balance = balance + %s WHERE id = %s", (delta, branch)),
        ]
        if delta and changed != [1, 1, 1, 1]:
            refuse(session, "row-count")
        done = {**op.value, "balance": balance}
        session.commit(done)
        return done

    def final_queries(self) -> Mapping[str, str]:
        return FINAL_QUERIES


WORKLOAD = TpcB
