"""A run of which any phase breaks: before the load's end it is one line and keeps its logs, after it the run is judged.

The cluster, the load and what they leave are fakes; the runner, the judgement and the folder are real.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest

from cluster.errors import (
    ConfigurationError,
    EngineRefusedError,
    EngineSilentError,
    HarnessError,
    NotThereError,
)
from cluster.platform.fake import FakePlatform
from history.history import load_history
from reports.seal import alterations
from scenarios.run.run import Run
from scenarios.schema.read import read_scenario
from tests.scenarios.run.world import READY, TEXT, World, a_run, broken

pytestmark = pytest.mark.usefixtures("no_figures")

#: What may come out of any phase, and a word of it that must be told.
ERRORS: dict[str, tuple[Callable[[], Exception], str]] = {
    "the harness": (lambda: HarnessError("waited 60 s until node1 leads"), "until node1 leads"),
    "MySQL": (lambda: pymysql.OperationalError(3092, "The server is not configured properly"), "3092"),
    "a session that was closed": (lambda: pymysql.InterfaceError(0, ""), "the session was closed"),
    "the engine": (lambda: EngineRefusedError("500 Server Error: driver failed"), "driver failed"),
    "a container that is gone": (lambda: NotThereError("404: No such container: node1"), "No such container"),
    "an engine that is slow": (lambda: EngineSilentError("Read timed out."), "Read timed out"),
    "the disk": (lambda: OSError(28, "No space left on device"), "No space left"),
    "a defect": (lambda: KeyError("bug"), "KeyError: 'bug'"),
}
BEFORE = ("boot", "options", "set_up", "agree", "observe", "start_load", "load", "strike")
EVIDENCE = {
    "heal": "a fault's story",
    "converge": "whether all pods agree",
    "operations": "the operations of load1",
    "rows": "the number of operations",
    "observations": "what the observer saw",
    "end_state": "the end state of the pods",
    "decisions": "the decisions of the control plane",
    "noise": "the noise of this machine",
}


def test_a_run_of_which_nothing_breaks_passes(world: World, tmp_path: Path) -> None:
    run = a_run(tmp_path)
    summary = run.execute(lambda _: None)
    assert (summary["verdict"], summary["notes"]) == ("pass", []), summary["why"]
    assert len(world.removed) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        *((phase, kind) for phase in EVIDENCE for kind in ("the engine", "a defect")),
        *(("heal", kind) for kind in ERRORS),
    ],
)
def test_whatever_breaks_after_the_load_the_run_is_judged_and_says_what_is_missing(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, phase: str, kind: str
) -> None:
    error, word = ERRORS[kind]
    broken(world, monkeypatch, phase, error())
    run = a_run(tmp_path)
    summary = run.execute(lambda _: None)
    assert summary["verdict"] == "void"
    told = [
        reason for reason in summary["void_reasons"] if reason.startswith(f"{EVIDENCE[phase]} could not be recorded")
    ]
    assert len(told) == 1
    assert word in told[0]
    assert alterations(run.folder) == []
    load_history(run.folder)  # anybody can judge it again
    assert len(world.removed) == 1
    assert (run.folder / "logs" / "meshbench.log").exists() == (kind == "a defect")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["MySQL", "the disk", "a defect"])
@pytest.mark.parametrize("phase", ["series", "logs", "remove"])
def test_what_is_no_evidence_leaves_a_note(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, phase: str, kind: str
) -> None:
    error, word = ERRORS[kind]
    broken(world, monkeypatch, phase, error())
    summary = a_run(tmp_path).execute(lambda _: None)
    assert summary["verdict"] == "pass"
    assert len(summary["notes"]) == 1
    assert word in summary["notes"][0]


@pytest.mark.slow
def test_without_a_single_operation_on_record_the_folder_is_judged_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for left in (50, 0):
        world.history = replace(world.history, ops=world.history.ops[:left])
        broken(world, monkeypatch, "operations", HarnessError("/data/ops.jsonl is not there"))
        summary = a_run(tmp_path).execute(lambda _: None)
        assert summary["verdict"] == "void", "what is there without its operation was written by somebody"
        assert not any("before its time" in reason for reason in summary["void_reasons"])
    assert "the operations of load1 could not be recorded: /data/ops.jsonl is not there" in summary["void_reasons"]


def test_money_that_is_lost_is_lost_although_something_else_could_not_be_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    transfers = world.history.final["transfers"]
    world.history.final["transfers"] = transfers[transfers["id"] != "k0"]  # type: ignore[index]
    broken(world, monkeypatch, "observations", HarnessError("the observer is gone"))
    summary = a_run(tmp_path).execute(lambda _: None)
    assert summary["verdict"] == "fail"
    assert "durability" in summary["failed"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("phase", BEFORE)
def test_whatever_breaks_before_the_load_has_ended_is_told_and_every_log_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, phase: str, kind: str
) -> None:
    error, word = ERRORS[kind]
    broken(world, monkeypatch, phase, error())
    run = a_run(tmp_path)
    with pytest.raises((ConfigurationError, HarnessError, OSError, KeyError)) as ended:
        run.execute(lambda _: None)
    if kind not in ("the disk", "a defect"):
        assert isinstance(ended.value, ConfigurationError | HarnessError)
    assert word.removeprefix("KeyError: ") in str(ended.value)
    logs = run.folder / "logs"
    assert (logs / "node1-mysqld.log").read_bytes() == READY
    assert (logs / "meshbench.log").exists() == (kind == "a defect")
    assert len(world.removed) == 1
    assert not (run.folder.parents[1] / "latest").exists()


def test_pods_that_cannot_be_removed_hide_no_error(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken(world, monkeypatch, "boot", HarnessError("waited 120 s until node1 leads"))
    broken(world, monkeypatch, "remove", EngineRefusedError("500 Server Error"))
    with pytest.raises(HarnessError, match="until node1 leads"):
        a_run(tmp_path).execute(lambda _: None)


def test_something_in_the_way_of_runs_latest_costs_no_finished_run(world: World, tmp_path: Path) -> None:
    run = a_run(tmp_path)
    (tmp_path / "runs" / "latest").mkdir()
    assert run.execute(lambda _: None)["verdict"] == "pass"


@pytest.mark.parametrize("phase", [*BEFORE, *EVIDENCE])
def test_ctrl_c_keeps_the_logs_and_removes_everything(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, phase: str
) -> None:
    broken(world, monkeypatch, phase, KeyboardInterrupt())
    run = a_run(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run.execute(lambda _: None)
    assert (run.folder / "logs" / "node1-mysqld.log").exists()
    assert not (run.folder / "logs" / "meshbench.log").exists()
    assert len(world.removed) == 1


def test_a_log_that_cannot_be_read_says_so_and_costs_no_other(world: World, tmp_path: Path) -> None:
    world.node2_log = EngineRefusedError("configured logging driver does not support reading")
    run = a_run(tmp_path)
    assert run.execute(lambda _: None)["verdict"] == "pass"
    assert "does not support reading" in (run.folder / "logs" / "node2-mysqld.log").read_text()
    assert (run.folder / "logs" / "node3-mysqld.log").read_bytes() == READY


def test_a_wall_clock_that_is_set_in_mid_run_is_a_note_and_no_end(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = a_run(tmp_path)
    monkeypatch.setattr(
        "scenarios.run.same_clock.wall_at_zero_ns", lambda: run._manifest["monotonic_zero_unix_ns"] + 3 * 10**9
    )
    summary = run.execute(lambda _: None)
    assert summary["verdict"] == "pass"
    assert "was set by +3.000 s during the run" in summary["notes"][0]
    manifest = json.loads((run.folder / "manifest.json").read_text())
    assert manifest["notes"] == summary["notes"]


def test_what_mysql_refuses_before_the_load_is_the_doing_of_the_user_s_options(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken(world, monkeypatch, "options", pymysql.OperationalError(1040, "Too many connections"))
    file = tmp_path / "tiny.yaml"
    file.write_text(f"{TEXT}mysql: {{config: {{max_connections: 1}}}}\n")
    run = Run(
        read_scenario(str(file)), platform=FakePlatform(), runs=tmp_path / "runs", command=["meshbench", "run", "tiny"]
    )
    with pytest.raises(ConfigurationError, match=r"1040.*Too many connections.*see mysql\.config of the scenario"):
        run.execute(lambda _: None)


def test_a_step_that_could_not_be_taken_ends_the_run_while_the_load_would_go_on(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken(world, monkeypatch, "strike", HarnessError("node1 has no agent"))
    broken(world, monkeypatch, "load_goes_on", AssertionError("the load went on"))
    with pytest.raises(HarnessError, match="node1 has no agent"):
        a_run(tmp_path).execute(lambda _: None)
    assert len(world.removed) == 1
