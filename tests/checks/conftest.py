"""A builder of small synthetic runs: say what clients did and pods showed, get a History whose ledger agrees with it.

Times are milliseconds after a zero of its own. Tests then break one thing at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from history.decisions import Decision
from history.faults import FaultRecord
from history.fields import names_in
from history.history import OBSERVED_SCHEMA, OPS_SCHEMA, History
from history.ops import COLUMN_NAMES, OpRow

#: CLOCK_MONOTONIC never starts at zero in a run.
ZERO_NS = 5_000_000_000_000
NODES = ("node1", "node2", "node3")
OPENING = 1000


def at_ns(at_ms: float) -> int:
    return ZERO_NS + round(at_ms * 1e6)


def op_row(key: str, f: str, value: Any, *, intended_ns: int, start_ns: int, end_ns: int) -> dict[str, Any]:
    """An acknowledged first attempt. value: JSON, or what becomes it."""
    row: OpRow = {
        "process": 0,
        "f": f,
        "key": key,
        "value": value if isinstance(value, str) else json.dumps(value),
        "outcome": "ok",
        "attempt": 1,
        "intended_ns": intended_ns,
        "start_ns": start_ns,
        "end_ns": end_ns,
        "server": "node1",
    }
    return dict.fromkeys(COLUMN_NAMES) | row


class Run:
    """What happened in a run, told step by step."""

    def __init__(self, nodes: Sequence[str] = NODES, accounts: int = 10) -> None:
        self.nodes, self.accounts = tuple(nodes), accounts
        self.rows: list[dict[str, Any]] = []
        self.seen: list[dict[str, Any]] = []
        self.faults: list[FaultRecord] = []
        self.decisions: list[Decision] = []
        self.manifest: dict[str, Any] = {}

    def op(self, key: str, f: str, value: Any, *, at_ms: float, took_ms: float = 5, **changes: Any) -> None:
        start_ns = at_ns(changes.pop("start_ms", at_ms))
        times = {"intended_ns": at_ns(at_ms), "start_ns": start_ns, "end_ns": at_ns(at_ms + took_ms)}
        self.rows.append(op_row(key, f, value, **times) | changes)

    def transfer(self, key: str, src: Any = 1, dst: Any = 2, amount: int = 10, **changes: Any) -> None:
        changes.setdefault("at_ms", 10.0 * len(self.rows))
        self.op(key, "transfer", {"src": src, "dst": dst, "amount": amount}, **changes)

    def traffic(self, start_ms: float, end_ms: float, *, every_ms: float = 20, **changes: Any) -> None:
        """Transfers of one unit, to and fro, at a constant rate."""
        count = round((end_ms - start_ms) / every_ms)
        for i in range(count):
            src, dst = (1, 2) if i % 2 else (2, 1)
            self.transfer(f"k{len(self.rows)}", src, dst, 1, at_ms=start_ms + i * every_ms, **changes)

    def decide(self, at_ms: float, event: str, pod: str | None = None, **detail: Any) -> None:
        """A decision of the control plane."""
        self.decisions.append(Decision(at_ns=at_ns(at_ms), event=event, epoch=1, pod=pod, detail=detail))

    def fault(
        self,
        *,
        injected_ms: float | None = None,
        healed_ms: float | None = None,
        clean_ms: float | None = None,
        pod: str = "node1",
        **changes: Any,
    ) -> FaultRecord:
        record = FaultRecord(
            id=len(self.faults),
            fault="kill",
            target="primary",
            pods=names_in(pod),
            injected_ns=None if injected_ms is None else at_ns(injected_ms),
            healed_ns=None if healed_ms is None else at_ns(healed_ms),
            clean_ns=None if clean_ms is None else at_ns(clean_ms),
            bitten=True,
            clean=True,
        )
        self.faults.append(replace(record, **changes))
        return self.faults[-1]

    def pod(self, at_ms: float, name: str, **shows: Any) -> None:
        """A sample of a pod; by default an ONLINE replica. view: member -> state."""
        view = shows.pop("view", None)
        row = {"kind": "pod", "up": True, "role": "replica", "state": "ONLINE", "read_only": True}
        self._sample(at_ms, name, row | shows | {"view": json.dumps(view) if view is not None else None})

    def proxy(self, at_ms: float, name: str = "gateway", **pools: dict[str, bool]) -> None:
        """A sample of a proxy: pool -> pod -> healthy."""
        endpoints = {
            pool: {pod: {"healthy": healthy, "connections": 1} for pod, healthy in pods.items()}
            for pool, pods in pools.items()
        }
        self._sample(at_ms, name, {"kind": "proxy", "up": True, "endpoints": json.dumps(endpoints)})

    def _sample(self, at_ms: float, name: str, row: dict[str, Any]) -> None:
        self.seen.append(dict.fromkeys(OBSERVED_SCHEMA.names) | {"at_ns": at_ns(at_ms), "name": name} | row)

    def history(self, **changes: Any) -> History:
        """The run, with a ledger on every node that holds what was acknowledged, and nothing else."""
        ops = pa.Table.from_pylist(self.rows, schema=OPS_SCHEMA).to_pandas()
        observed = pa.Table.from_pylist(self.seen, schema=OBSERVED_SCHEMA).to_pandas() if self.seen else None
        history = History(
            ops=ops.sort_values("end_ns", kind="stable", ignore_index=True),
            final=self._ledger(),
            nodes=self._nodes(),
            faults=tuple(self.faults),
            decisions=tuple(sorted(self.decisions, key=lambda one: one.at_ns)),
            observed=observed,
            manifest=self.manifest,
        )
        return replace(history, **changes)

    def _ledger(self) -> dict[str, pd.DataFrame]:
        acked = {row["key"]: json.loads(row["value"]) for row in self.rows if row["outcome"] == "ok"}
        moves = {key: move for key, move in acked.items() if isinstance(move, dict) and "amount" in move}
        transfers = [{"id": key, **move} for key, move in moves.items()]
        entries = [
            {"transfer": key, "account": move[side], "amount": sign * move["amount"]}
            for key, move in moves.items()
            for side, sign in (("src", -1), ("dst", 1))
        ]
        accounts = []
        for account in range(1, self.accounts + 1):
            moved = sum(entry["amount"] for entry in entries if entry["account"] == account)
            accounts.append({"id": account, "opening": OPENING, "balance": OPENING + moved})
        columns = {
            "accounts": (["node", "id", "opening", "balance"], accounts),
            "transfers": (["node", "id", "src", "dst", "amount"], transfers),
            "entries": (["node", "transfer", "account", "amount"], entries),
        }
        return {
            name: pd.DataFrame([{"node": node, **row} for node in self.nodes for row in rows], columns=names)
            for name, (names, rows) in columns.items()
        }

    def _nodes(self) -> dict[str, Any]:
        return {
            node: {
                "role": "primary" if i == 0 else "replica",
                "state": "ONLINE",
                "gtid_executed": "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-99",
                "checksums": {"transfers": 7, "accounts": 8},
            }
            for i, node in enumerate(self.nodes)
        }


class Tables:
    """Small final tables of the workloads other than transfer, on two pods, for tests to break one thing at a time."""

    NODES = ("node1", "node2")

    @staticmethod
    def frame(columns: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
        """The same rows on every node. columns: names with spaces between."""
        return pd.DataFrame([(node, *row) for node in Tables.NODES for row in rows], columns=["node", *columns.split()])

    @staticmethod
    def ops(*rows: tuple[str, str, str, Any], **changes: Any) -> pd.DataFrame:
        """rows: (key, f, outcome, value); one millisecond each."""
        cells = []
        for number, (key, f, outcome, value) in enumerate(rows, start=1):
            start_ns = 10**6 * number
            times = {"intended_ns": start_ns, "start_ns": start_ns, "end_ns": start_ns + 500_000}
            cells.append(op_row(key, f, json.dumps(value), **times) | {"outcome": outcome} | changes)
        return pd.DataFrame(cells, columns=OPS_SCHEMA.names)

    @staticmethod
    def nodes() -> dict[str, Any]:
        return {
            node: {"role": "replica", "state": "ONLINE", "gtid_executed": "", "checksums": {}} for node in Tables.NODES
        }

    @staticmethod
    def broken(history: History, table: str, column: str, value: Any, **cells: Any) -> History:
        """The history with one column of node2's chosen rows set anew."""
        rows = history.final[table].copy()
        chosen = rows["node"] == "node2"
        for name, cell in cells.items():
            chosen &= rows[name] == cell
        assert chosen.any()
        rows.loc[chosen, column] = value
        return Tables.with_table(history, table, rows)

    @staticmethod
    def less(history: History, table: str, **cells: Any) -> History:
        """The history without node2's chosen rows."""
        rows = history.final[table]
        chosen = rows["node"] == "node2"
        for name, cell in cells.items():
            chosen &= rows[name] == cell
        assert chosen.any()
        return Tables.with_table(history, table, rows[~chosen])

    @staticmethod
    def more(history: History, table: str, **cells: Any) -> History:
        """The history with one more row on node2."""
        rows = pd.concat([history.final[table], pd.DataFrame([{"node": "node2", **cells}])], ignore_index=True)
        return Tables.with_table(history, table, rows)

    @staticmethod
    def with_table(history: History, table: str, rows: pd.DataFrame) -> History:
        return History(
            ops=history.ops, final={**history.final, table: rows}, nodes=history.nodes, manifest=history.manifest
        )


def write(folder: Path, history: History) -> Path:
    """Write a history as the run folder it would have been read from."""
    (folder / "ops").mkdir(parents=True)
    (folder / "final").mkdir()
    ops = pa.Table.from_pandas(history.ops, schema=OPS_SCHEMA, preserve_index=False)
    pq.write_table(ops, folder / "ops" / "worker-0.parquet")
    for name, frame in history.final.items():
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / "final" / f"{name}.parquet")
    if history.observed is not None:
        observed = pa.Table.from_pandas(history.observed, schema=OBSERVED_SCHEMA, preserve_index=False)
        pq.write_table(observed, folder / "observed.parquet")
    (folder / "final" / "nodes.json").write_text(json.dumps(history.nodes))
    (folder / "manifest.json").write_text(json.dumps(history.manifest))
    if history.decisions:
        lines = [json.dumps(asdict(decision)) + "\n" for decision in history.decisions]
        (folder / "decisions.jsonl").write_text("".join(lines))
    return folder


@pytest.fixture
def tables() -> type[Tables]:
    """Builds and breaks the final tables of other workloads."""
    return Tables


@pytest.fixture
def run() -> Run:
    """Three pods, ten accounts with 1000 each, nothing done yet."""
    return Run()


@pytest.fixture
def new_run() -> type[Run]:
    """For another number of pods."""
    return Run


@pytest.fixture
def busy(run: Run) -> Run:
    """Five acknowledged transfers, one refused, one of unknown outcome that is not there, and a read."""
    for i in range(5):
        run.transfer(f"key-{i}", src=1 + i, dst=2 + i, amount=10 + i)
    run.transfer("refused", amount=9999, outcome="fail", error="insufficient-funds")
    run.transfer("vanished", outcome="unknown", errno=2013, error="lost connection")
    run.op("look", "read", {"account": 1, "balance": 990}, at_ms=90)
    return run


@pytest.fixture
def without() -> Callable[..., History]:
    """without(history, table, **cells): the history less the rows of a final table whose cells are all these."""

    def drop(history: History, table: str, **cells: Any) -> History:
        frame = history.final[table]
        chosen = pd.Series(True, index=frame.index)
        for column, value in cells.items():
            chosen &= frame[column] == value
        assert chosen.any()
        return replace(history, final={**history.final, table: frame[~chosen]})

    return drop


@pytest.fixture
def changed() -> Callable[..., History]:
    """changed(history, table, {column: value, …}, **cells): the history with cells of the chosen rows set anew."""

    def change(history: History, table: str, values: dict[str, Any], **cells: Any) -> History:
        frame = history.final[table].copy()
        chosen = pd.Series(True, index=frame.index)
        for column, value in cells.items():
            chosen &= frame[column] == value
        assert chosen.any()
        for column, value in values.items():
            frame.loc[chosen, column] = value
        return replace(history, final={**history.final, table: frame})

    return change


@pytest.fixture
def ns() -> Callable[[float], int]:
    """Milliseconds of a test's story as CLOCK_MONOTONIC nanoseconds."""
    return at_ns


@pytest.fixture
def written(tmp_path: Path) -> Callable[[History], Path]:
    """Write a history as a run folder."""
    return lambda history: write(tmp_path / "run", history)
