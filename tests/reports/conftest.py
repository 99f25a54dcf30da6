"""A made-up but honest run: Poisson arrivals, one kill of the primary, some seconds without a writable server."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from checks.judge import judge
from history.faults import FaultRecord
from history.history import OPS_SCHEMA, History
from reports.summary import summarise

ZERO_NS = 5_000_000_000_000
READ_SHARE = 0.2
PODS = ("node1", "node2", "node3")

MakeHistory = Callable[..., History]
Judged = Callable[..., Any]


def at_ns(seconds: float) -> int:
    return ZERO_NS + round(seconds * 1e9)


def make_ops(*, rate: float, seconds: float, fault_s: float, outage_s: float) -> pd.DataFrame:
    """Operations of a run whose primary is gone from fault_s for outage_s: a few fail or are unknown, the rest wait."""
    rng = np.random.default_rng(7)
    intended_s = np.cumsum(rng.exponential(1 / rate, round(rate * seconds)))
    service_s = rng.lognormal(np.log(0.006), 0.45, len(intended_s))
    back_s = fault_s + outage_s
    start_s = intended_s + rng.exponential(0.0008, len(intended_s))
    waits = (intended_s >= fault_s) & (intended_s < back_s)
    start_s[waits] = back_s + (intended_s[waits] - fault_s) * 0.25 + 0.02
    end_s = start_s + service_s
    caught = (start_s < fault_s) & (end_s > fault_s)
    outcome = np.where(caught, np.where(np.arange(len(caught)) % 2 == 0, "unknown", "fail"), "ok")
    if outage_s > 0:
        refused = np.flatnonzero(waits)[::40]
        outcome[refused] = "fail"
    lost = outcome != "ok"
    reads = rng.random(len(intended_s)) < READ_SHARE
    accounts = rng.integers(1, 101, (len(intended_s), 2))
    accounts[:, 1] = np.where(accounts[:, 0] == accounts[:, 1], accounts[:, 0] % 100 + 1, accounts[:, 1])
    values = [
        json.dumps({"account": int(src)} if read else {"src": int(src), "dst": int(dst), "amount": 100})
        for (src, dst), read in zip(accounts, reads, strict=True)
    ]
    frame = pd.DataFrame(
        {
            "process": np.arange(len(intended_s)) % 32,
            "f": np.where(reads, "read", "transfer"),
            "key": [f"k{index:06d}" for index in range(len(intended_s))],
            "value": values,
            "outcome": outcome,
            "errno": pd.Series([2013 if gone else None for gone in lost], dtype="Int32"),
            "error": ["Lost connection to MySQL server during query" if gone else None for gone in lost],
            "attempt": 1,
            "intended_ns": ZERO_NS + (intended_s * 1e9).astype("int64"),
            "start_ns": ZERO_NS + (start_s * 1e9).astype("int64"),
            "end_ns": ZERO_NS + (end_s * 1e9).astype("int64"),
            "server": np.where(intended_s < fault_s, "node1", "node2"),
            "gtid": None,
        }
    )
    return frame.reindex(columns=OPS_SCHEMA.names).sort_values("end_ns", kind="stable", ignore_index=True)


def make_final(ops: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What three pods in agreement would hold after the acknowledged transfers of ops and every second unknown one."""
    writes = ops[ops["f"] == "transfer"]
    unknown = writes[writes["outcome"] == "unknown"].iloc[::2]
    present = pd.concat([writes[writes["outcome"] == "ok"], unknown])
    money = pd.DataFrame(list(map(json.loads, present["value"])), columns=["src", "dst", "amount"])
    transfers = money.assign(id=present["key"].to_numpy())
    entries = pd.concat(
        [
            pd.DataFrame({"transfer": transfers["id"], "account": transfers["src"], "amount": -transfers["amount"]}),
            pd.DataFrame({"transfer": transfers["id"], "account": transfers["dst"], "amount": transfers["amount"]}),
        ]
    )
    moved = entries.groupby("account")["amount"].sum().reindex(range(1, 101), fill_value=0)
    accounts = pd.DataFrame({"id": moved.index, "opening": 100_000, "balance": 100_000 + moved.to_numpy()})
    tables = {"accounts": accounts, "transfers": transfers[["id", "src", "dst", "amount"]], "entries": entries}
    return {
        name: pd.concat([table.assign(node=pod) for pod in PODS], ignore_index=True) for name, table in tables.items()
    }


def make_observed(*, seconds: float, fault_s: float, outage_s: float) -> pd.DataFrame:
    """20 samples a second of three pods and one proxy; node2 is elected and routed to within outage_s."""
    elected_s, rerouted_s = fault_s + outage_s * 0.85, fault_s + outage_s * 0.95
    rows: list[dict[str, Any]] = []
    for step in range(round(seconds * 20)):
        now_s = step / 20
        down, elected, rerouted = now_s >= fault_s, now_s >= elected_s, now_s >= rerouted_s
        for pod in PODS:
            primary = pod == ("node2" if elected else "node1")
            gone = down and pod == "node1"
            rows.append(
                {
                    "at_ns": at_ns(now_s),
                    "kind": "pod",
                    "name": pod,
                    "up": not gone,
                    "role": None if gone else ("primary" if primary else "replica"),
                    "state": None if gone else "ONLINE",
                    "read_only": None if gone else not primary,
                    "view": None if gone else json.dumps(_view(now_s, fault_s, elected=elected)),
                }
            )
        writable = "node2" if rerouted else "node1"
        healthy = {
            pod: {"healthy": pod == writable and not (down and pod == "node1"), "connections": 8} for pod in PODS
        }
        proxy = {"at_ns": at_ns(now_s), "kind": "proxy", "name": "gateway", "up": True}
        rows.append({**proxy, "endpoints": json.dumps({"write": healthy})})
    frame = pd.DataFrame(rows)
    return frame.assign(gtid_executed=None, lag_ms=np.nan)


def _view(now_s: float, fault_s: float, *, elected: bool) -> dict[str, str]:
    if now_s < fault_s + 0.4:
        return {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
    if not elected:
        return {"node1": "UNREACHABLE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
    return {"node2": "ONLINE/PRIMARY", "node3": "ONLINE/SECONDARY"}


def make_manifest(**extra: Any) -> dict[str, Any]:
    return {
        "scenario": {
            "name": "primary-kill",
            "teaches": "how long writes stop when the primary dies, and that nothing acknowledged is lost",
            "topology": {"kind": "group", "pods": 3},
            "mesh": {"mode": "gateway", "proxy": "envoy"},
            "workload": {"name": "transfer", "accounts": 100, "read_share": READ_SHARE},
            "load": {"model": "poisson", "rate": 200, "duration_s": 60},
        },
        "gates": {"lost": 0, "duplicated": 0, "write_outage_ms": 30_000, "response_p99_after_ms": 250},
        "seed": 7,
        "command": ["meshbench", "run", "primary-kill", "--seed", "7", "--set", "load.rate=200 "],
        "versions": {"mysql": "9.7.0", "envoy": "1.40.0", "meshbench": "0.1.0", "python": "3.11.2"},
        "images": {"mysql": "sha256:" + "ab" * 32, "envoy": "sha256:" + "cd" * 32},
        "host": {"cores": 2, "kernel": "6.1.0-18-amd64", "memory_gib": 23.5, "steal_percent": 0.1},
        "load": {
            "lateness_ms": {"p50": 0.5, "p90": 1.1, "p99": 2.0, "p999": 4.5, "max": 9.1},
            "overflow": 0,
            "offered": 1_200,
            "cpu_s": 0.72,
            "connections_opened": 70,
            "complete": True,
        },
        "boot_s": 6.4,
        "durations_s": {"boot": 6.4, "setup": 3.2, "load": 61.0, "converge": 2.1, "judge": 0.8},
        "topology": {"kind": "group", "pods": 3, "primaries": 1},
        "mesh": {"mode": "gateway", "proxy": "envoy"},
        "started_at": "2026-11-23T23:40:00+00:00",
        "monotonic_zero_unix_ns": 1_795_000_000_000_000_000,
        "variables": {
            pod: {"group_replication_member_expel_timeout": "0", "server_id": str(number), "version": "9.7.0"}
            for number, pod in enumerate(PODS, start=1)
        },
        **extra,
    }


def make_fault(fault_s: float, **extra: Any) -> FaultRecord:
    known: dict[str, Any] = {
        "id": 0,
        "fault": "kill",
        "target": "primary",
        "pods": ("node1",),
        "planned_ns": at_ns(fault_s),
        "injected_ns": at_ns(fault_s),
        "bitten": True,
        "bitten_evidence": {"probe": "connect to node1:3306", "result": "connection refused", "after_ms": 12.5},
        "healed_ns": at_ns(fault_s + 20),
        "clean": True,
        "clean_ns": at_ns(fault_s + 24),
        "clean_evidence": {"state": "ONLINE", "caught_up": True},
    }
    return FaultRecord(**{**known, **extra})


@cache
def make_tables(
    *, rate: float, seconds: float, fault_s: float, outage_s: float
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], pd.DataFrame]:
    """Ops, final tables and observations; made once, because no test and no check changes a table in place."""
    ops = make_ops(rate=rate, seconds=seconds, fault_s=fault_s, outage_s=outage_s)
    return ops, make_final(ops), make_observed(seconds=seconds, fault_s=fault_s, outage_s=outage_s)


@pytest.fixture(scope="session")
def make_history() -> MakeHistory:
    """A factory of complete runs; keyword arguments of History replace what it would make."""

    def make(
        *, rate: float = 20, seconds: float = 60, fault_s: float = 15, outage_s: float = 6, **given: Any
    ) -> History:
        ops, final, observed = make_tables(rate=rate, seconds=seconds, fault_s=fault_s, outage_s=outage_s)
        made: dict[str, Any] = {
            "ops": ops,
            "final": final,
            "nodes": {
                pod: {
                    "role": "primary" if pod == "node2" else "replica",
                    "state": "ONLINE",
                    "gtid_executed": "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-9000",
                    "checksums": {"accounts": 11, "transfers": 22, "entries": 33},
                }
                for pod in PODS
            },
            "faults": (make_fault(fault_s),),
            "observed": observed,
            "manifest": make_manifest(),
        }
        made["manifest"]["load"]["offered"] = len(given.get("ops", ops))
        return History(**{**made, **given})

    return make


#: When each step comes, as a share of the outage.
STEPS = {"detected": 0.4, "elected": 0.8, "rerouted": 0.9, "first_ack": 1.0, "steady": 3.0, "rejoined": 8.0}


@pytest.fixture(scope="session")
def judged(make_history: Callable[..., History]) -> Judged:
    """A factory of summaries of one run: with another outage, another response time before the fault, other losses."""
    history = make_history()
    run = summarise(history, judge(history))

    def make(*, outage_ms: float = 2000, p50_ms: float = 5, **rpo: int) -> Any:
        made: Any = copy.deepcopy(run)
        made["write_outage_ms"] = outage_ms
        made["rpo"] |= rpo
        made["phases"]["before"]["response_ms"] |= {"p50": p50_ms, "p99": 4 * p50_ms}
        fault = made["faults"][0]
        for step in fault["waterfall"]:
            step["since_ms"] = STEPS.get(step["step"], 0.0) * outage_ms
            step["at_ns"] = fault["injected_ns"] + round(step["since_ms"] * 1e6)
        if rpo.get("lost"):
            made |= {"verdict": "fail", "failed": ["durability"], "why": "durability failed: lost."}
        return made

    return make


@pytest.fixture(scope="session")
def void(judged: Judged) -> Judged:
    """The same, of a run that proves nothing."""

    def make(**numbers: Any) -> Any:
        reason = "the generator ran late"
        return judged(**numbers) | {"verdict": "void", "void_reasons": [reason], "why": f"Nothing: {reason}."}

    return make
