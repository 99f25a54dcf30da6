"""Replication: where nobody looked, or samples do not tell, nothing is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.checks.conftest import at_ns as ns_of
from tests.checks.failovers import failover, judged, primary

if TYPE_CHECKING:
    from tests.checks.conftest import Run


@pytest.mark.parametrize("looked", [lambda at: at < 5, lambda at: not 2000 < at < 6500, lambda at: at < 4500])
def test_where_nobody_looked_nothing_is_known(run: Run, looked: Callable[[float], bool]) -> None:
    failover(run)
    run.seen = [row for row in run.seen if row["kind"] == "proxy" or looked((row["at_ns"] - ns_of(0)) / 1e6)]
    verdict = judged(run)
    assert verdict.verdict == "unknown"
    assert verdict.measured["reason"].startswith(("node1 was not observed", "node2 was not observed"))


def test_proxies_need_to_be_looked_at_only_where_two_pods_were_writable(run: Run) -> None:
    failover(run)
    run.seen = [row for row in run.seen if row["kind"] == "pod" or row["at_ns"] < ns_of(4500)]
    assert judged(run).verdict == "pass"


def test_where_two_pods_were_writable_and_nobody_looked_at_the_proxies_it_is_unknown(run: Run) -> None:
    failover(run, believes_until_ms=8000)
    run.seen = [row for row in run.seen if row["kind"] == "pod" or row["at_ns"] < ns_of(4500)]
    assert judged(run).verdict == "unknown"


def test_two_seen_to_be_writable_fail_though_nobody_looked_later(run: Run) -> None:
    failover(run, believes_until_ms=8000, in_pool_until_ms=7000)
    run.seen = [row for row in run.seen if row["at_ns"] < ns_of(7000)]
    run.traffic(10_000, 14_000, server="node2")
    assert judged(run).verdict == "fail"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"role": None}, "of node1 to the observer lack its role"),
        ({"read_only": None}, "of node1 to the observer lack its read_only"),
        ({"up": False, "role": None, "read_only": None}, "node1 acknowledged writes, and never answered the observer"),
    ],
)
def test_samples_that_do_not_tell_prove_nothing(run: Run, what: dict[str, Any], why: str) -> None:
    failover(run)
    run.seen = [row | (what if row["name"] == "node1" else {}) for row in run.seen]
    run.decide(5900, "promoted", "node2")
    verdict = judged(run)
    assert verdict.verdict == "unknown"
    assert why in verdict.measured["reason"]


def test_an_observer_that_no_pod_answered_proves_nothing(run: Run) -> None:
    failover(run)
    run.seen = [row | {"up": False, "role": None, "read_only": None} for row in run.seen]
    run.decide(5900, "promoted", "node2")
    assert judged(run).measured["reason"] == "no node ever answered the observer"


def test_samples_too_rare_to_show_what_lasts_prove_nothing(run: Run) -> None:
    failover(run)
    run.decide(5900, "promoted", "node2")
    first_ns = min(row["at_ns"] for row in run.seen)
    run.seen = [row for row in run.seen if (row["at_ns"] - first_ns) // 1_000_000 % 2000 < 5]
    verdict = judged(run)
    assert (verdict.verdict, verdict.measured["reason"]) == ("unknown", "node1 was sampled only every 2.0 s")


def test_a_pod_that_hangs_is_looked_at_as_often_as_its_silence_lets(run: Run) -> None:
    failover(run)
    keep = range(0, 10_000, 1040)
    down: dict[str, Any] = {"up": False, "role": None, "state": None, "read_only": None}
    run.seen = [row for row in run.seen if row["name"] != "node3"]
    for at_ms in keep:
        run.pod(at_ms, "node3", **down)
    assert judged(run).verdict == "pass"


def test_a_stretch_ends_where_nobody_looked(run: Run) -> None:
    """What a pod showed before and after a hole says nothing of the time between."""
    run.manifest = {"mesh": {"mode": "direct"}}
    run.traffic(0, 10_000)
    for at_ms in (*range(0, 200, 40), *range(9000, 9200, 40)):
        primary(run, at_ms, "node1")
    for at_ms in range(4000, 5000, 40):
        primary(run, at_ms, "node2")
    verdict = judged(run)
    assert (verdict.verdict, verdict.measured["two_primaries_claimed_ms"]) == ("unknown", 0)


def test_without_observations_it_is_unknown(run: Run) -> None:
    run.traffic(0, 1000)
    assert judged(run).verdict == "unknown"
