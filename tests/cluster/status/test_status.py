"""What a pod says of itself, read from rows as MySQL returns them."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.status.agreement import in_agreement
from cluster.status.status import Status
from cluster.topologies.lookup import replication_of

#: Columns after the members: own name, source, receiver state, received set, applier state.
NO_CHANNEL = ("node1", None, None, None, None)
MEMBERS = [
    (1, "u:1-5", None, "node1", "ONLINE", "PRIMARY", 0, *NO_CHANNEL),
    (1, "u:1-5", None, "node2", "ONLINE", "SECONDARY", 1, *NO_CHANNEL),
    (1, "u:1-5", None, "node3", "UNREACHABLE", "SECONDARY", 0, *NO_CHANNEL),
]


def test_a_member_knows_its_own_role_and_sees_the_others() -> None:
    status = replication_of("group").parse(MEMBERS)
    assert (status.role, status.state, status.read_only) == ("replica", "ONLINE", True)
    assert status.view == {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "UNREACHABLE/SECONDARY"}
    assert status.in_service
    assert not status.writable


def test_a_primary_without_a_majority_is_not_writable() -> None:
    rows = [
        (0, "", None, "node1", "ONLINE", "PRIMARY", 1, *NO_CHANNEL),
        (0, "", None, "node2", "UNREACHABLE", "SECONDARY", 0, *NO_CHANNEL),
        (0, "", None, "node3", "UNREACHABLE", "SECONDARY", 0, *NO_CHANNEL),
    ]
    status = replication_of("group").parse(rows)
    assert status.role == "primary"
    assert not status.quorum
    assert not status.writable


def test_a_new_primary_is_not_writable_while_it_is_still_read_only() -> None:
    elected = [(1, "", None, "node1", "ONLINE", "PRIMARY", 1, *NO_CHANNEL)]
    assert not replication_of("group").parse(elected).writable
    assert replication_of("group").parse([(0, *elected[0][1:])]).writable


NO_GROUP: list[tuple[Any, ...]] = [(0, "u:1-\n5", "12.5", None, None, None, None, *NO_CHANNEL)]


def test_a_restarted_member_outside_its_group_is_no_primary_though_it_takes_writes() -> None:
    status = replication_of("group").parse(NO_GROUP)
    assert (status.role, status.state, status.in_service) == ("replica", "OFFLINE", False)


def test_a_single_pod_is_primary_as_long_as_it_takes_writes() -> None:
    status = replication_of("single").parse(NO_GROUP)
    assert status.writable
    assert status.gtid_executed == "u:1-5"
    assert status.lag_ms == 12.5
    assert not replication_of("single").parse([(1, *NO_GROUP[0][1:])]).writable


@pytest.mark.parametrize("state", ["RECOVERING", "ERROR", "OFFLINE"])
def test_only_online_members_are_in_service(state: str) -> None:
    status = Status(role="replica", state=state, read_only=True, gtid_executed="", lag_ms=None)
    assert not status.in_service


def member(role: str, view: dict[str, str]) -> Status:
    return replication_of("group").parse(
        [(0, "", None, name, *seen.split("/"), name == role, *NO_CHANNEL) for name, seen in view.items()]
    )


def test_a_returned_primary_that_its_group_has_expelled_is_not_in_service_on_its_own_word() -> None:
    stale = {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
    moved_on = {"node2": "ONLINE/PRIMARY", "node3": "ONLINE/SECONDARY"}
    statuses = {"node1": member("node1", stale), "node2": member("node2", moved_on), "node3": member("node3", moved_on)}
    assert statuses["node1"].writable
    assert not in_agreement("node1", statuses)
    assert in_agreement("node2", statuses)
    assert not in_agreement("node2", {**statuses, "node3": None})


def test_members_that_differ_about_a_third_agree_on_who_leads() -> None:
    seen = {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
    missed = {**seen, "node3": "UNREACHABLE/SECONDARY"}
    assert in_agreement("node1", {"node1": member("node1", missed), "node2": member("node2", seen), "node3": None})


def test_a_single_pod_agrees_with_itself_while_it_answers() -> None:
    assert in_agreement("node1", {"node1": replication_of("single").parse(NO_GROUP)})
    assert not in_agreement("node1", {"node1": None})


def replica(source: str, *, receiver: str = "ON", applier: str = "ON") -> Status:
    row = (1, "u:1-5", None, None, None, None, None, "node2", source, receiver, "u:4-6", applier)
    return replication_of("async").parse([row])


def source(name: str, *, read_only: int = 0) -> Status:
    return replication_of("async").parse(
        [(read_only, "u:1-6", None, None, None, None, None, name, None, None, None, None)]
    )


def test_a_replica_says_whom_it_follows_and_what_it_has_received() -> None:
    status = replica("node1")
    assert (status.role, status.state, status.source, status.received) == ("replica", "ONLINE", "node1", "u:4-6")
    assert replica("node1", receiver="CONNECTING").state == "CONNECTING"
    assert replica("node1", applier="OFF").state == "ERROR"


def test_a_source_is_primary_only_while_it_takes_writes() -> None:
    assert source("node1").writable
    fenced = source("node1", read_only=1)
    assert (fenced.role, fenced.state, fenced.in_service) == ("replica", "OFFLINE", False)


def test_a_dead_replica_does_not_unseat_a_primary_but_two_primaries_unseat_each_other() -> None:
    assert in_agreement("node1", {"node1": source("node1"), "node2": None})
    assert not in_agreement("node1", {"node1": source("node1"), "node2": source("node2")})
    moved_on = {"node1": source("node1"), "node2": source("node2"), "node3": replica("node2")}
    assert not in_agreement("node1", moved_on)
    assert in_agreement("node2", moved_on)
