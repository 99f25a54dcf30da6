"""When it is known that nobody can lead any more, and that nothing is said of those who only need time."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.status import prospects
from cluster.status.prospects import Prospects, no_prospect
from cluster.status.status import Status
from cluster.wait import CannotComeError, WaitTimeoutError


def member(*, reaches: str, of: str = "123", state: str = "ONLINE") -> Status:
    view = {f"node{one}": "ONLINE/SECONDARY" if one in reaches else "UNREACHABLE/SECONDARY" for one in of}
    return Status(role="replica", state=state, read_only=True, gtid_executed="", lag_ms=None, kind="group", view=view)


def replica(state: str = "CONNECTING") -> Status:
    return Status(role="replica", state=state, read_only=True, gtid_executed="", lag_ms=None, kind="semisync")


def source() -> Status:
    return Status(role="primary", state="ONLINE", read_only=False, gtid_executed="", lag_ms=None, kind="semisync")


def decided(*events: str) -> Any:
    return lambda: [{"event": one, "detail": {"reason": "only 1 answers and applies"}} for one in events]


NONE = decided()


def test_a_survivor_of_a_group_whose_majority_was_killed_for_good_waits_for_nobody() -> None:
    why = no_prospect({"node3": member(reaches="3")}, NONE)
    assert why == "the group has lost its majority: node3 cannot reach node1, node2, which will not come back"


def test_where_every_pod_was_killed_for_good_nobody_is_waited_for() -> None:
    assert no_prospect({}, NONE) == "no node is left"


@pytest.mark.parametrize(
    "statuses",
    [
        {"node1": None, "node3": member(reaches="3")},
        {f"node{one}": member(reaches=one) for one in "123"},
        {"node1": member(reaches="1", of="1", state="RECOVERING"), "node3": member(reaches="3")},
        {"node2": member(reaches="23"), "node3": member(reaches="23")},
        {"node1": member(reaches="1", of="1", state="OFFLINE")},
    ],
    ids=["one is silent", "all cut off from one another", "one comes back", "a majority is left", "none is ONLINE"],
)
def test_a_group_in_which_somebody_may_come_back_has_a_prospect(statuses: dict[str, Status | None]) -> None:
    assert no_prospect(statuses, NONE) == ""


def test_the_control_plane_s_word_is_what_counts_without_a_group() -> None:
    statuses = {"node2": replica(), "node3": replica("ERROR")}
    assert no_prospect(statuses, decided("primary_gone", "no_failover")).endswith("only 1 answers and applies")
    for overtaken in ("promoted", "reopened"):
        assert no_prospect(statuses, decided("no_failover", overtaken)) == ""
    assert no_prospect(statuses, decided("primary_gone")) == ""
    assert no_prospect(statuses | {"node1": None}, decided("no_failover")) == "", "a silent pod may come back"
    assert no_prospect(statuses | {"node1": source()}, decided("no_failover")) == "", "somebody leads"


def test_what_has_stood_for_a_while_ends_the_wait_and_what_changes_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("cluster.status.prospects.time.monotonic", lambda: now)
    stuck: dict[str, Status | None] = {"node3": member(reaches="3")}
    waiting = Prospects("node3 is in service", NONE)
    waiting.look(stuck)
    now += prospects.STANDS_S - 1
    waiting.look(stuck)
    waiting.look({"node1": None, **stuck})
    now += prospects.STANDS_S - 1
    waiting.look(stuck)
    now += prospects.STANDS_S
    with pytest.raises(
        CannotComeError, match=r"^waited until node3 is in service, which cannot come: the group"
    ) as ended:
        waiting.look(stuck)
    assert isinstance(ended.value, WaitTimeoutError), "who waits for the one waits for the other"
