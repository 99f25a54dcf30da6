"""The capacity verb without an engine: what it finds on a fake server, what it survives, and how it ends."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError, HarnessError
from scenarios.capacity.capacity import closed_loops
from tests.scenarios.capacity.fake_server import FakeServer
from tests.scenarios.capacity.fake_system import SLO, FakeSystem, FakeTrials, content, ended

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.mark.slow
@pytest.mark.usefixtures("system")
def test_what_it_finds_is_verified_on_both_sides_and_printed(tmp_path: Path, capsys: Any) -> None:
    assert ended(tmp_path) == 0
    found = content(tmp_path)
    assert found["verdict"] == "pass"
    assert found["max_tps"] == pytest.approx(1000, rel=0.1)
    assert found["bracket"]["width"] <= 0.05
    assert found["verify"]["below"]["holds"] is True
    assert found["verify"]["above"]["holds"] is False
    said = capsys.readouterr()
    assert "[step 1] 1 client in a closed loop: 200/s, p99" in said.err
    assert re.search(r"\[step 8\] 44\d/s: holds, p99 \d+ ms, primary's mysqld 0.0 cores", said.err)
    assert f"{SLO} held up to {found['max_tps']:,.0f}/s" in said.out
    assert (tmp_path / "capacity" / "latest" / "report.html").exists()
    assert (tmp_path / "capacity" / "latest" / "SHA256SUMS").exists()


@pytest.mark.slow
def test_an_interruption_removes_the_system_and_keeps_what_was_measured(
    tmp_path: Path, system: type[FakeSystem]
) -> None:
    def interrupt(step: int) -> None:
        if step == 10:
            raise KeyboardInterrupt

    system.before = staticmethod(interrupt)
    assert ended(tmp_path) == 130
    found = content(tmp_path)
    assert found["interrupted"] is True
    assert [step["purpose"] for step in found["steps"]] == ["closed"] * 7 + ["ramp"] * 2
    assert found["max_tps"] is None
    assert system.ended == 1


@pytest.mark.slow
def test_a_generator_that_is_the_limit_ends_with_3_and_says_what_to_raise(
    tmp_path: Path, system: type[FakeSystem], capsys: Any
) -> None:
    system.server = FakeServer(capacity_tps=1000, slots=4, generator_tps=700)
    assert ended(tmp_path) == 3
    assert content(tmp_path)["verdict"] == "void"
    assert "Raise load.workers" in capsys.readouterr().out


@pytest.mark.slow
def test_an_objective_that_no_rate_holds_has_a_page_that_says_so(
    tmp_path: Path, system: type[FakeSystem], capsys: Any
) -> None:
    system.server = FakeServer(capacity_tps=1000, slots=4, drops=0.2)
    assert ended(tmp_path) == 1
    assert content(tmp_path)["verdict"] == "fail"
    assert "no rate holds the objectives" in capsys.readouterr().out


def test_what_breaks_in_the_middle_keeps_what_was_measured(tmp_path: Path, system: type[FakeSystem]) -> None:
    def break_down(step: int) -> None:
        if step == 5:
            raise HarnessError("step 5: a load pod ended early")

    system.before = staticmethod(break_down)
    assert ended(tmp_path) == 4
    found = content(tmp_path)
    assert "a load pod ended early" in found["why"]
    assert len(found["steps"]) == 4
    assert system.ended == 1


def test_what_the_user_can_mend_leaves_no_folder(tmp_path: Path, system: type[FakeSystem]) -> None:
    def refuse(_: int) -> None:
        raise ConfigurationError("the server refused more connections; lower load.connections")

    system.before = staticmethod(refuse)
    assert ended(tmp_path) == 2
    assert not list(tmp_path.glob("capacity/2*"))


def test_a_machine_that_others_use_is_void_and_one_noisy_step_is_taken_again(
    tmp_path: Path, system: type[FakeSystem]
) -> None:
    system.taken = 40.0
    assert ended(tmp_path) == 3
    assert "40 % of this machine's CPU" in content(tmp_path)["why"]


@pytest.mark.slow
def test_a_step_that_was_disturbed_once_is_measured_again(
    tmp_path: Path, system: type[FakeSystem], capsys: Any
) -> None:
    def disturb(step: int) -> None:
        system.taken = 40.0 if step == 3 else 0.0

    system.before = staticmethod(disturb)
    assert ended(tmp_path) == 0
    assert capsys.readouterr().err.count("measured again") == 1


@pytest.mark.slow
@pytest.mark.usefixtures("system")
def test_the_law_is_fitted_to_closed_loops_from_one_client_to_all(tmp_path: Path) -> None:
    assert ended(tmp_path) == 0
    law = content(tmp_path)["usl"]
    assert law["concurrency"] == [1, 2, 3, 6, 10, 18, 32]
    assert law["fit"] == "ok"
    assert law["sigma"] == pytest.approx(1 / 5, rel=0.01)  # of N / (N + 4)


@pytest.mark.parametrize("connections", [1, 2, 5, 500])
def test_closed_loops_reach_from_one_client_to_as_many_as_there_are_connections(connections: int) -> None:
    loops = closed_loops(connections)
    assert (loops[0], loops[-1]) == (1, connections)
    assert loops == sorted(set(loops))


@pytest.mark.slow
@pytest.mark.usefixtures("system")
def test_with_a_node_lost_the_safe_load_is_one_that_a_run_has_shown(tmp_path: Path, trials: type[FakeTrials]) -> None:
    assert ended(tmp_path, "--lose", "1", subject="group") == 0
    found = content(tmp_path)
    lost = found["n_minus_1"]
    assert lost["max_tps"] == pytest.approx(800, rel=0.1)
    assert lost["ratio"] == pytest.approx(lost["max_tps"] / found["max_tps"])
    assert lost["rejoining"]["max_tps"] <= lost["max_tps"]
    assert lost["reads"]["max_tps"] is None
    assert "the workload transfer reads where it writes" in lost["reads"]["words"]
    assert "--workload mixed-read" in lost["reads"]["words"]
    assert lost["safe_verified"]["holds"] is True
    assert lost["safe_tps"] == lost["safe_verified"]["offered_tps"] <= trials.holds_up_to
    assert trials.holds_up_to < lost["safe_broke_tps"] <= 1.25 * lost["safe_tps"]
    assert f"Safe load: {lost['safe_tps']:,.0f}/s; {lost['safe_broke_tps']:,.0f}/s was not" in " ".join(
        found["headline"]
    )
    assert lost["headroom"] == pytest.approx(1 - lost["safe_tps"] / found["max_tps"])
    assert lost["at_90_percent"]["offered_tps"] == pytest.approx(0.9 * found["max_tps"])
    assert lost["at_90_percent"]["holds"] is False
    assert {step["setting"] for step in found["steps"]} == {"n", "n_minus_1", "rejoining"}


@pytest.mark.slow
def test_a_search_that_ends_without_a_maximum_keeps_nobody_from_the_safe_load(
    tmp_path: Path, system: type[FakeSystem], trials: type[FakeTrials]
) -> None:
    system.one_less = FakeServer(capacity_tps=9000, slots=4, generator_tps=1500)
    assert ended(tmp_path, "--lose", "1", subject="group") == 0
    lost = content(tmp_path)["n_minus_1"]
    assert (lost["max_tps"], lost["ratio"]) == (None, None)
    assert "the load generator was the limit" in lost["words"]
    assert lost["rejoining"]["max_tps"] is not None
    assert lost["safe_tps"] == lost["safe_verified"]["offered_tps"] <= trials.holds_up_to


@pytest.mark.slow
@pytest.mark.usefixtures("system")
def test_where_the_rule_of_thumb_holds_it_is_the_safe_load(tmp_path: Path, trials: type[FakeTrials]) -> None:
    trials.holds_up_to = 2000.0
    assert ended(tmp_path, "--lose", "1", subject="group") == 0
    lost = content(tmp_path)["n_minus_1"]
    assert lost["safe_verified"] == lost["at_90_percent"]
    assert lost["safe_tps"] == lost["at_90_percent"]["offered_tps"]
    assert lost["safe_broke_tps"] is None
    assert len(trials.asked) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("system")
def test_a_load_that_nobody_can_tell_of_is_not_called_unsafe(
    tmp_path: Path, trials: type[FakeTrials], capsys: Any
) -> None:
    trials.unclear_from = 650.0
    assert ended(tmp_path, "--lose", "1", subject="group") == 0
    lost = content(tmp_path)["n_minus_1"]
    assert lost["at_90_percent"]["holds"] is None
    assert lost["safe_tps"] == lost["safe_verified"]["offered_tps"] <= trials.holds_up_to
    assert lost["safe_broke_tps"] is None
    assert "could not tell whether it held outside of the outage" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("system")
def test_a_load_at_which_money_is_lost_is_not_safe_whatever_the_objectives_say(
    tmp_path: Path, trials: type[FakeTrials]
) -> None:
    trials.lost = 37
    assert ended(tmp_path, "--lose", "1", subject="async") == 0
    lost = content(tmp_path)["n_minus_1"]
    assert lost["safe_tps"] is None
    assert "37 acknowledged writes were lost" in lost["safe_verified"]["words"]


@pytest.mark.slow
@pytest.mark.usefixtures("system")
def test_without_a_run_that_holds_no_load_is_called_safe(tmp_path: Path, trials: type[FakeTrials]) -> None:
    trials.holds_up_to = 0.0
    assert ended(tmp_path, "--lose", "1", subject="group") == 0
    lost = content(tmp_path)["n_minus_1"]
    assert lost["safe_tps"] is None
    assert lost["safe_verified"]["holds"] is False
