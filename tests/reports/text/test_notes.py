"""What to know beside a verdict: steps that came late, a change's own time, and what could not be seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from checks.judge import judge
from history.faults import FaultRecord
from history.history import History
from reports.key_numbers import gate_words, key_numbers
from reports.summary import summarise
from reports.text.notes import notes

MakeHistory = Callable[..., History]
ZERO_NS = 5_000_000_000_000


def with_fault(history: History, **changes: Any) -> History:
    return replace(history, faults=(replace(history.faults[0], **changes),))


def test_a_fault_that_came_in_time_needs_no_word(make_history: MakeHistory) -> None:
    assert notes(make_history()) == []


def test_a_fault_that_came_late_is_told(make_history: MakeHistory) -> None:
    history = make_history()
    planned_ns = (history.faults[0].injected_ns or 0) - 15_200_000_000
    (told,) = notes(with_fault(history, planned_ns=planned_ns))
    assert told.startswith("The kill of node1 came 15.2 s after it was due")


def test_a_fault_that_waited_for_an_event_is_late_by_what_it_waited_for(make_history: MakeHistory) -> None:
    injected_ns = make_history().faults[0].injected_ns or 0
    late = with_fault(make_history(), planned_ns=None, injected_evidence={"due_ns": injected_ns - 4_000_000_000})
    assert "came 4 s after it was due" in notes(late)[0]
    assert notes(with_fault(make_history(), planned_ns=None)) == []


def test_a_fault_that_was_healed_late_lasted_longer_and_says_so(make_history: MakeHistory) -> None:
    assert notes(with_fault(make_history(), heal_after_s=19.0)) == []
    (told,) = notes(with_fault(make_history(), heal_after_s=5.0))
    assert told.startswith("The kill of node1 was healed 15 s late")


def test_a_healing_that_was_not_shown_to_be_clean_is_told(make_history: MakeHistory) -> None:
    sound = with_fault(make_history(), bitten=True, clean=True)
    assert notes(sound) == []
    assert notes(with_fault(sound, clean=False)) == [
        "The kill of node1 was healed, and nothing shows that none of it was left."
    ]


@pytest.mark.parametrize("due", ["soon", None, True, -1, 2**70])
def test_a_time_that_is_none_makes_nothing_late(make_history: MakeHistory, due: Any) -> None:
    history = with_fault(make_history(), planned_ns=None, injected_evidence={"due_ns": due, "done_ns": due})
    assert notes(history) == []
    assert history.faults[0].took_ms is None


def switchover(history: History, *, took_s: float) -> History:
    injected_ns = history.faults[0].injected_ns or 0
    evidence = {"done_ns": injected_ns + round(took_s * 1e9)}
    return with_fault(history, fault="switchover", kind="change", injected_evidence=evidence)


def test_a_switchover_s_own_time_is_named_beside_the_outage(make_history: MakeHistory) -> None:
    summary = summarise(history := switchover(make_history(), took_s=0.6), judge(history))
    service = summary["headline"]["service"]
    assert service.index("Writes were unavailable") < service.index("The switchover of node1 itself took 600 ms.")
    assert ("switchover itself", "600 ms") in [(number.label, number.value) for number in key_numbers(summary)]
    assert summary["faults"][0]["took_ms"] == 600


def test_a_fault_and_a_change_that_failed_have_no_time_of_their_own(make_history: MakeHistory) -> None:
    done = {"done_ns": ZERO_NS * 2}
    assert with_fault(make_history(), injected_evidence=done).faults[0].took_ms is None
    assert (
        FaultRecord(id=0, fault="switchover", target="primary", kind="change", injected_evidence=done).took_ms is None
    )


def test_without_the_performance_schema_it_is_said_what_cannot_be_seen(make_history: MakeHistory) -> None:
    history = make_history()
    off = {pod: {"performance_schema": "OFF"} for pod in ("node1", "node2")} | {"node3": {"performance_schema": "ON"}}
    observed = history.observed
    assert observed is not None
    history = replace(history, manifest=history.manifest | {"variables": off}, observed=observed.assign(lag_ms=120.0))
    summary = summarise(history, judge(history))
    (told,) = summary["notes"]
    assert told.startswith("performance_schema is OFF on node1 and node2: how far replicas were behind is not known")
    measured = next(check["measured"] for check in summary["checks"] if check["name"] == "replication")
    assert (measured["replica_lag_during_ms"], measured["replica_lag_after_ms"]) == (None, None)


def test_with_the_performance_schema_lag_is_a_number(make_history: MakeHistory) -> None:
    history = make_history()
    assert history.observed is not None
    history = replace(history, observed=history.observed.assign(lag_ms=120.0))
    summary = summarise(history, judge(history))
    measured = next(check["measured"] for check in summary["checks"] if check["name"] == "replication")
    assert (summary["notes"], measured["replica_lag_after_ms"]) == ([], 120.0)


@pytest.mark.slow
def test_a_void_page_has_a_row_for_the_gate_that_made_it_void_though_nobody_set_it(make_history: MakeHistory) -> None:
    history = make_history()
    host = history.manifest["host"] | {"cpu_pressure_percent": 39.9}
    summary = summarise(noisy := replace(history, manifest=history.manifest | {"host": host}), judge(noisy))
    assert summary["verdict"] == "void"
    last = gate_words(summary)[-1]
    assert tuple(last) == ("cpu_pressure_percent", "at most 25 % (default)", "39.9 %", "void")
    quiet = summarise(history, judge(history))
    assert "cpu_pressure_percent" not in [row.name for row in gate_words(quiet)]


def test_a_gate_that_was_set_has_one_row(make_history: MakeHistory) -> None:
    history = make_history()
    host = history.manifest["host"] | {"cpu_pressure_percent": 39.9}
    manifest = history.manifest | {"host": host, "gates": {"cpu_pressure_percent": 50}}
    summary = summarise(set_ := replace(history, manifest=manifest), judge(set_))
    assert [(row.expected, row.verdict) for row in gate_words(summary)] == [("at most 50 %", "pass")]
