"""Where the observer did not look: each hole is told, and what looks like one but is none is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from checks.evidence.blind import PROXIES, BlindStretch, blind_stretches

if TYPE_CHECKING:
    from tests.checks.conftest import Run


def watch(run: Run, *, until_ms: float = 10_000, but: tuple[float, float] = (0, 0)) -> None:
    """Sample all pods and a proxy ten times a second, except in between."""
    for at_ms in range(-200, round(until_ms), 100):
        if not but[0] < at_ms < but[1]:
            for name in run.nodes:
                run.pod(at_ms, name)
            run.proxy(at_ms, write={"node1": True})


def test_an_observer_that_looked_all_the_time_leaves_no_hole(run: Run) -> None:
    run.traffic(0, 10_000)
    watch(run)
    assert blind_stretches(run.history()) == []


def test_a_pod_that_is_down_was_looked_at(run: Run) -> None:
    run.traffic(0, 10_000)
    for at_ms in range(0, 10_000, 1000):
        for name in run.nodes:
            run.pod(at_ms, name, up=name != "node1")
    assert blind_stretches(run.history()) == []


def test_a_gap_shows_for_every_pod_and_for_the_proxies(run: Run, ns: Callable[[float], int]) -> None:
    run.traffic(0, 10_000)
    watch(run, but=(2000, 6000))
    found = blind_stretches(run.history())
    assert [one.name for one in found] == ["node1", "node2", "node3", PROXIES]
    assert found[0] == BlindStretch(name="node1", start_ns=ns(2000), end_ns=ns(6000))
    assert found[0].overlaps(ns(5999), ns(7000))
    assert not found[0].overlaps(ns(6000), ns(7000))


def test_nothing_after_a_moment_is_a_hole_until_the_load_ends(run: Run, ns: Callable[[float], int]) -> None:
    run.traffic(0, 10_000)
    watch(run, until_ms=5000)
    assert {(one.start_ns, one.end_ns) for one in blind_stretches(run.history())} == {(ns(4900), ns(9980))}


def test_one_sample_is_two_holes(run: Run, ns: Callable[[float], int]) -> None:
    run.traffic(0, 10_000)
    for name in run.nodes:
        run.pod(5000, name)
    found = [one for one in blind_stretches(run.history()) if one.name == "node2"]
    assert [(one.start_ns, one.end_ns) for one in found] == [(ns(0), ns(5000)), (ns(5000), ns(9980))]


def test_a_pod_that_was_never_looked_at_is_a_hole_unless_it_came_later(run: Run) -> None:
    run.traffic(0, 10_000)
    watch(run)
    history = run.history()
    nodes = {**(history.nodes or {}), "node4": {"role": "replica", "state": "ONLINE"}}
    assert [one.name for one in blind_stretches(run.history(nodes=nodes))] == ["node4"]
    run.fault(fault="scale-out", target="new_replica", pod="node4", injected_ms=3000)
    assert blind_stretches(run.history(nodes=nodes)) == []


def test_without_samples_nobody_claims_to_have_looked(run: Run) -> None:
    run.traffic(0, 10_000)
    assert blind_stretches(run.history()) == []
