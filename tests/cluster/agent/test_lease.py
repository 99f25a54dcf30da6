"""The lease: who may call itself primary, and that nobody else is promoted meanwhile."""

from __future__ import annotations

import itertools

import pytest

from cluster.agent.assignment import Assignment
from cluster.agent.lease import LEASE_S, Heard, agreement, failover_quorum, lease_from, lease_quorum, needs_fencing

NOW = 100.0
THREE = Assignment(epoch=4, version=7, primary="node1", pods={f"node{i}": f"198.18.0.1{i}" for i in (1, 2, 3)})


def heard(version: int = 7, *, ago_s: float = 0.1, view: dict[str, str] | None = None) -> Heard:
    return Heard(sent_s=NOW - ago_s, version=version, view=view or {})


def leased(*, control: Heard | None = None, **peers: Heard) -> bool:
    return lease_from("node1", THREE, control=control, peers=peers, now_s=NOW)


@pytest.mark.parametrize("pods", range(1, 10))
def test_a_lease_and_a_promised_failover_always_have_a_pod_in_common(pods: int) -> None:
    others = range(pods - 1)
    for granting in itertools.combinations(others, lease_quorum(pods)):
        for promising in itertools.combinations(others, failover_quorum(pods)):
            assert set(granting) & set(promising)


def test_one_pod_leads_alone_and_is_never_replaced() -> None:
    assert lease_quorum(1) == 0
    assert failover_quorum(1) > 0


def test_either_the_control_plane_or_half_of_the_others_keep_a_primary() -> None:
    assert leased(control=heard())
    assert leased(node2=heard())
    assert not leased()


def test_a_lease_runs_out_counted_from_the_question() -> None:
    assert leased(node2=heard(ago_s=LEASE_S))
    assert not leased(control=heard(ago_s=LEASE_S + 0.01), node2=heard(ago_s=LEASE_S + 0.01))


def test_one_peer_that_knows_of_something_newer_ends_it_whatever_the_others_say() -> None:
    assert not leased(control=heard(), node2=heard(), node3=heard(8))
    assert not leased(control=heard(8), node2=heard())
    assert leased(node2=heard(6)), "who is behind has promised nothing newer"


def test_only_the_pod_that_is_named_leads_and_strangers_grant_nothing() -> None:
    assert not lease_from("node2", THREE, control=heard(), peers={"node1": heard()}, now_s=NOW)
    assert not leased(node9=heard())


VIEW = {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
MOVED_ON = {"node2": "ONLINE/PRIMARY", "node3": "ONLINE/SECONDARY"}


def test_a_member_is_believed_when_most_of_its_view_see_the_same() -> None:
    agreed = heard(view=VIEW)
    assert agreement("node1", VIEW, peers={"node2": agreed}, now_s=NOW)
    assert not agreement("node1", VIEW, peers={"node2": heard(view=MOVED_ON), "node3": heard(view=MOVED_ON)}, now_s=NOW)
    assert not agreement("node1", VIEW, peers={"node2": heard(view=VIEW, ago_s=LEASE_S + 1)}, now_s=NOW)
    assert not agreement("node1", MOVED_ON, peers={"node2": heard(view=MOVED_ON)}, now_s=NOW)
    assert agreement("node1", {"node1": "ONLINE/PRIMARY"}, peers={}, now_s=NOW), "a group of one"


def test_a_member_is_believed_though_another_thinks_otherwise_of_a_third_that_was_killed() -> None:
    missed = {**VIEW, "node3": "UNREACHABLE/SECONDARY"}
    assert agreement("node1", missed, peers={"node2": heard(view=VIEW)}, now_s=NOW)
    assert agreement("node1", VIEW, peers={"node2": heard(view=missed), "node3": heard()}, now_s=NOW)


def test_a_member_that_the_others_do_not_reach_is_not_believed() -> None:
    cut = {**VIEW, "node2": "UNREACHABLE/SECONDARY", "node3": "UNREACHABLE/SECONDARY"}
    without = heard(view={**VIEW, "node1": "UNREACHABLE/PRIMARY"})
    assert not agreement("node1", VIEW, peers={"node2": without, "node3": without}, now_s=NOW)
    assert not agreement("node1", cut, peers={"node2": heard(view=VIEW), "node3": heard(view=VIEW)}, now_s=NOW)


def test_a_member_that_bridges_two_halves_does_not_keep_the_old_primary() -> None:
    """Of five, node1 and node2 do not hear node3 and node4, who have gone on with node5; what node5 said is old."""
    five = {"node1": "ONLINE/PRIMARY", **{f"node{i}": "ONLINE/SECONDARY" for i in (2, 3, 4, 5)}}
    cut = {**five, "node3": "UNREACHABLE/SECONDARY", "node4": "UNREACHABLE/SECONDARY"}
    without = {"node3": "ONLINE/PRIMARY", "node4": "ONLINE/SECONDARY", "node5": "ONLINE/SECONDARY"}
    peers = {"node2": heard(view=cut), "node5": heard(view=five, ago_s=0.9)}
    assert agreement("node1", cut, peers=peers, now_s=NOW)
    assert not agreement("node1", cut, peers={**peers, "node3": heard(view=without)}, now_s=NOW)
    assert agreement("node1", cut, peers={**peers, "node3": heard(view={"node3": "OFFLINE/"})}, now_s=NOW)


def test_only_a_source_that_takes_writes_without_a_lease_is_fenced() -> None:
    assert needs_fencing(read_only=False, assignment=THREE, leased=False)
    assert not needs_fencing(read_only=False, assignment=THREE, leased=True)
    assert not needs_fencing(read_only=True, assignment=THREE, leased=False)
    assert not needs_fencing(read_only=False, assignment=Assignment(), leased=False), "before the first one"
