"""The judgement: which verdict wins, what voids a trial, and that no input makes it crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from checks.judge import judge
from checks.registry import CHECKS
from history.history import History
from history.json_files import HistoryError

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Edit = Callable[..., History]


def verdicts(history: History) -> dict[str, str]:
    return {check.name: check.verdict for check in judge(history).checks}


def test_a_sound_run_passes_with_every_check_listed_in_order(busy: Run) -> None:
    judgement = judge(busy.history())
    assert (judgement.verdict, judgement.failed, judgement.void_reasons) == ("pass", [], [])
    assert [check.name for check in judgement.checks] == list(CHECKS)[:8]  # other workloads' checks are left out
    assert [check.name for check in judgement.checks if check.verdict == "unknown"] == ["latency", "replication"]


def test_one_acknowledged_row_removed_fails(busy: Run, without: Edit) -> None:
    judgement = judge(without(busy.history(), "transfers", node="node2", id="key-3"))
    assert (judgement.verdict, judgement.failed) == ("fail", ["durability", "torn", "convergence"])


def test_one_balance_changed_fails(busy: Run, changed: Edit) -> None:
    judgement = judge(changed(busy.history(), "accounts", {"balance": 991}, node="node2", id=1))
    assert (judgement.verdict, judgement.failed) == ("fail", ["conservation", "convergence"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"injected_ms": None}, "planned but never injected"),
        ({"injected_ms": 20, "bitten": False}, "nothing shows that it took effect"),
    ],
)
def test_a_fault_that_did_not_happen_voids(busy: Run, changes: dict[str, Any], reason: str) -> None:
    busy.fault(**changes)
    judgement = judge(busy.history())
    assert judgement.verdict == "void"
    assert reason in judgement.void_reasons[0]


def test_an_unclean_heal_voids_unless_the_pods_are_shown_to_be_equal(busy: Run) -> None:
    busy.fault(injected_ms=20, clean=False)
    history = busy.history()
    assert judge(history).verdict == "pass"
    judgement = judge(replace(history, final={}, nodes=None))
    assert judgement.verdict == "void"
    assert judgement.void_reasons == ["fault 0 (kill on node1): heal not proven"]


@pytest.mark.parametrize(
    ("manifest", "verdict"),
    [
        ({"load": {"lateness_ms": {"p99": 101}}}, "void"),
        ({"load": {"lateness_ms": {"p99": 100}}}, "pass"),
        ({"load": {"lateness_ms": {"p99": 50}}, "gates": {"lateness_p99_ms": 40}}, "void"),
        ({"host": {"steal_percent": 26}}, "void"),
        ({"host": {"steal_percent": 26}, "gates": {"steal_percent": 30}}, "pass"),
        ({"host": None, "load": None}, "pass"),
        ({"load": {"complete": False}}, "void"),
        ({"load": {"complete": True}}, "pass"),
    ],
)
def test_a_late_or_dead_generator_or_a_noisy_host_voids(busy: Run, manifest: dict[str, Any], verdict: str) -> None:
    assert judge(busy.history(manifest=manifest)).verdict == verdict


def test_a_dead_load_pod_is_named(busy: Run) -> None:
    (reason,) = judge(busy.history(manifest={"load": {"complete": False, "dead": ["load2"]}})).void_reasons
    assert "load pod load2 exited early" in reason


def test_lost_money_fails_even_a_void_trial_but_a_slow_one_is_void(busy: Run, without: Edit) -> None:
    noisy = {"host": {"steal_percent": 99}, "gates": {"write_outage_ms": 1}}
    slow = busy.history(manifest=noisy)
    judgement = judge(slow)
    assert (judgement.verdict, judgement.failed) == ("void", ["availability"])
    judgement = judge(without(slow, "transfers", node="node2", id="key-3"))
    assert judgement.verdict == "fail"
    assert judgement.void_reasons
    assert judge(busy.history(manifest={"gates": {"write_outage_ms": 1}})).verdict == "fail"


def test_a_required_check_that_stays_unknown_fails(busy: Run) -> None:
    history = busy.history()
    final = {name: frame for name, frame in history.final.items() if name != "entries"}
    history = replace(history, final=final)
    assert judge(history).verdict == "pass"
    judgement = judge(replace(history, manifest={"gates": {"require": ["durability", "torn", "no-such-check"]}}))
    assert (judgement.verdict, judgement.failed) == ("fail", ["torn", "no-such-check"])


def test_a_history_nothing_can_be_decided_of_is_void(run: Run) -> None:
    run.op("look", "read", {"account": 1, "balance": None}, at_ms=0)
    judgement = judge(run.history(final={}, nodes=None))
    assert {check.verdict for check in judgement.checks} == {"unknown"}
    assert judgement.verdict == "void"
    assert judgement.void_reasons == ["no check could be decided: the evidence is missing"]


def test_a_crashed_check_is_unknown_and_hides_no_other(
    busy: Run, without: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_history: History) -> Any:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setitem(CHECKS, "durability", replace(CHECKS["durability"], run=crash))
    judgement = judge(without(busy.history(), "transfers", node="node2", id="key-3"))
    assert judgement.checks[0].verdict == "unknown"
    assert "ZeroDivisionError: on purpose, at test_judge.py:" in judgement.checks[0].measured["reason"]
    assert judgement.failed == ["torn", "convergence"]


def test_a_crashed_check_names_the_innermost_line(busy: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def divide(_history: History) -> Any:
        raise ZeroDivisionError("on purpose")

    def crash(history: History) -> Any:
        return divide(history)

    monkeypatch.setitem(CHECKS, "durability", replace(CHECKS["durability"], run=crash))
    reason = judge(busy.history()).checks[0].measured["reason"]
    assert f"at test_judge.py:{divide.__code__.co_firstlineno + 1}" in reason


@pytest.mark.parametrize("name", ["durability", "convergence", "latency"])
def test_a_run_does_not_pass_when_a_check_broke_off(busy: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def crash(_history: History) -> Any:
        raise KeyError("id")

    assert judge(busy.history()).verdict == "pass"
    monkeypatch.setitem(CHECKS, name, replace(CHECKS[name], run=crash))
    judgement = judge(busy.history())
    assert judgement.verdict == "void"
    assert judgement.void_reasons == [f"check {name} crashed, so what it guards is not known"]


@pytest.mark.parametrize(
    "gates",
    [{"lost": "0"}, {"write_outage_ms": True}, {"steal_percent": float("nan")}, {"require": "durability"}, [1]],
)
def test_gates_that_cannot_be_read_are_refused(busy: Run, gates: Any) -> None:
    with pytest.raises(HistoryError, match=r"manifest\.json"):
        judge(busy.history(manifest={"gates": gates}))


def test_another_tools_history_is_judged_as_far_as_it_goes(run: Run) -> None:
    for i in range(5):
        run.op(f"txn-{i}", "append", [["append", "x", i]], at_ms=i * 10, server=None)
    found = verdicts(run.history(final={}, nodes=None))
    assert found.pop("availability") == "pass"
    assert set(found.values()) == {"unknown"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [
        lambda ops: ops[:0],
        lambda ops: ops.assign(value="}{"),
        lambda ops: ops.assign(value='{"src": null, "dst": [], "amount": true}'),
        lambda ops: ops.assign(outcome="info"),
        lambda ops: ops.assign(key="same"),
        lambda ops: ops.assign(server=None, error=None, errno=None),
        lambda ops: ops.assign(intended_ns=0, start_ns=0, end_ns=0),
        lambda ops: ops.sample(frac=1, random_state=7),
    ],
)
def test_hostile_ops_never_crash_a_check(busy: Run, spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    busy.fault(injected_ms=20, healed_ms=40)
    history = busy.history()
    assert_no_crash(replace(history, ops=spoil(history.ops)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame[:0],
        lambda frame: frame[["node"]],
        lambda frame: frame.drop(columns="node"),
        lambda frame: frame.astype("str"),
        lambda frame: frame.astype("category"),
        lambda frame: frame.apply(lambda column: column.astype(object).where(frame.index % 2 == 0, None)),
        lambda frame: frame.map(lambda cell: str(cell).encode()),
        lambda frame: pd.DataFrame(columns=frame.columns, dtype=object),
    ],
)
def test_hostile_tables_never_crash_a_check(busy: Run, spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    history = busy.history()
    assert_no_crash(replace(history, final={name: spoil(frame) for name, frame in history.final.items()}))


@pytest.mark.parametrize(
    "nodes", [{}, {"node1": None}, {"node1": {"state": 7, "gtid_executed": [], "checksums": [1]}}, {"x": {}}]
)
def test_hostile_nodes_never_crash_a_check(busy: Run, nodes: Any) -> None:
    assert_no_crash(busy.history(nodes=nodes))


def assert_no_crash(history: History) -> None:
    for name, check in CHECKS.items():
        verdict = check.run(history)
        assert verdict.name == name
        json.dumps(verdict.as_json(), allow_nan=False)
    json.dumps([check.as_json() for check in judge(history).checks], allow_nan=False)


@pytest.mark.slow  # seven seconds of CPU
def test_two_hundred_thousand_ops_are_judged(run: Run) -> None:
    size, accounts, nodes = 200_000, 100, ("node1", "node2", "node3")
    rng = np.random.default_rng(7)
    src = rng.integers(0, accounts, size)
    dst = (src + 1 + rng.integers(0, accounts - 1, size)) % accounts
    amount = rng.integers(1, 100, size)
    intended_ns = np.arange(size, dtype=np.int64) * 1_000_000
    keys = pd.Series([f"{i:032x}" for i in range(size)], dtype="str")
    values = [
        f'{{"src": {a}, "dst": {b}, "amount": {c}}}' for a, b, c in zip(src, dst, amount, strict=True)
    ]  # fmt: skip
    ops = pd.DataFrame(
        {
            "process": 0,
            "f": "transfer",
            "key": keys,
            "value": pd.Series(values, dtype="str"),
            "outcome": "ok",
            "errno": np.nan,
            "error": None,
            "attempt": 1,
            "intended_ns": intended_ns,
            "start_ns": intended_ns,
            "end_ns": intended_ns + 5_000_000,
            "server": "node1",
            "gtid": None,
        }
    )
    balance = np.full(accounts, 10_000_000)
    np.add.at(balance, src, -amount)
    np.add.at(balance, dst, amount)
    tables = {
        "accounts": pd.DataFrame({"id": range(accounts), "opening": 10_000_000, "balance": balance}),
        "transfers": pd.DataFrame({"id": keys, "src": src, "dst": dst, "amount": amount}),
    }
    final = {name: pd.concat([frame.assign(node=node) for node in nodes]) for name, frame in tables.items()}
    history = replace(run.history(), ops=ops, final=final)
    judgement = judge(history)
    assert (judgement.verdict, judgement.checks[0].measured["acked"]) == ("pass", size)
    lost = final["transfers"].iloc[:-1]
    verdict = CHECKS["durability"].run(replace(history, final={**final, "transfers": lost}))
    assert verdict.verdict == "fail"
    assert [row["key"] for row in verdict.witness] == [f"{size - 1:032x}"]


def test_a_planned_fault_without_a_record_voids(busy: Run) -> None:
    planned = {"scenario": {"faults": [{"fault": "kill", "target": "primary", "at": "1s"}]}}
    judgement = judge(busy.history(manifest=planned))
    assert (judgement.verdict, judgement.void_reasons) == (
        "void",
        ["1 faults were planned and 0 are on record in faults.jsonl"],
    )
    assert judge(busy.history(manifest={"scenario": {"faults": []}})).verdict == "pass"
