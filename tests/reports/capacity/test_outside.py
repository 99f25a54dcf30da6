"""Whether objectives held outside of an outage, of a run whose outage is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from history.history import History
from reports.capacity.objective import parse
from reports.capacity.outside import Outside, outside
from tests.checks.conftest import Run, at_ns

SLO = [parse("response_p99<=100ms")]


def told(
    *,
    outage_s: float,
    rejoin_ms: float = 10.0,
    slow: tuple[float, float, float] = (0.0, 0.0, 0.0),
    healed_s: float = 19.0,
) -> History:
    """100 a second for 30 s: the primary dies at 10 s, what is due then waits for the end of the outage, and from 20 s
    to 23 s a node that comes back makes all take rejoin_ms. slow: seconds from and to which all take so many seconds.
    What is in flight at the kill is never answered."""
    run = Run()
    run.fault(injected_ms=10_000, healed_ms=healed_s * 1000)
    rows: list[dict[str, Any]] = []
    for number in range(3000):
        due_s = number / 100
        took_s = 0.01 + number * 7919 % 100 / 1e5  # no two alike, as on any machine
        if 10 <= due_s < 10 + outage_s:
            took_s = 10 + outage_s - due_s
        elif 20 <= due_s < 23:
            took_s = rejoin_ms / 1000
        elif slow[0] <= due_s < slow[1]:
            took_s = slow[2]
        due = at_ns(due_s * 1000)
        outcome = "fail" if due_s < 10 < due_s + took_s else "ok"
        times = {"intended_ns": due, "start_ns": due, "end_ns": due + round(took_s * 1e9)}
        rows.append({"key": f"k{number}", "outcome": outcome, **times})
    run.traffic(0, 1000)
    history = run.history()
    template = history.ops.iloc[0].to_dict()
    return replace(history, ops=pd.DataFrame([template | {"attempt": 1} | row for row in rows]))


def judged(**story: Any) -> Outside:
    return outside(told(**story), SLO)


def test_an_outage_does_not_count_and_what_comes_before_and_after_does() -> None:
    found = judged(outage_s=4)
    assert found.holds is True
    assert "it held again 4 s after the kill" in found.words


def test_a_node_that_comes_back_and_slows_the_others_down_counts() -> None:
    found = judged(outage_s=4, rejoin_ms=400)
    assert found.holds is False
    assert "response_p99 400 ms" in found.words


def test_an_outage_that_lasts_until_the_end_of_the_load_is_none_that_is_borne() -> None:
    found = judged(outage_s=40)
    assert found.holds is False
    assert "did not hold again" in found.words


def test_a_run_whose_node_was_not_killed_cannot_tell() -> None:
    assert outside(replace(told(outage_s=4), faults=()), SLO).holds is None


def test_what_the_kill_cut_off_belongs_to_the_outage_where_it_still_had_time() -> None:
    assert judged(outage_s=4, slow=(9.92, 10.0, 0.09)).holds is True  # 1 % of what came before, which would be missing


def test_what_had_waited_for_long_when_the_node_was_killed_counts_against_the_load() -> None:
    found = judged(outage_s=4, slow=(5.0, 10.0, 3.0))
    assert found.holds is False
    assert "already before the kill it did not hold" in found.words
    assert found.held_before is False
    assert judged(outage_s=4, rejoin_ms=400).held_before is True


def test_what_did_not_hold_is_told_whole_before_and_after() -> None:
    found = judged(outage_s=4, slow=(5.0, 10.0, 3.0), rejoin_ms=400)
    assert found.holds is False
    assert "already before the kill it did not hold: response_p99" in found.words
    assert "to the end of the load, it did not: response_p99 400 ms" in found.words


def test_a_slow_start_is_warm_up_and_does_not_count() -> None:
    assert judged(outage_s=4, slow=(0.0, 1.0, 0.3)).holds is True


def test_what_never_held_with_the_node_dead_is_no_safe_load() -> None:
    found = judged(outage_s=7)
    assert found.holds is False
    assert "it did not hold with the node dead, which it was for 9 s" in found.words


def test_a_load_that_ends_as_the_node_comes_back_cannot_tell() -> None:
    found = judged(outage_s=4, healed_s=25)
    assert found.holds is None
    assert "the load ended too soon" in found.words
