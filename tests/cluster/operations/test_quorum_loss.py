"""When a group is helped, and how: only once it is certain that no majority is left anywhere."""

from __future__ import annotations

import pytest

from cluster.operations.quorum_loss import Plan, plan_for
from cluster.status.status import Status


def member(name: str, *, reaches: str, of: str = "123", state: str = "ONLINE") -> Status:
    """A member that sees a group of these pods, some of which it reaches."""
    view = {f"node{one}": "ONLINE/SECONDARY" if one in reaches else "UNREACHABLE/SECONDARY" for one in of}
    return Status(role="replica", state=state, read_only=True, gtid_executed="", lag_ms=None, kind="group", view=view)


def outsider(name: str, state: str = "OFFLINE") -> Status:
    return member(name, reaches=name, of=name, state=state)


def test_a_lone_survivor_and_two_that_came_back() -> None:
    statuses = {"node1": outsider("1"), "node2": outsider("2", "RECOVERING"), "node3": member("3", reaches="3")}
    assert plan_for(statuses) == Plan(survivors=("node3",), outside=("node1", "node2"))


def test_nobody_is_left() -> None:
    assert plan_for({"node1": outsider("1"), "node2": outsider("2", "ERROR")}) == Plan(
        survivors=(), outside=("node1", "node2")
    )
    assert plan_for({"node1": outsider("1")}) == Plan(survivors=(), outside=("node1",))


def test_two_survivors_of_five_who_see_one_another() -> None:
    two = {f"node{one}": member(one, reaches="45", of="12345") for one in "45"}
    plan = plan_for(two | {f"node{one}": outsider(one) for one in "123"})
    assert plan == Plan(survivors=("node4", "node5"), outside=("node1", "node2", "node3"))


@pytest.mark.parametrize(
    "statuses",
    [
        {"node1": None, "node2": outsider("2"), "node3": member("3", reaches="3")},
        {"node1": outsider("1"), "node2": member("2", reaches="23"), "node3": member("3", reaches="23")},
        {"node1": member("1", reaches="1"), "node2": outsider("2"), "node3": member("3", reaches="3")},
        {"node1": outsider("1", "UNREACHABLE"), "node2": outsider("2"), "node3": member("3", reaches="3")},
        {f"node{one}": member(one, reaches="123") for one in "123"},
    ],
    ids=["a pod is silent", "a majority is there", "survivors apart", "a state nobody knows", "all is well"],
)
def test_a_group_that_may_yet_help_itself_is_left_alone(statuses: dict[str, Status | None]) -> None:
    assert plan_for(statuses) is None
