"""The workload ``smallbank``: customers with a savings and a checking account each, and six small transactions on them.

Source: M. Alomari, M. Cahill, A. Fekete, U. Röhm, "The Cost of Serializability on Platforms That Use Snapshot
Isolation", ICDE 2008, section III: Balance, DepositChecking, TransactSavings, Amalgamate, WriteCheck. SendPayment, the
mix and the hot spot (90 % of the draws to 100 customers) are those of H-Store's implementation. Under snapshot
isolation Balance, WriteCheck and TransactSavings may interleave so that a penalty is charged or missed wrongly; no
money is lost by it, and the final tables cannot show it.

Deviations: amounts are whole minor units; a table ``log`` books what each transaction changed, under the client's key
and in the same transaction, so that every balance can be accounted for; customers are picked by number, so the paper's
look-up of a name in table Account is one of a primary key.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loadgen.options import Options, bounded, require_sums_fit
from loadgen.workload import Op, SetupConnection, SqlSession, count_problem, fill, recreate, refuse
from loadgen.workloads.skew import Skew

TABLES = {
    "account": "name VARCHAR(20) NOT NULL, customer INT NOT NULL PRIMARY KEY",
    "savings": "customer INT NOT NULL PRIMARY KEY, opening BIGINT NOT NULL, balance BIGINT NOT NULL",
    "checking": "customer INT NOT NULL PRIMARY KEY, opening BIGINT NOT NULL, balance BIGINT NOT NULL",
    "log": "id VARCHAR(40) NOT NULL, customer INT NOT NULL, savings BIGINT NOT NULL, checking BIGINT NOT NULL,"
    " PRIMARY KEY (id, customer)",
}

FINAL_QUERIES = {
    "savings": "SELECT customer, opening, balance FROM savings ORDER BY customer",
    "checking": "SELECT customer, opening, balance FROM checking ORDER BY customer",
    "log": "SELECT id, customer, savings, checking FROM log ORDER BY id, customer",
    "keys": "SELECT DISTINCT id AS `key` FROM log ORDER BY id",
}

#: Share of each transaction in percent: H-Store's mix.
MIX = {
    "amalgamate": 15,
    "balance": 15,
    "deposit-checking": 15,
    "send-payment": 25,
    "transact-savings": 15,
    "write-check": 15,
}

#: Amounts are drawn from 1 to this, in minor units.
AMOUNT_MAX = 10_000
#: What a check costs that the customer's two accounts together do not cover: one unit in the paper.
PENALTY = 100
#: H-Store's fixed-size hot spot.
HOT_SPOT = Skew(kind="hot", size=100, share=0.9)

#: What one transaction changed: rows of (customer, change of savings, change of checking).
Changes = list[tuple[int, int, int]]


@dataclass(frozen=True, kw_only=True)
class SmallBankOptions(Options):
    """customers: how many; the paper has 18,000. opening: mean opening balance of each of their two accounts.
    skew: which customers are popular."""

    customers: int = bounded(18_000, at_least=2, at_most=10_000_000)
    opening: int = bounded(1_000_000, at_least=0)
    skew: Skew = HOT_SPOT

    def __post_init__(self) -> None:
        require_sums_fit(opening=self.opening, accounts=2 * self.customers)


class SmallBank:
    """Implements workload.Workload."""

    name = "smallbank"
    about = "six small transactions on savings and checking accounts"
    operations = frozenset(MIX)
    reads = frozenset({"balance"})
    refusals = frozenset({"insufficient-funds"})
    keyed = True
    Options = SmallBankOptions

    def __init__(self, options: SmallBankOptions) -> None:
        self._customers = options.customers
        self._opening = options.opening
        self._pair = options.skew.pair(options.customers)
        self._transactions: Mapping[str, Callable[[SqlSession, dict[str, Any]], Changes]] = {
            "amalgamate": _amalgamate,
            "deposit-checking": _deposit_checking,
            "send-payment": _send_payment,
            "transact-savings": _transact_savings,
            "write-check": _write_check,
        }

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        """Openings differ (half to one and a half times the mean): money booked on a wrong account then shows."""
        rng = random.Random(f"openings/{seed}")
        low, high = self._opening // 2, self._opening + self._opening // 2
        customers = range(1, self._customers + 1)
        with connection.cursor() as cursor:
            recreate(cursor, TABLES)
            fill(cursor, "account", ((f"customer{number}", number) for number in customers))
            for table in ("savings", "checking"):
                rows = ((number, opening, opening) for number in customers for opening in (rng.randint(low, high),))
                fill(cursor, table, rows)

    def check(self, session: SqlSession) -> str | None:
        session.fetch("SELECT id, customer, savings, checking FROM log LIMIT 1")
        return count_problem(session, "savings", self._customers) or count_problem(session, "checking", self._customers)

    def next(self, rng: random.Random, key: str) -> Op:
        (f,) = rng.choices(list(MIX), weights=list(MIX.values()))
        customer, other = self._pair(rng)
        amount = rng.randint(1, AMOUNT_MAX)
        match f:
            case "balance":
                return Op(f=f, key=key, value={"customer": customer, "balance": None})
            case "amalgamate":
                return Op(f=f, key=key, value={"customer": customer, "to": other})
            case "send-payment":
                return Op(f=f, key=key, value={"customer": customer, "to": other, "amount": amount})
            case "transact-savings":
                return Op(f=f, key=key, value={"customer": customer, "amount": rng.choice((amount, -amount))})
            case _:
                return Op(f=f, key=key, value={"customer": customer, "amount": amount})

    def run(self, session: SqlSession, op: Op) -> dict[str, Any]:
        if op.f == "balance":
            return {**op.value, "balance": _balance(session, op.value["customer"])}
        session.begin()
        changes = self._transactions[op.f](session, op.value)
        marks = ", ".join(["(%s, %s, %s, %s)"] * len(changes))
        row = tuple(value for change in changes for value in (op.key, *change))
        session.execute(f"INSERT INTO log (id, customer, savings, checking) VALUES {marks}", row)
        done = {**op.value, "changes": changes}
        session.commit(done)
        return done

    def final_queries(self) -> Mapping[str, str]:
        return FINAL_QUERIES


def _balance(session: SqlSession, customer: int) -> int:
    """Both accounts in one statement, hence one snapshot."""
    found = session.fetch(
        "SELECT s.balance + c.balance FROM savings s JOIN checking c USING (customer) WHERE customer = %s", (customer,)
    )
    return int(found[0][0]) if found else refuse(session, "account-missing")


def _locked(session: SqlSession, table: str, *customers: int) -> dict[int, int]:
    """Balances of some customers, their rows locked in order of their number: opposite payments then queue up."""
    marks = ", ".join(["%s"] * len(customers))
    sql = f"SELECT customer, balance FROM {table} WHERE customer IN ({marks}) ORDER BY customer FOR UPDATE"
    found = session.fetch(sql, customers)
    return dict(found) if len(found) == len(customers) else refuse(session, "account-missing")


def _add(session: SqlSession, table: str, customer: int, amount: int) -> None:
    session.execute(f"UPDATE {table} SET balance = balance + %s WHERE customer = %s", (amount, customer))


def _deposit_checking(session: SqlSession, value: dict[str, Any]) -> Changes:
    _add(session, "checking", value["customer"], value["amount"])
    return [(value["customer"], 0, value["amount"])]


def _transact_savings(session: SqlSession, value: dict[str, Any]) -> Changes:
    """Into or out of savings, which must not become negative."""
    customer, amount = value["customer"], value["amount"]
    if _locked(session, "savings", customer)[customer] + amount < 0:
        refuse(session, "insufficient-funds")
    _add(session, "savings", customer, amount)
    return [(customer, amount, 0)]


def _amalgamate(session: SqlSession, value: dict[str, Any]) -> Changes:
    """Everything one customer has goes to the other's checking account."""
    customer, other = value["customer"], value["to"]
    savings = _locked(session, "savings", customer)[customer]
    checking = _locked(session, "checking", customer, other)[customer]
    _add(session, "savings", customer, -savings)
    _add(session, "checking", customer, -checking)
    _add(session, "checking", other, savings + checking)
    return [(customer, -savings, -checking), (other, 0, savings + checking)]


def _write_check(session: SqlSession, value: dict[str, Any]) -> Changes:
    """The check is honoured in any case, at a penalty where the two accounts together do not cover it. The read
    takes no lock: with it the paper shows what snapshot isolation lets through."""
    customer, amount = value["customer"], value["amount"]
    charged = amount if _balance(session, customer) >= amount else amount + PENALTY
    _add(session, "checking", customer, -charged)
    return [(customer, 0, -charged)]


def _send_payment(session: SqlSession, value: dict[str, Any]) -> Changes:
    customer, other, amount = value["customer"], value["to"], value["amount"]
    if _locked(session, "checking", customer, other)[customer] < amount:
        refuse(session, "insufficient-funds")
    _add(session, "checking", customer, -amount)
    _add(session, "checking", other, amount)
    return [(customer, 0, -amount), (other, 0, amount)]


WORKLOAD = SmallBank
