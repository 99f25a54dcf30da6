"""Replication: whether clients could reach a pod that was cut off from somebody, and wrote to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.verdict import Verdict
from tests.checks.failovers import failover, judged

if TYPE_CHECKING:
    from tests.checks.conftest import Run


def cut(run: Run, **facts: Any) -> Verdict:
    """Two primaries from 6 to 8 s without a proxy, while node1 is cut off from whom the facts say."""
    failover(run, believes_until_ms=8000)
    run.manifest |= {"mesh": {"mode": "direct"}}
    run.faults = [replace(run.faults[0], fault="partition", healed_ns=run.faults[0].clean_ns, **facts)]
    return judged(run)


def test_a_pod_that_is_cut_off_from_some_peers_is_there_for_clients(run: Run) -> None:
    verdict = cut(run, hits="link", peer="replicas", isolates_from=("node2", "node3"))
    assert verdict.verdict == "fail"
    assert verdict.measured["two_primaries_reachable_ms"] == pytest.approx(1919, abs=1)


def test_replicas_that_are_cut_off_from_their_primary_are_there_for_clients(run: Run) -> None:
    facts: dict[str, Any] = {"target": "replicas", "peer": "primary", "isolates_from": ("node1",)}
    verdict = cut(run, pods=("node2",), **facts)
    assert (verdict.verdict, verdict.witness[0]["pods"]) == ("fail", ["node1", "node2"])


def test_a_pod_that_is_cut_off_from_everyone_is_not(run: Run) -> None:
    assert cut(run, hits="link", isolates_from=("all",)).verdict == "pass"
    assert cut(run, hits="link", isolates_from=("all",), bitten=False).verdict == "fail", "nothing shows that it was"


def test_a_pod_that_is_cut_off_from_every_load_pod_is_not(run: Run) -> None:
    run.manifest = {"load": {"pods": {"load1": {}, "load2": {}}}}
    assert cut(run, isolates_from=("load1", "load2")).verdict == "pass"
    assert cut(run, isolates_from=("load1",)).verdict == "fail"


def test_load_pods_that_are_cut_off_from_a_pod_do_not_reach_it(run: Run) -> None:
    assert cut(run, target="load", pods=("load1",), isolates_from=("node1",)).verdict == "pass"
    assert cut(run, target="load", pods=("load1",), isolates_from=("node3",)).verdict == "fail"


def test_an_older_journal_does_not_say_from_whom_but_the_scenario_does(run: Run) -> None:
    assert cut(run, target="primary").verdict == "pass"
    run.manifest = {"scenario": {"faults": [{"fault": "partition", "target": "primary", "peer": "replicas"}]}}
    assert cut(run, target="primary").verdict == "fail"
    assert cut(run, target="primary", isolates_from=("all",)).verdict == "fail", "nor is a journal believed against it"
