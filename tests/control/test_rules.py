"""The control plane's rules over what it sees: when a primary is gone, who must do what, who is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cluster.agent.assignment import Assignment
from cluster.status.status import Status
from control.rules import Action, Rules, Seen, decide, elected, pools
from control.state import Move, State

ASYNC = Rules(kind="async", down_after_s=1.0)
SEMISYNC = Rules(kind="semisync", down_after_s=1.0, wait_count=1)


def primary(**changes: Any) -> Seen:
    status = Status(role="primary", state="ONLINE", read_only=False, gtid_executed="u:1-9", lag_ms=None, kind="async")
    return Seen(status=replace(status, **changes))


def replica(source: str | None = "node1", state: str = "ONLINE", **changes: Any) -> Seen:
    status = Status(role="replica", state=state, read_only=True, gtid_executed="u:1-9", lag_ms=None, kind="async")
    return Seen(status=replace(status, **{"source": source, "receiving": state == "ONLINE", **changes}))


def silent(silent_s: float = 1.5) -> Seen:
    return Seen(status=None, silent_s=silent_s)


DEAF = replica(state="CONNECTING")
FENCED = replica(source=None, state="OFFLINE")


def sees(pods: int = 3, **instead: Seen) -> dict[str, Seen]:
    """node1 leads, the others follow; what is seen of one of them instead."""
    return {**{f"node{i + 1}": replica() if i else primary() for i in range(pods)}, **instead}


def remembers(
    pods: int = 3, *, move: Move | None = None, before: tuple[str, ...] | None = None, **changes: Any
) -> State:
    """Epoch 3, node1 leads."""
    named = {f"node{i + 1}": f"198.18.0.{11 + i}" for i in range(pods)}
    assignment = Assignment(epoch=3, version=9, primary="node1", pods=named)
    return State(assignment=replace(assignment, **changes), move=move, before=before)


def verbs(
    seen: Mapping[str, Seen], state: State | None = None, *, rules: Rules = ASYNC, now_ns: int = 0
) -> list[tuple[str, str | None]]:
    return [(one.verb, one.pod) for one in decide(seen, state or remembers(len(seen)), rules, now_ns=now_ns)]


def reason(seen: Mapping[str, Seen], state: State | None = None, *, rules: Rules = ASYNC) -> str:
    found: list[Action] = decide(seen, state or remembers(len(seen)), rules, now_ns=0)
    assert (found[-1].verb, found[-1].pod) == ("hold", "node1")
    return found[-1].reason


def test_nothing_is_done_while_all_is_well() -> None:
    assert verbs(sees()) == []


def test_a_primary_is_gone_when_the_probe_fails_and_most_replicas_do_not_hear_it() -> None:
    assert verbs(sees(node1=silent(), node2=DEAF, node3=DEAF)) == [("suspect", "node1"), ("begin", "node1")]
    assert verbs(sees(5, node1=silent(), node2=DEAF, node3=DEAF, node4=DEAF))[-1] == ("begin", "node1")


def test_a_short_silence_is_no_suspicion() -> None:
    assert verbs(sees(node1=silent(0.9), node2=DEAF, node3=DEAF)) == []
    assert verbs(sees(node1=silent(1.0), node2=DEAF, node3=DEAF))[-1] == ("begin", "node1")


def test_a_cut_between_control_plane_and_primary_alone_changes_nothing() -> None:
    assert reason(sees(node1=silent())) == "node2, node3 still reach the primary"
    assert reason(sees(node1=silent(), node2=DEAF)) == "node3 still reaches the primary"
    stuck = replica(state="ERROR", receiving=True)
    assert reason(sees(node1=silent(), node2=stuck, node3=stuck)) == "node2, node3 still reach the primary"


def test_a_replica_that_is_connecting_is_left_alone_as_its_relay_log_may_hold_what_no_other_pod_has() -> None:
    assert verbs(sees(node1=primary(), node2=DEAF, node3=DEAF)) == []


def test_a_replica_that_does_not_apply_is_no_witness_of_what_was_acknowledged() -> None:
    stuck = replica(state="ERROR", receiving=False)
    assert verbs(sees(node1=silent(), node2=stuck, node3=DEAF))[-1] == ("begin", "node1")
    semisync = sees(node1=silent(), node2=stuck, node3=DEAF)
    assert reason(semisync, rules=SEMISYNC).endswith("and only 1 answer and apply")


def test_a_candidate_that_cannot_apply_what_it_received_is_given_up() -> None:
    state = remembers(
        primary=None, move=Move(why="failover", step="drain", old="node1", candidate="node2", received="u:1-9")
    )
    stuck = replica(state="ERROR", receiving=False, gtid_executed="u:1-3")
    assert verbs(sees(node1=silent(), node2=stuck), state, now_ns=10**18) == [("elect", "node1")]
    done = replica(state="ERROR", receiving=False, gtid_executed="u:1-9")
    assert verbs(sees(node1=silent(), node2=done), state, now_ns=10**18) == [("drain", "node2")]


def test_a_candidate_that_is_silent_for_a_moment_may_still_get_there() -> None:
    state = step("drain", candidate="node2", received="u:1-99")
    assert verbs(sees(node1=silent(), node2=silent(0.5)), state) == [("drain", "node2")]


def test_of_a_primary_that_was_never_looked_at_nothing_is_decided() -> None:
    seen = {name: pod for name, pod in sees().items() if name != "node1"}
    assert verbs(seen, remembers()) == []


def test_too_few_replicas_that_answer_are_no_majority() -> None:
    assert reason(sees(node1=silent(), node2=DEAF, node3=silent())) == "only 1 of 2 replicas answer"


def test_the_one_replica_of_two_pods_suffices_and_one_pod_has_nobody() -> None:
    assert verbs(sees(2, node1=silent(), node2=DEAF))[-1] == ("begin", "node1")
    assert reason(sees(1, node1=silent())) == "there is no replica to fail over to"


def test_a_quarantined_replica_has_no_vote_on_whether_the_primary_is_gone() -> None:
    state = remembers(quarantined={"node3": "errant"})
    assert reason(sees(node1=silent(), node3=FENCED), state) == "node2 still reaches the primary"
    assert verbs(sees(node1=silent(), node2=DEAF, node3=FENCED), state)[-1] == ("begin", "node1")


def test_semisync_needs_enough_replicas_that_no_acknowledged_transaction_is_only_elsewhere() -> None:
    seen = sees(5, node1=silent(), node2=DEAF, node3=DEAF, node4=DEAF, node5=silent())
    assert verbs(seen)[-1] == ("begin", "node1"), "async takes what there is"
    assert "only 3 answer" in reason(seen, rules=SEMISYNC)
    assert verbs(seen, rules=replace(SEMISYNC, wait_count=2))[-1] == ("begin", "node1")


def test_while_the_primary_may_count_by_an_older_list_of_pods_both_lists_must_agree() -> None:
    seen = sees(4, node1=silent(), node2=DEAF, node3=replica(), node4=DEAF)
    assert verbs(seen)[-1] == ("begin", "node1"), "two of the three replicas"
    assert "still reaches" in reason(seen, remembers(4, before=("node1", "node2", "node3")))


def test_before_the_first_primary_was_ever_open_there_is_no_failover() -> None:
    assert verbs(sees(node1=silent(), node2=DEAF, node3=DEAF), remembers(move=Move(why="boot", step="open"))) == []


def test_the_designated_primary_is_opened_whenever_it_is_found_read_only() -> None:
    assert verbs(sees(node1=FENCED, node2=DEAF)) == [("open", "node1")]
    assert verbs(sees(1, node1=FENCED)) == [("open", "node1")]
    assert verbs(sees(), remembers(move=Move(why="failover", step="open"))) == [("open", "node1")], (
        "promoted, not noted"
    )


def test_whoever_is_not_the_primary_is_made_read_only_and_then_to_follow_it() -> None:
    assert verbs(sees(node2=primary())) == [("fence", "node2")]
    assert verbs(sees(node2=FENCED)) == [("attach", "node2")]
    assert verbs(sees(node3=replica("node2"))) == [("attach", "node3")]
    assert verbs(sees(node3=replica(state="ERROR"))) == [("attach", "node3")], "restarted: its threads do not run"


def test_a_quarantined_pod_is_fenced_but_follows_nobody() -> None:
    state = remembers(quarantined={"node2": "errant"})
    assert verbs(sees(node2=FENCED), state) == []
    assert verbs(sees(node2=primary()), state) == [("fence", "node2")]


def step(name: Any, **changes: Any) -> State:
    return remembers(primary=None, move=Move(why="failover", step=name, old="node1", **changes))


def test_a_failover_goes_on_from_the_step_that_was_noted_whoever_notes_it() -> None:
    seen = sees(node1=silent(), node2=DEAF, node3=DEAF)
    assert verbs(seen, step("fence")) == [("promise", "node1")]
    assert verbs(seen, step("elect", lease_ends_ns=50), now_ns=49) == [], "the old lease has not run out"
    assert verbs(seen, step("elect", lease_ends_ns=50), now_ns=50) == [("elect", "node1")]
    assert verbs(seen, step("drain", candidate="node2")) == [("drain", "node2")]


def test_a_candidate_that_dies_is_replaced_and_without_any_the_failover_waits() -> None:
    assert verbs(sees(node1=silent(), node2=silent(), node3=DEAF), step("drain", candidate="node2")) == [
        ("elect", "node1")
    ]
    assert (
        reason(sees(node1=silent(), node2=silent(), node3=silent()), step("elect"))
        == "no node that could become primary answers"
    )


def test_semisync_may_elect_from_fewer_when_the_old_primary_is_back_with_all_it_acknowledged() -> None:
    assert "only 1 answer" in reason(sees(node1=silent(), node2=silent()), step("elect"), rules=SEMISYNC)
    assert verbs(sees(node1=FENCED, node2=silent()), step("elect"), rules=SEMISYNC) == [("elect", "node1")]


def test_a_switchover_found_half_done_is_undone() -> None:
    move = Move(why="switchover", step="fence", old="node1", candidate="node2")
    assert verbs(sees(node1=FENCED), remembers(primary=None, move=move)) == [("undo", "node1")]


def test_it_never_interferes_with_a_group() -> None:
    for kind in ("group", "group-multi", "single"):
        rules = Rules(kind=kind)
        assert verbs(sees(node1=silent(), node2=DEAF, node3=DEAF), rules=rules) == []


def published(
    seen: Mapping[str, Seen],
    state: State | None = None,
    *,
    rules: Rules = ASYNC,
    before: tuple[list[str], list[str]] = ([], []),
) -> tuple[list[str], list[str]]:
    return pools(seen, state or remembers(len(seen)), rules, before=before)


def test_the_primary_takes_writes_and_its_replicas_reads() -> None:
    assert published(sees()) == (["node1"], ["node2", "node3"])
    assert published(sees(1)) == (["node1"], ["node1"])


def test_who_does_not_answer_stays_as_it_was_published() -> None:
    before = (["node1"], ["node2", "node3"])
    assert published(sees(node1=silent(), node2=silent()), before=before) == before
    assert published(sees(node2=silent())) == (["node1"], ["node3"]), "never seen is never published"
    not_looked_at = {name: pod for name, pod in sees().items() if name != "node3"}
    assert published(not_looked_at, remembers(), before=before) == before


def test_a_primary_that_is_read_only_or_being_replaced_takes_no_writes() -> None:
    assert published(sees(node1=FENCED))[0] == []
    assert published(sees(), remembers(move=Move(why="failover", step="open")))[0] == []
    assert published(sees(), remembers(primary=None))[0] == []


def test_a_second_writable_pod_is_not_published() -> None:
    assert published(sees(node2=primary())) == (["node1"], ["node3"])


def test_reads_go_to_replicas_in_service_that_follow_the_primary_and_are_to_stay() -> None:
    assert published(sees(node2=DEAF, node3=replica("node2")))[1] == []
    assert published(sees(), remembers(quarantined={"node2": "errant"}))[1] == ["node3"]
    assert published(sees(), remembers(draining=("node3",)))[1] == ["node2"]


def member(view: Mapping[str, str], role: str, **changes: Any) -> Seen:
    status = Status(role="replica", state="ONLINE", read_only=True, gtid_executed="", lag_ms=None, kind="group")
    if role == "primary":
        status = replace(status, role="primary", read_only=False)
    return Seen(status=replace(status, view=dict(view), **changes))


VIEW = {"node1": "ONLINE/PRIMARY", "node2": "ONLINE/SECONDARY", "node3": "ONLINE/SECONDARY"}
MOVED_ON = {"node2": "ONLINE/PRIMARY", "node3": "ONLINE/SECONDARY"}
MISSED = {**VIEW, "node3": "UNREACHABLE/SECONDARY"}
LEADERLESS = {**VIEW, "node1": "UNREACHABLE/PRIMARY"}
CUT_OFF = {**VIEW, "node2": "UNREACHABLE/SECONDARY", "node3": "UNREACHABLE/SECONDARY"}


def group(node1: Seen, node2: Seen, node3: Seen) -> dict[str, Seen]:
    return {"node1": node1, "node2": node2, "node3": node3}


@pytest.mark.parametrize(
    ("seen", "leaders"),
    [
        (group(member(VIEW, "primary"), member(VIEW, "replica"), member(VIEW, "replica")), ("node1",)),
        (group(silent(), member(VIEW, "replica"), member(VIEW, "replica")), ("node1",)),
        (group(member(VIEW, "primary"), member(MOVED_ON, "primary"), member(MOVED_ON, "replica")), ("node2",)),
        (group(silent(), member(MOVED_ON, "primary", read_only=True), member(MOVED_ON, "replica")), ()),
        (group(member(VIEW, "primary"), silent(), silent()), None),
        (group(member(CUT_OFF, "primary"), silent(), silent()), None),
        (group(member(MISSED, "primary"), member(VIEW, "replica"), silent()), ("node1",)),
        (group(member(MISSED, "primary"), member(VIEW, "replica"), member({}, "replica", state="OFFLINE")), ("node1",)),
        (group(member(CUT_OFF, "primary"), member(LEADERLESS, "replica"), member(LEADERLESS, "replica")), ()),
        (group(silent(), member(LEADERLESS, "replica"), member(VIEW, "replica")), None),
        (group(member(VIEW, "primary"), member(LEADERLESS, "replica"), member(VIEW, "replica")), ("node1",)),
        (group(silent(), silent(), silent()), None),
    ],
)
def test_a_group_is_led_by_whom_most_of_its_pods_see(seen: dict[str, Seen], leaders: tuple[str, ...] | None) -> None:
    assert elected(seen) == leaders


def test_half_of_a_group_is_not_most_of_it() -> None:
    seen = {"node1": member(VIEW, "primary"), "node2": member(MOVED_ON, "primary")}
    seen |= {"node3": member(MOVED_ON, "replica"), "node4": silent()}
    assert elected(seen) is None


def test_reads_of_a_group_go_to_its_replicas_in_service() -> None:
    seen = group(member(VIEW, "primary"), member(VIEW, "replica"), member(VIEW, "replica", state="RECOVERING"))
    state = replace(remembers(primary=None), leaders=("node1",))
    assert published(seen, state, rules=Rules(kind="group")) == (["node1"], ["node2"])
    assert published(seen, replace(state, leaders=()), rules=Rules(kind="group")) == ([], ["node2"])


def test_a_primary_that_is_to_leave_takes_writes_until_another_leads_where_there_is_one_alone() -> None:
    seen = group(member(VIEW, "primary"), member(VIEW, "replica"), member(VIEW, "replica"))
    state = replace(remembers(primary=None, draining=("node1",)), leaders=("node1",))
    assert published(seen, state, rules=Rules(kind="group"))[0] == ["node1"]
    several = replace(state, leaders=("node1", "node2"))
    assert published(seen, several, rules=Rules(kind="group-multi"))[0] == ["node2"]


def test_every_member_of_a_group_of_primaries_takes_both() -> None:
    view = dict.fromkeys(VIEW, "ONLINE/PRIMARY")
    seen = {name: member(view, "primary") for name in view}
    state = replace(remembers(primary=None), leaders=elected(seen) or ())
    names = list(view)
    assert published(seen, state, rules=Rules(kind="group-multi")) == (names, names)


def test_a_dead_member_of_a_group_of_primaries_takes_none_of_the_others_out_of_service() -> None:
    view = dict.fromkeys(VIEW, "ONLINE/PRIMARY")
    missed = {**view, "node3": "UNREACHABLE/PRIMARY"}
    assert elected(group(member(missed, "primary"), member(view, "primary"), silent())) == ("node1", "node2")


def test_a_member_that_is_not_registered_yet_or_any_more_leads_nobody() -> None:
    view = dict.fromkeys([*VIEW, "node4"], "ONLINE/PRIMARY")
    assert elected({name: member(view, "primary") for name in VIEW}) == ("node1", "node2", "node3")


def test_a_group_without_a_majority_takes_no_writes() -> None:
    seen = group(member(CUT_OFF, "primary"), silent(), silent())
    assert published(seen, replace(remembers(primary=None), leaders=()), rules=Rules(kind="group")) == ([], [])
