"""Gates: declared once and alike everywhere, refused when they are none, and no pass where one cannot be decided."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.check import multiple
from checks.judge import judge
from checks.latency import latency
from checks.noise import TRIAL_GATES
from checks.registry import BY_KEY, CHECKS, DECIDER, GATES
from history.json_files import HistoryError

if TYPE_CHECKING:
    from tests.checks.conftest import Run


def test_every_gate_is_declared_once_by_a_check_or_for_the_trial_itself() -> None:
    declared = [gate for check in CHECKS.values() for gate in check.gates]
    assert len({gate.key for gate in (*declared, *TRIAL_GATES)}) == len(declared) + len(TRIAL_GATES) == len(GATES)
    assert [gate.name for gate in GATES.values() if gate.name not in DECIDER] == [gate.name for gate in TRIAL_GATES]
    assert all(gate.path for gate in GATES.values())
    assert DECIDER["stale_reads"].name == "staleness"
    assert BY_KEY.keys() >= {"lost", "write_outage_ms", "response_p99_after_ms", "steal_percent", "success_ratio"}


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        ({"wrte_outage_ms": 1000}, "unknown gate 'wrte_outage_ms'; did you mean 'write_outage_ms'"),
        ({"write_outage": 1000}, "unknown gate 'write_outage'; did you mean 'write_outage_ms'"),
        ({"zzz": 1}, "unknown gate 'zzz'; known: lost, duplicated"),
        ({"lost": "0"}, "gate 'lost' must be a number from 0 up, not \"0\""),
        ({"lost": True}, "gate 'lost' must be a number"),
        ({"lost": [0]}, "gate 'lost' must be a number"),
        ({"lost": {}}, "gate 'lost' must be a number"),
        ({"write_outage_ms": -1}, "gate 'write_outage_ms' must be a number from 0 up, not -1"),
        ({"behind_ms": float("inf")}, "gate 'behind_ms' must be a number"),
        ({"behind_ms": float("nan")}, "gate 'behind_ms' must be a number"),
        ({"behind_ms": 10**400}, "gate 'behind_ms' must be a number from 0 up, not 1000"),
        ({"success_ratio": 1.5}, "gate 'success_ratio' must be a number from 0 to 1, not 1.5"),
        ({"steal_percent": 101}, "gate 'steal_percent' must be a number from 0 to 100"),
        ({"write_outage_ms": "3x"}, "gate 'write_outage_ms' must be a number from 0 up, not \"3x\""),
        ({"response_p99_before_ms": "3x"}, "gate 'response_p99_before_ms' must be a number from 0 up, not \"3x\""),
        ({"response_p99_after_ms": "0.5x"}, "or a multiple of before such as '3x', not \"0.5x\""),
        ({"response_p99_after_ms": "3"}, "or a multiple of before such as '3x', not \"3\""),
        ({"require": {"durability": 1}}, "gate 'require' must be a list"),
        ("lost", "'gates' must be an object"),
        (7, "'gates' must be an object"),
    ],
)
def test_what_is_no_gate_is_refused_in_one_line(busy: Run, gates: Any, says: str) -> None:
    with pytest.raises(HistoryError) as caught:
        judge(busy.history(manifest={"gates": gates}))
    assert str(caught.value).startswith("manifest.json: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("gates", [None, {}, {"lost": None, "require": None, "brownout_ms": None}])
def test_no_gates_are_no_gates(busy: Run, gates: Any) -> None:
    assert judge(busy.history(manifest={"gates": gates})).verdict == "pass"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"),
    [("stale_reads", 0), ("brownout_ms", 1000), ("response_p99_during_ms", 50)],
)
def test_a_gate_that_cannot_be_decided_fails_the_run(busy: Run, key: str, value: float) -> None:
    """Transfers tell no versions; seven writes are too few for a brown-out; without a fault nothing is during it."""
    judgement = judge(busy.history(manifest={"gates": {key: value}}))
    assert judgement.verdict == "fail"
    assert judgement.undecided == ([] if "p99" in key else [key])
    assert judgement.failed == (["latency"] if "p99" in key else [])


def test_a_gate_whose_check_could_not_decide_is_undecided_whatever_was_counted(busy: Run) -> None:
    """Half a table of transfers: what is there was counted, and durability still says that it does not know."""
    history = busy.history()
    final = {**history.final, "transfers": history.final["transfers"].drop(columns="amount")}
    judgement = judge(replace(history, final=final, manifest={"gates": {"lost": 0}}))
    (durability,) = [check for check in judgement.checks if check.name == "durability"]
    assert (durability.verdict, judgement.undecided, judgement.verdict) == ("unknown", ["lost"], "fail")


def test_a_gate_on_reads_cannot_be_decided_without_reads(busy: Run) -> None:
    history = busy.history(manifest={"gates": {"read_outage_ms": 100}})
    assert judge(history).verdict == "pass"
    judgement = judge(replace(history, ops=history.ops[history.ops["f"] != "read"]))
    assert (judgement.verdict, judgement.undecided) == ("fail", ["read_outage_ms"])


@pytest.mark.parametrize(("key", "missing"), [("lateness_p99_ms", "load.lateness_ms.p99"), ("steal_percent", "host")])
def test_a_gate_on_noise_that_cannot_be_decided_voids(busy: Run, key: str, missing: str) -> None:
    judgement = judge(busy.history(manifest={"gates": {key: 50}}))
    assert judgement.verdict == "void"
    assert f"gate {key} cannot be decided: manifest.json has no {missing}" in judgement.void_reasons[0]


def test_a_multiple_is_one_of_before_and_never_less_than_ten_milliseconds(run: Run) -> None:
    """p99 is 5 ms before the fault and 14 ms after it: 2x would be 10 ms, 3x is 15 ms, and 1x is held to 10 ms."""
    run.traffic(0, 1000)
    run.fault(injected_ms=1000, healed_ms=1100)
    run.traffic(1000, 5000, took_ms=14)

    def judged(value: str) -> tuple[str, float]:
        verdict = latency(run.history(manifest={"gates": {"response_p99_after_ms": value}}))
        return verdict.verdict, verdict.measured["limits_ms"]["response_p99_after_ms"]

    assert judged("3x") == ("pass", 15.0)
    assert judged("2.5x") == ("fail", 12.5)
    assert judged("1x") == ("fail", 10.0)


def test_a_multiple_of_nothing_fails(run: Run) -> None:
    run.fault(injected_ms=0, healed_ms=1)
    run.traffic(10, 5000)
    verdict = latency(run.history(manifest={"gates": {"response_p99_ms": "3x"}}))
    assert verdict.verdict == "fail"


@pytest.mark.parametrize(
    ("text", "factor"),
    [("3x", 3.0), ("1.5x", 1.5), ("1x", 1.0), ("0.9x", None), ("3", None), ("x", None), ("3 x", None), (3, None)],
)
def test_what_a_multiple_is(text: object, factor: float | None) -> None:
    assert multiple(text) == factor


def test_a_limit_of_nothing_on_noise_is_a_limit(busy: Run) -> None:
    manifest = {"gates": {"cpu_pressure_percent": 0}, "host": {"cpu_pressure_percent": 3}}
    assert judge(busy.history(manifest=manifest)).verdict == "void"
    assert judge(busy.history(manifest=manifest | {"gates": {"cpu_pressure_percent": 3}})).verdict == "pass"
