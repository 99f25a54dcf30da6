"""The waterfall: a known answer for each way to see one, and samples that come out of order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.recovery.waterfall import ascending, complete, waterfall
from history.faults import FaultRecord
from tests.checks.recovery.failovers import ALL_ON, failover, on_primary, since_ms

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Clock = Callable[[float], int]


def test_a_failover_seen_from_all_sides(run: Run, ns: Clock) -> None:
    fault = failover(run)
    steps = waterfall(run.history(), fault)
    assert since_ms(steps) == {
        "injected": 0,
        "detected": 2001,
        "elected": 4001,
        "rerouted": 4302,
        "first_ack": 4500,
        "steady": 5500,  # the first second after it holds the arrival that had waited
    }
    assert complete(steps)
    assert steps[1].at_ns == ns(12_001)
    assert [step.source for step in steps] == [
        "chaos",
        "group: node2 saw node1 UNREACHABLE",
        "observer: node2 is primary and takes writes",
        "proxy gateway: node2 healthy in pool write",
        "ops: acknowledged by node2",
        "ops: keeps up with the load, p99 as before",
        "",
    ]
    assert (steps[6].step, steps[6].note) == ("rejoined", "node1 was not shown to be back")
    assert steps[1].note == "proxy gateway: node1 unhealthy in pool write after 502 ms"


def test_rows_in_any_order_give_the_same_steps(run: Run) -> None:
    fault = failover(run)
    history = run.history()
    assert history.observed is not None
    shuffled = replace(
        history,
        ops=history.ops.sample(frac=1, random_state=7),
        observed=history.observed.sample(frac=1, random_state=7),
    )
    assert waterfall(shuffled, fault) == waterfall(history, fault)


def test_a_sample_later_than_its_effect_is_moved_to_it(run: Run) -> None:
    fault = failover(run)
    run.transfer("sooner", at_ms=10_020, start_ms=14_260, took_ms=4270, server="node2")
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["rerouted"] == since_ms(steps)["first_ack"] == 4290
    assert steps[3].note == "first sampled 12 ms later (sampling uncertainty 50 ms)"
    assert complete(steps)


def test_a_sample_too_late_for_its_effect_stays_and_the_order_is_broken(run: Run) -> None:
    fault = failover(run)
    run.transfer("too soon", at_ms=10_020, start_ms=14_100, took_ms=4090, server="node2")
    steps = waterfall(run.history(), fault)
    assert (since_ms(steps)["rerouted"], since_ms(steps)["first_ack"]) == (4302, 4110)
    assert not ascending(steps)
    assert "observed before its cause; order uncertain" in steps[4].note


def test_direct_mode_reroutes_when_the_first_acknowledged_write_starts(run: Run) -> None:
    fault = failover(run)
    run.manifest = {"mesh": {"mode": "direct"}}
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["rerouted"] == 4400
    assert steps[3].source.startswith("ops")
    assert complete(steps)


def test_direct_mode_a_write_that_waited_for_the_election_is_rerouted_by_it(run: Run) -> None:
    fault = failover(run)
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    run.transfer("patient", at_ms=10_020, start_ms=10_020, took_ms=4180, server="node2")
    steps = waterfall(run.history(), fault)
    assert (since_ms(steps)["elected"], since_ms(steps)["rerouted"], since_ms(steps)["first_ack"]) == (4001, 4001, 4200)


def test_a_write_acknowledged_by_the_old_primary_is_not_the_first(run: Run) -> None:
    fault = failover(run)
    run.transfer("in flight", at_ms=10_000.5, took_ms=2, server="node1")
    assert since_ms(waterfall(run.history(), fault))["first_ack"] == 4500


def test_without_servers_the_first_write_started_after_the_election_counts(run: Run) -> None:
    fault = failover(run)
    for row in run.rows:
        row["server"] = None
    run.transfer("in flight", at_ms=10_000.5, took_ms=2, server=None)
    steps = waterfall(run.history(), fault)
    assert since_ms(steps)["first_ack"] == 4500
    assert steps[4].source.endswith("server not known")


def single(run: Run) -> FaultRecord:
    """The only pod is killed at 10 s, the proxy notices at 10.6, it is back at 13, routed at 13.4, writing at 13.5."""
    run.traffic(0, 10_000)
    for at_ms in range(9900, 15_000, 50):
        up = at_ms < 10_000 or at_ms >= 13_000
        role = {"role": "primary", "read_only": False} if up else {"role": None, "read_only": None}
        run.pod(at_ms, "node1", up=up, state=None, **role)
        run.proxy(at_ms + 2, write={"node1": at_ms < 10_600 or at_ms >= 13_400})
    run.transfer("in flight", at_ms=10_001, took_ms=1)
    run.traffic(10_100, 13_400, outcome="fail", errno=2003, error="refused", took_ms=1, server=None)
    run.traffic(13_495, 20_000)
    return run.fault(injected_ms=10_000)


def test_a_single_pod_is_elected_by_coming_back(new_run: type[Run]) -> None:
    run = new_run(nodes=("node1",))
    fault = single(run)
    steps = waterfall(run.history(), fault)
    assert since_ms(steps) == {
        "injected": 0,
        "detected": 602,
        "elected": 3000,
        "rerouted": 3402,
        "first_ack": 3500,
        "steady": 3500,
    }
    assert steps[1].source == "proxy gateway: node1 unhealthy in pool write"
    assert steps[2].source == "observer: node1 is back and takes writes"


def test_with_neither_group_nor_proxy_the_first_failed_write_detects(new_run: type[Run]) -> None:
    run = new_run(nodes=("node1",))
    fault = single(run)
    run.transfer("poor", at_ms=10_002, took_ms=1, outcome="fail", error="insufficient-funds")
    run.transfer("full", at_ms=10_002, took_ms=1, outcome="fail", error="overflow")
    steps = waterfall(run.history(observed=None), fault)
    assert since_ms(steps)["detected"] == 101
    assert steps[1].source == "ops: first write that was not ok"
    assert since_ms(steps)["elected"] is None
    assert steps[2].note == "no node was observed"
    assert not complete(steps)


def test_an_isolated_primary_that_still_believes_in_itself_is_not_elected(run: Run) -> None:
    fault = failover(run)
    run.seen = [row for row in run.seen if row["name"] != "node1" or row["at_ns"] <= (fault.injected_ns or 0)]
    run.pod(12_500, "node1", up=False, role=None, state=None, read_only=None)
    on_primary(run, 12_600, "node1", view=ALL_ON)
    assert since_ms(waterfall(run.history(), fault))["elected"] == 4001


def test_a_member_that_lost_its_own_place_detects_nothing(run: Run) -> None:
    fault = failover(run)
    run.pod(10_020, "node3", view={"node3": "ERROR/"})
    assert since_ms(waterfall(run.history(), fault))["detected"] == 2001


def test_nobody_is_elected_before_the_loss_was_detected(run: Run) -> None:
    fault = failover(run)
    on_primary(run, 11_000, "node2", view=ALL_ON)
    assert since_ms(waterfall(run.history(), fault))["elected"] == 4001


def test_the_same_pod_is_not_back_before_it_was_gone(new_run: type[Run]) -> None:
    run = new_run(nodes=("node1",))
    fault = single(run)
    run.transfer("cut", at_ms=10_001, took_ms=1, outcome="unknown")
    on_primary(run, 10_010, "node1", view=None)
    run.seen = [row for row in run.seen if row["kind"] == "pod"]
    steps = waterfall(run.history(), fault)
    assert (since_ms(steps)["detected"], since_ms(steps)["elected"]) == (2, 3000)


def test_a_replica_has_no_election(run: Run) -> None:
    for at_ms in range(9900, 12_000, 50):
        on_primary(run, at_ms, "node1", view=ALL_ON if at_ms < 11_000 else {"node1": "ONLINE/PRIMARY"})
        run.pod(at_ms, "node3", up=at_ms < 10_000)
        run.proxy(at_ms + 2, read={"node3": at_ms < 10_300}, write={"node1": True, "node3": False})
    run.traffic(0, 20_000)
    steps = waterfall(run.history(), run.fault(injected_ms=10_000, target="one_replica", pod="node3"))
    assert since_ms(steps) == {"injected": 0, "detected": 1000, "first_ack": 25, "steady": 25}
    assert steps[1].source == "group: node1 saw node3 no more"
    assert steps[1].note == "proxy gateway: node3 unhealthy in pool read after 302 ms"
    assert complete(steps)


def test_a_replica_that_only_the_observer_misses_is_detected_by_it(run: Run) -> None:
    run.traffic(0, 20_000)
    run.pod(9990, "node3")
    run.pod(10_040, "node3", up=False)
    steps = waterfall(run.history(), run.fault(injected_ms=10_000, target="one_replica", pod="node3"))
    assert steps[1].source == "observer: node3 did not answer"


def test_a_fault_never_injected_has_no_times(run: Run) -> None:
    run.traffic(0, 1000)
    steps = waterfall(run.history(), run.fault())
    assert {step.at_ns for step in steps} == {None}
    assert {step.note for step in steps} == {"the fault was never injected"}
    assert not complete(steps)


def test_samples_that_are_not_json_say_nothing(run: Run) -> None:
    fault = failover(run)
    for i, row in enumerate(run.seen):
        row["view"] = row["endpoints"] = ("{", "[]", '{"write": 1, "node1": null}', json.dumps({"write": {"x": 0}}))[
            i % 4
        ]
    steps = waterfall(run.history(), fault)
    assert steps[1].at_ns is not None
