"""A locustfile's own verdict fails a run, and a load that was not the one asked for proves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.judge import Judgement, judge
from checks.locustfile import locustfile
from history.history import History
from tests.checks.conftest import Run

ASKED: dict[str, Any] = {
    "exit_code": None,
    "exit_said": "",
    "lasted_s": 25.0,
    "asked_s": 25.0,
    "ended_by": "",
    "users": {"started": 8, "ended": 0, "broke": 0, "why": "", "last_s": None},
    "listener_errors": 0,
    "listener_error": "",
    "refused_requests": {},
    "renamed_requests": 0,
    "shape": None,
}


def told(run: Run, **changes: Any) -> History:
    """A quiet run of a locustfile of 100 requests."""
    run.traffic(0, 2000)
    load = changes.pop("load", {})
    account = ASKED | changes
    manifest = {"scenario": {"workload": {"name": "theirs.py"}}, "load": {"locustfile": account} | load}
    return replace(run.history(), manifest=manifest)


def voids(run: Run, **changes: Any) -> list[str]:
    judgement = judge(told(run, **changes))
    assert judgement.verdict == ("void" if judgement.void_reasons else "pass")
    return judgement.void_reasons


def found(judgement: Judgement) -> dict[str, str]:
    return {check.name: check.verdict for check in judgement.checks}


def test_a_file_that_says_nothing_is_judged_by_the_other_checks(run: Run) -> None:
    judgement = judge(told(run))
    assert (judgement.verdict, judgement.void_reasons) == ("pass", [])
    assert "locustfile" not in found(judgement)


@pytest.mark.parametrize(("code", "verdict"), [(0, "pass"), (1, "fail"), (77, "fail"), (-1, "fail")])
def test_the_exit_code_of_a_file_is_its_verdict(run: Run, code: int, verdict: str) -> None:
    how = f"environment.process_exit_code = {code}"
    judgement = judge(told(run, exit_code=code, exit_said=how))
    assert judgement.verdict == found(judgement)["locustfile"] == verdict
    if code:
        (witness,) = next(one for one in judgement.checks if one.name == "locustfile").witness
        assert witness == {"what": how}


def test_a_run_without_a_locustfile_has_no_verdict_of_one(run: Run) -> None:
    run.traffic(0, 2000)
    assert locustfile(run.history()).verdict == "unknown"
    assert "locustfile" not in found(judge(run.history()))


def test_a_load_that_was_over_early_is_void_with_who_ended_it(run: Run) -> None:
    why = "its load shape StepLoad ended it (tick returned None)"
    assert voids(run, lasted_s=6.04, ended_by=why) == [f"the load lasted 6.0 of 25 s: {why}"]


def test_users_that_all_stopped_are_void_and_some_are_not(run: Run) -> None:
    users = {"started": 8, "ended": 8, "broke": 0, "why": "StopUser", "last_s": 3.2}
    assert voids(run, users=users) == ["all 8 users of the locustfile had stopped 3.2 s into the load: StopUser"]


@pytest.mark.parametrize("users", [{"ended": 7, "last_s": 3.2}, {"ended": 8, "last_s": 24.5}])
def test_users_that_stop_with_the_load_or_leave_others_are_no_reason(run: Run, users: dict[str, Any]) -> None:
    assert voids(run, users=ASKED["users"] | {"why": "StopUser"} | users) == []


def test_a_user_that_breaks_off_is_void(run: Run) -> None:
    users = {"started": 8, "ended": 1, "broke": 1, "why": "KeyError: 'token' (theirs.py:9, in on_start)", "last_s": 0.1}
    (reason,) = voids(run, users=users)
    assert reason.startswith("1 of 8 users of the locustfile failed and made no more requests: KeyError: 'token'")


def test_a_listener_that_breaks_is_void(run: Run) -> None:
    (reason,) = voids(run, listener_errors=2, listener_error="KeyError: 'x' (theirs.py:9, in prepare)")
    assert reason == "listeners of the locustfile failed (2 times), first with KeyError: 'x' (theirs.py:9, in prepare)"


@pytest.mark.parametrize(("number", "is_void"), [(1, False), (2, True), (100, True)])
def test_requests_that_are_not_on_record_are_void_from_one_in_a_hundred(run: Run, number: int, is_void: bool) -> None:
    reasons = voids(run, refused_requests={"with response_time nan": number})
    assert bool(reasons) == is_void
    if is_void:
        assert f"{number} with response_time nan" in reasons[0]


def test_a_file_that_made_no_request_is_told_by_what_its_tasks_raised(run: Run) -> None:
    history = told(run, load={"task_errors": 30, "task_error": "KeyError: 'x' (theirs.py:9, in buy)"})
    judgement = judge(replace(history, ops=history.ops[:0]))
    assert judgement.verdict == "void"
    assert any("its tasks raised 30 exceptions, first KeyError: 'x'" in one for one in judgement.void_reasons)


def test_money_that_was_lost_is_told_whatever_the_file_did(run: Run) -> None:
    history = told(run, lasted_s=6.0, ended_by="its load shape ended it")
    lost = {
        name: frame[frame["node"] != "node2"] if name == "accounts" else frame for name, frame in history.final.items()
    }
    lost["transfers"] = history.final["transfers"][history.final["transfers"]["id"] != "k0"]
    assert judge(replace(history, final=lost)).verdict == "fail"


def test_a_pod_that_ended_before_its_time_is_told_with_its_exit_code(run: Run) -> None:
    reasons = voids(run, load={"complete": False, "dead": ["load1"], "exit_codes": {"load1": 3}})
    assert reasons == ["load pod load1 (exit code 3) exited early, so its record is incomplete"]
