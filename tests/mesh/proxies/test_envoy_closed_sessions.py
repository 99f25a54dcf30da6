"""Cut sessions: Envoy's counters by pool become numbers by pod."""

from __future__ import annotations

from mesh.proxies.envoy_closed_sessions import Cuts, totals

STATISTICS = """\
cluster.read.upstream_cx_destroy_local_with_active_rq: 0
cluster.write.upstream_cx_destroy_local_with_active_rq: 34
ended.write.sessions.client.RemoteReset: 2
"""


def sample(cuts: Cuts, cut: int, **pods: tuple[bool, int]) -> dict[str, int | None]:
    """One sample of the write pool: pod=(healthy, connections); what came of it, by pod."""
    pool = {pod: {"healthy": healthy, "connections": open_, "cut": None} for pod, (healthy, open_) in pods.items()}
    cuts.fill({"write": pool}, {"write": cut})
    return {pod: one["cut"] for pod, one in pool.items()}


def test_sessions_that_their_client_reset_are_not_cut() -> None:
    assert totals(STATISTICS) == {"write": 32, "read": 0}


def test_the_failed_pod_has_lost_them() -> None:
    cuts = Cuts()
    assert sample(cuts, 0, node1=(True, 32), node2=(False, 0)) == {"node1": 0, "node2": 0}
    assert sample(cuts, 32, node1=(False, 0), node2=(False, 0)) == {"node1": 32, "node2": 0}
    assert sample(cuts, 32, node1=(False, 0), node2=(True, 32)) == {"node1": 32, "node2": 0}
    assert sample(cuts, 40, node1=(True, 0), node2=(False, 24)) == {"node1": 32, "node2": 8}


def test_two_that_fail_together_share_by_what_each_lost() -> None:
    cuts = Cuts()
    sample(cuts, 0, node1=(True, 10), node2=(True, 20))
    assert sample(cuts, 30, node1=(False, 0), node2=(False, 0)) == {"node1": 10, "node2": 20}


def test_a_count_that_runs_ahead_of_the_endpoints_waits_for_them() -> None:
    cuts = Cuts()
    sample(cuts, 0, node1=(True, 32))
    assert sample(cuts, 32, node1=(True, 32)) == {"node1": 0}
    assert sample(cuts, 32, node1=(False, 0)) == {"node1": 32}


def test_sessions_that_end_otherwise_cut_nothing() -> None:
    cuts = Cuts()
    sample(cuts, 0, node1=(True, 32))
    assert sample(cuts, 0, node1=(False, 0)) == {"node1": 0}, "the server was killed and closed them itself"
