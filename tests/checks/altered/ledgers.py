"""What each workload would have left behind: small databases in memory that take the operations of a made-up run.

Each draws operations, applies those that took effect, and has its final tables in the end, as ``loadgen`` would. TPC-C
has a file of its own.
"""

from __future__ import annotations

import random
from typing import Any, Protocol

import pyarrow as pa

Row = dict[str, Any]
#: Table -> columns with their types, and rows (those of one pod).
Tables = dict[str, tuple[pa.Schema, list[Row]]]
#: f, value and error.
Refusal = tuple[str, Any, str] | None


class Ledger(Protocol):
    """options: the workload's section of the scenario, with its name. refusal: an operation that the business refuses,
    as f, value and error."""

    options: Row
    refusal: Refusal

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        """f and value of the operation of that number, as asked."""

    def apply(self, key: str, f: str, value: Any) -> Any:
        """Let it take effect; returns the value as acknowledged."""

    def tables(self) -> Tables: ...


def schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field("node", pa.string()), *(pa.field(name, kind) for name, kind in columns.items())])


def keys(found: list[str]) -> tuple[pa.Schema, list[Row]]:
    return schema(key=pa.string()), [{"key": key} for key in sorted(found)]


INT, TEXT = pa.int64(), pa.string()


class Transfers:
    refusal: Refusal = ("transfer", {"src": 8, "dst": 7, "amount": 9_999_999}, "insufficient-funds")

    def __init__(self, rng: random.Random) -> None:
        self.options: Row = {"name": "transfer", "accounts": 8, "opening": 1_000_000}
        self.accounts = {number: rng.randint(500_000, 1_500_000) for number in range(1, 9)}
        self.openings = dict(self.accounts)
        self.done: list[Row] = []

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        src, dst = rng.sample(range(1, 7), 2)  # 7 and 8 have no movement
        if number % 6 == 5:
            return "read", {"account": src, "balance": None}
        return "transfer", {"src": src, "dst": dst, "amount": rng.randint(2, 10_000)}

    def apply(self, key: str, f: str, value: Any) -> Any:
        if f == "read":
            return {**value, "balance": self.accounts[value["account"]]}
        self.accounts[value["src"]] -= value["amount"]
        self.accounts[value["dst"]] += value["amount"]
        self.done.append({"id": key, **value})
        return value

    def tables(self) -> Tables:
        accounts = [
            {"id": number, "opening": self.openings[number], "balance": balance}
            for number, balance in self.accounts.items()
        ]
        entries = [
            {"transfer": row["id"], "account": row[side], "amount": sign * row["amount"]}
            for row in self.done
            for side, sign in (("src", -1), ("dst", 1))
        ]
        return {
            "accounts": (schema(id=INT, opening=INT, balance=INT), accounts),
            "transfers": (schema(id=TEXT, src=INT, dst=INT, amount=INT), self.done),
            "entries": (schema(transfer=TEXT, account=INT, amount=INT), entries),
        }


class TpcB:
    refusal: Refusal = None

    def __init__(self, rng: random.Random) -> None:
        self.options: Row = {"name": "tpcb", "branches": 2, "accounts_per_branch": 4}
        self.branches = dict.fromkeys((1, 2), 0)
        self.tellers = dict.fromkeys(range(1, 21), 0)
        self.accounts = dict.fromkeys(range(1, 9), 0)
        self.history: list[Row] = []

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        teller = rng.randint(1, 20)
        row = {"account": rng.randint(1, 7), "teller": teller, "branch": (teller - 1) // 10 + 1}
        return "deposit", {**row, "delta": rng.choice((-1, 1)) * rng.randint(2, 999_999)}

    def apply(self, key: str, f: str, value: Any) -> Any:
        delta = value["delta"]
        self.accounts[value["account"]] += delta
        self.tellers[value["teller"]] += delta
        self.branches[value["branch"]] += delta
        self.history.append({"id": key, **value})
        return {**value, "balance": self.accounts[value["account"]]}

    def tables(self) -> Tables:
        tellers = [{"id": one, "branch": (one - 1) // 10 + 1, "balance": held} for one, held in self.tellers.items()]
        accounts = [{"id": one, "branch": (one - 1) // 4 + 1, "balance": held} for one, held in self.accounts.items()]
        return {
            "branches": (schema(id=INT, balance=INT), [{"id": n, "balance": b} for n, b in self.branches.items()]),
            "tellers": (schema(id=INT, branch=INT, balance=INT), tellers),
            "accounts": (schema(id=INT, branch=INT, balance=INT), accounts),
            "history": (schema(id=TEXT, account=INT, teller=INT, branch=INT, delta=INT), self.history),
            "keys": keys([row["id"] for row in self.history]),
        }


class SmallBank:
    refusal: Refusal = ("send-payment", {"customer": 6, "to": 5, "amount": 99_999_999}, "insufficient-funds")

    def __init__(self, rng: random.Random) -> None:
        self.options: Row = {"name": "smallbank", "customers": 6, "opening": 1_000_000, "skew": "uniform"}
        self.savings = {n: rng.randint(500_000, 1_500_000) for n in range(1, 7)}
        self.checking = {n: rng.randint(500_000, 1_500_000) for n in range(1, 7)}
        self.openings = dict(self.savings), dict(self.checking)
        self.log: list[Row] = []

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        kinds = ("send-payment", "deposit-checking", "transact-savings", "write-check", "balance", "send-payment")
        f = "amalgamate" if number == 20 else kinds[number % 6]
        customer, other = rng.sample(range(1, 6), 2)
        amount = rng.randint(2, 5_000)
        match f:
            case "balance":
                return f, {"customer": customer, "balance": None}
            case "amalgamate":
                return f, {"customer": customer, "to": other}
            case "send-payment":
                return f, {"customer": customer, "to": other, "amount": amount}
            case "transact-savings":
                return f, {"customer": customer, "amount": amount if number % 4 else -amount}
            case _:
                return f, {"customer": customer, "amount": amount}

    def apply(self, key: str, f: str, value: Any) -> Any:
        customer, other, amount = value["customer"], value.get("to"), value.get("amount", 0)
        held = self.savings[customer], self.checking[customer]
        match f:
            case "balance":
                return {**value, "balance": sum(held)}
            case "amalgamate":
                changes = [(customer, -held[0], -held[1]), (other, 0, sum(held))]
            case "send-payment":
                changes = [(customer, 0, -amount), (other, 0, amount)]
            case "transact-savings":
                changes = [(customer, amount, 0)]
            case "write-check":
                changes = [(customer, 0, -(amount if sum(held) >= amount else amount + 100))]
            case _:
                changes = [(customer, 0, amount)]
        for who, savings, checking in changes:
            self.savings[who] += savings
            self.checking[who] += checking
            self.log.append({"id": key, "customer": who, "savings": savings, "checking": checking})
        return {**value, "changes": [list(one) for one in changes]}

    def tables(self) -> Tables:
        held = {"savings": (self.openings[0], self.savings), "checking": (self.openings[1], self.checking)}
        balances = {
            name: [{"customer": n, "opening": opened[n], "balance": now[n]} for n in now]
            for name, (opened, now) in held.items()
        }
        columns = schema(customer=INT, opening=INT, balance=INT)
        return {
            **{name: (columns, rows) for name, rows in balances.items()},
            "log": (schema(id=TEXT, customer=INT, savings=INT, checking=INT), self.log),
            "keys": keys(list({row["id"]: None for row in self.log})),
        }


class Append:
    refusal: Refusal = None

    def __init__(self, rng: random.Random) -> None:
        self.options: Row = {"name": "append", "lists": 4, "size": 3}
        self.lists: dict[int, list[int]] = {}
        self.txns: list[str] = []

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        k, other = rng.sample(range(4), 2)
        if number % 6 == 5:
            return "read", [["r", k, None]]
        return "append", [["append", k, number * 16], ["r", k, None], ["append", other, number * 16 + 2]]

    def apply(self, key: str, f: str, value: Any) -> Any:
        done = []
        for kind, k, element in value:
            if kind == "append":
                self.lists.setdefault(k, []).append(element)
            done.append([kind, k, element if kind == "append" else list(self.lists.get(k, []))])
        if f == "append":
            self.txns.append(key)
        return done

    def tables(self) -> Tables:
        lists = [{"k": k, "elements": ",".join(map(str, held))} for k, held in sorted(self.lists.items())]
        return {"lists": (schema(k=INT, elements=TEXT), lists), "keys": keys(self.txns)}


class MixedRead:
    refusal: Refusal = None

    def __init__(self, rng: random.Random) -> None:
        self.options: Row = {"name": "mixed-read", "registers": 5}
        self.registers = dict.fromkeys(range(1, 6), 0)
        self.writes: list[Row] = []

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        k = rng.randint(1, 4)
        return (
            ("read", {"k": k, "version": None, "probe": False})
            if number % 3 == 2
            else (
                "write",
                {"k": k, "version": None},
            )
        )

    def apply(self, key: str, f: str, value: Any) -> Any:
        k = value["k"]
        if f == "write":
            self.registers[k] += 1
            self.writes.append({"id": key, "k": k, "version": self.registers[k]})
        return {**value, "version": self.registers[k]}

    def tables(self) -> Tables:
        return {
            "registers": (schema(k=INT, version=INT), [{"k": k, "version": v} for k, v in self.registers.items()]),
            "writes": (schema(id=TEXT, k=INT, version=INT), self.writes),
            "keys": keys([row["id"] for row in self.writes]),
        }


class Inbox:
    """A user's own workload, of which the judge knows the keys alone."""

    refusal: Refusal = ("send", {"inbox": 2}, "declined")

    def __init__(self, rng: random.Random) -> None:
        self.options: Row = {"name": "inbox.py:Inbox"}
        self.messages: list[str] = []

    def draw(self, rng: random.Random, number: int) -> tuple[str, Any]:
        return ("read" if number % 6 == 5 else "send"), {"inbox": rng.randint(1, 5)}

    def apply(self, key: str, f: str, value: Any) -> Any:
        if f == "send":
            self.messages.append(key)
        return value

    def tables(self) -> Tables:
        return {"keys": keys(self.messages)}
