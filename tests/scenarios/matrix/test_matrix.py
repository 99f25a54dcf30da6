"""The matrix command without an engine: its plan, its order, what it survives, and how it ends."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pymysql import OperationalError

import reports.matrix.write
import scenarios.matrix.matrix
import scenarios.signals
import scenarios.trials.loop
from cluster.errors import ConfigurationError, EngineRefusedError, HarnessError
from cluster.platform import ownership
from history.json_files import HistoryError
from history.load_events import Second
from history.manifest import PartOf
from reports.charts.charts import Picture
from scenarios.cli.cli import main
from scenarios.matrix.matrix import Matrix
from scenarios.matrix.plan import plan
from scenarios.run.run_folder import fresh
from scenarios.schema.mesh import mesh_words
from scenarios.schema.scenario import Scenario

COMMAND = ["matrix", "primary-kill", "--topology", "group,single", "--mesh", "direct,envoy"]
LATENCY = {"p50": 4.0, "p90": 6.0, "p99": 9.0, "p999": 12.0, "max": 20.0}
PHASE = {"response_ms": LATENCY, "service_ms": LATENCY, "achieved_tps": 200.0}

Outcome = Callable[[Scenario], dict[str, Any]]


def summary(verdict: str = "pass") -> dict[str, Any]:
    """As much of a run's summary as a matrix reads."""
    rpo = {"acked": 100, "lost": 0, "lost_amount": 0, "duplicated": 0, "torn": 0}
    load = {"offered_tps": 200.0, "achieved_tps": 190.0, "client_cpu_us_per_txn": 500.0}
    return {
        "verdict": verdict,
        "why": f"it is a {verdict}",
        "void_reasons": ["noise"] if verdict == "void" else [],
        "write_outage_ms": 2000.0,
        "rpo": rpo,
        "load": load,
        "phases": {"before": PHASE, "during": PHASE, "after": PHASE},
        "boot_s": 5.0,
        "faults": [],
        "decisions": [],
        "mesh": {},
        "topology": {},
        "promise": None,
    }


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Outcome], None]:
    """Lets every run end as a function of its scenario says, in a folder of its own; nothing is started."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scenarios.matrix.matrix, "require_images", lambda *_: None)
    monkeypatch.setattr(ownership, "reap", list)
    monkeypatch.setattr(reports.matrix.write, "picture", lambda _: Picture(wide=b"", narrow=b""))
    monkeypatch.setattr(scenarios.signals, "interruptible", nullcontext)

    def ends(as_said: Outcome) -> None:
        class FakeRun:
            live = None  # nobody looks on

            def __init__(
                self, scenario: Scenario, *, platform: object, runs: Path, command: list[str], part_of: PartOf
            ) -> None:
                self._scenario = scenario
                self.folder = fresh(runs / scenario.name, f"run-{scenario.seed}")
                (self.folder / "command").write_text(json.dumps(command))
                leave(self.folder, scenario)
                (self.folder / "part_of").write_text(json.dumps(asdict(part_of)))

            def execute(self, on_second: Callable[[Second], None]) -> dict[str, Any]:
                return as_said(self._scenario)

        monkeypatch.setattr(scenarios.trials.loop, "Run", FakeRun)

    return ends


def leave(folder: Path, scenario: Scenario) -> None:
    """As much of a run's record as is read back: every pod says what was asked."""
    variables = {name: str(value) for name, value in scenario.mysql.config.items()}
    manifest = {"scenario": scenario.model_dump(mode="json"), "variables": dict.fromkeys(("node1", "node2"), variables)}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    lines = [{"id": n, "step": "planned", **vars(step.asked())} for n, step in enumerate(scenario.timeline())]
    (folder / "faults.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def left() -> dict[str, Any]:
    """The matrix.json of the newest matrix."""
    content: dict[str, Any] = json.loads(Path("runs/matrix/latest/matrix.json").read_text())
    return content


def test_a_cell_is_the_scenario_with_topology_and_mesh_replaced() -> None:
    planned = plan(
        "primary-kill",
        topologies=["group", "single"],
        meshes=["direct", "envoy"],
        settings=["topology.pods=5", "load.rate=50", "mesh.fall=4"],
        seed=9,
    )
    found = {(cell.topology, cell.mesh): one.scenario for cell, one in planned.runnable.items()}
    assert {key: one.topology.pods for key, one in found.items()} == {
        ("group", "direct"): 5,
        ("group", "envoy"): 5,
        ("single", "direct"): 1,
        ("single", "envoy"): 1,
    }
    assert [one.mesh.mode for one in found.values()] == ["direct", "gateway", "direct", "gateway"]
    assert found["group", "envoy"].mesh.settings["fall"] == 4, (
        "what is set about the mesh holds in every cell that has one"
    )
    assert {(one.load.rate, one.seed, one.steps[0].fault) for one in found.values()} == {(50, 9, "kill")}


def test_what_is_set_about_the_control_plane_holds_where_it_fails_over() -> None:
    planned = plan(
        "steady", topologies=["group", "async"], meshes=["direct"], settings=["control.down_after=3s", "load.rate=9"]
    )
    assert [one.scenario.control.down_after for one in planned.runnable.values()] == [None, 3]
    with pytest.raises(ConfigurationError, match="down_after: does not apply to topology group"):
        plan("steady", topologies=["group"], meshes=["direct"], settings=["control.down_after=3s"])


def test_what_is_set_about_the_mesh_and_holds_behind_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^--mesh direct: mesh: fall does not apply to mode direct"):
        plan("primary-kill", topologies=None, meshes=["direct"], settings=["mesh.fall=4"])


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("topology=async", "--set topology=async: --topology group says otherwise; keep one of them"),
        ("topology.kind=group", "--set topology.kind=group: --topology semisync says otherwise"),
        ("topology={kind: single, pods: 1}", "--set topology={kind: single, pods: 1}: --topology group says otherwise"),
        ("mesh=direct", "--set mesh=direct: --mesh envoy says otherwise"),
        ("mesh.mode=direct", "--set mesh.mode=direct: --mesh envoy says otherwise"),
        ("mesh.proxy=haproxy", "--set mesh.proxy=haproxy: --mesh envoy says otherwise"),
    ],
)
def test_a_set_that_contradicts_an_option_is_refused(setting: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        plan("primary-kill", topologies=["group", "semisync"], meshes=["envoy"], settings=[setting])
    assert str(refused.value).startswith(says)


def test_a_set_that_says_what_an_option_says_is_fine() -> None:
    settings = ["topology={kind: group, pods: 5}", "mesh={mode: gateway, proxy: envoy, fall: 4}"]
    (one,) = plan("primary-kill", topologies=["group"], meshes=["envoy"], settings=settings).runnable.values()
    assert (one.scenario.topology.kind, one.scenario.topology.pods, one.scenario.mesh.word) == ("group", 5, "envoy")
    assert one.scenario.mesh.settings["fall"] == 4
    two = plan("primary-kill", topologies=None, meshes=["envoy", "haproxy"], settings=["mesh.mode=gateway"])
    assert len(two.runnable) == 2


def test_trials_are_interleaved_and_every_round_has_an_order_of_its_own() -> None:
    def order(seed: int) -> list[tuple[int, tuple[str, str]]]:
        planned = plan("primary-kill", topologies=["group", "single"], meshes=["direct", "envoy"], trials=6, seed=seed)
        return [(number, (cell.topology, cell.mesh)) for number, cell in planned.order()]

    found = order(7)
    assert [number for number, _ in found] == [number for number in range(1, 7) for _ in range(4)]
    rounds = [tuple(cell for number, cell in found if number == one) for one in range(1, 7)]
    assert all(len(set(one)) == 4 for one in rounds)
    assert len(set(rounds)) > 1
    assert len({one[0] for one in rounds}) > 1, "none is always first"
    assert order(7) == found
    assert order(8) != found


def test_what_a_scenario_refuses_is_not_applicable_and_says_why() -> None:
    planned = plan("replica-kill", topologies=["group", "single"], meshes=["direct"])
    assert [cell.topology for cell in planned.runnable] == ["group"]
    assert "one_replica needs at least 2 pods" in (planned.cells[1].not_applicable or "")
    with pytest.raises(ConfigurationError, match=r"none of the 1 combinations can be run: .*needs at least 2 pods"):
        plan("replica-kill", topologies=["single"], meshes=["direct"])


def test_the_words_of_a_mesh_are_those_that_a_scenario_takes() -> None:
    assert {"direct", "envoy"} <= set(mesh_words())
    assert "gateway" not in mesh_words()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--topology", "group,ring", "--mesh", "direct"], "--topology: unknown word 'ring'; allowed: single, "),
        (["--topology", "group", "--mesh", "direct,nginx"], "--mesh: unknown word 'nginx'; allowed: direct, "),
        (["--topology", "group,", "--mesh", "direct"], "--topology: unknown word ''"),
        (["--topology", "group,group", "--mesh", "direct"], "--topology: group is there twice"),
        (["--topology", "group", "--mesh", "direct", "--trials", "0"], "--trials 0: expected 1 to 10000"),
        (["--topology", "group", "--mesh", "direct", "--set", "load.rate=-1"], "--set load.rate=-1"),
    ],
)
def test_a_mistake_ends_with_2_and_one_line_and_starts_nothing(
    outcome: Callable[[Outcome], None], words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(lambda _: pytest.fail("started"))
    assert main(["matrix", "primary-kill", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"meshbench: {says}")
    assert said.count("\n") == 1
    assert not Path("runs").exists()


def test_all_passed_ends_with_0_and_leaves_page_twin_table_and_plots(
    outcome: Callable[[Outcome], None], capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(lambda _: summary())
    assert main([*COMMAND, "--trials", "2", "--seed", "11"]) == 0
    folder = Path("runs/matrix/latest")
    assert {one.name for one in folder.iterdir()} == {
        *("report.html", "matrix.json", "matrix.csv", "cells.csv", "recovery.png", "tradeoff.png")
    }
    trials = [trial for cell in left()["cells"] for trial in cell["trials"]]
    assert sorted((trial["number"], trial["seed"]) for trial in trials) == [(1, 11)] * 4 + [(2, 12)] * 4
    assert all((folder / trial["folder"]).is_dir() for trial in trials), "links lead from the page to the run folders"
    assert len({trial["folder"] for trial in trials}) == 8
    rows = csv.DictReader(io.StringIO((folder / "matrix.csv").read_text()))
    assert [int(row["order"]) for row in rows] == list(range(1, 9))
    said = capsys.readouterr()
    assert said.err.count("PASS") == 8
    assert "[8 of 8] PASS" in said.err
    assert "left" in said.err.splitlines()[1]
    assert "page: runs/matrix/" in said.out


def test_a_run_says_how_to_repeat_it_alone(outcome: Callable[[Outcome], None]) -> None:
    outcome(lambda _: summary())
    main(["matrix", "primary-kill", "--topology", "single", "--mesh", "direct", "--set", "load.rate=9"])
    command = json.loads(next(Path("runs/primary-kill").glob("*/command")).read_text())
    assert command == [
        *("meshbench", "run", "primary-kill", "--set", "load.rate=9", "--set", "topology=single"),
        *("--set", "mesh=direct", "--seed", "7"),
    ]


def test_a_run_says_that_it_is_part_of_the_matrix(outcome: Callable[[Outcome], None]) -> None:
    outcome(lambda _: summary())
    main(["matrix", "primary-kill", "--topology", "single", "--mesh", "direct", "--trials", "2"])
    parts = [json.loads(file.read_text()) for file in Path("runs/primary-kill").glob("*/part_of")]
    assert {(one["kind"], one["name"], one["cell"]) for one in parts} == {("matrix", "primary-kill", "single / direct")}
    assert {one["id"] for one in parts} == {Path("runs/matrix/latest").resolve().name}
    assert sorted((one["trial"], one["attempt"]) for one in parts) == [(1, 1), (2, 1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "why"),
    [
        (HarnessError("the disk\nis full"), "the disk | is full"),
        (OSError("no route"), "OSError: no route"),
        (EngineRefusedError("no space left"), "the Docker Engine refused: no space left"),
        (OperationalError(2013, "Lost connection"), "MySQL refused, or did not answer: (2013, 'Lost connection')"),
        (HistoryError("ops/load1.parquet: row 3"), "ops/load1.parquet: row 3"),
        (KeyError("bug"), "internal error: KeyError('bug')"),
    ],
)
def test_a_trial_that_breaks_is_shown_and_the_rest_goes_on(
    outcome: Callable[[Outcome], None], error: Exception, why: str
) -> None:
    def ends(scenario: Scenario) -> dict[str, Any]:
        if scenario.mesh.mode == "direct":
            raise error
        return summary()

    outcome(ends)
    assert main(COMMAND) == 4
    cells = {(cell["topology"], cell["mesh"]): cell for cell in left()["cells"]}
    assert [cells[topology, "envoy"]["verdict"] for topology in ("group", "single")] == ["pass", "pass"]
    assert (cells["group", "direct"]["verdict"], cells["group", "direct"]["why"]) == ("broken", why)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ({"group": "pass", "single": "fail"}, 1),
        ({"group": "void", "single": "pass"}, 3),
        ({"group": "void", "single": "fail"}, 1),
    ],
)
def test_the_worst_cell_decides_the_exit_code(
    outcome: Callable[[Outcome], None], verdicts: dict[str, str], code: int
) -> None:
    outcome(lambda scenario: summary(verdicts[scenario.topology.kind]))
    assert main(COMMAND) == code
    assert left()["interrupted"] is False


def test_ctrl_c_ends_with_130_and_the_page_shows_what_there_is(outcome: Callable[[Outcome], None]) -> None:
    ran: list[str] = []

    def ends(scenario: Scenario) -> dict[str, Any]:
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(scenario.topology.kind)
        return summary()

    outcome(ends)
    assert main(COMMAND) == 130
    matrix = left()
    assert matrix["interrupted"] is True
    verdicts = sorted(trial["verdict"] for cell in matrix["cells"] for trial in cell["trials"])
    assert verdicts == ["not run", "not run", "pass", "pass"]
    assert "interrupted" in Path("runs/matrix/latest/report.html").read_text()


def test_decisions_of_the_control_plane_come_from_the_summary_of_the_run(outcome: Callable[[Outcome], None]) -> None:
    line = {"at_ns": 5, "event": "promoted", "epoch": 2, "pod": "node2", "detail": {"gtid": "a:1-5"}}
    outcome(lambda _: summary() | {"decisions": [line]})
    planned = plan("primary-kill", topologies=["single"], meshes=["direct"])
    matrix = Matrix(planned, name="primary-kill", runs=Path("runs"), command=[])
    (shown,) = matrix.execute()["cells"][0]["trials"][0]["decisions"]
    assert (shown["event"], shown["pod"], shown["epoch"], shown["detail"]) == ("promoted", "node2", 2, line["detail"])


EXPEL = "mysql.config.group_replication_member_expel_timeout"
VARIED = ["matrix", "primary-kill", "--vary", f"{EXPEL}=0,5", "--vary", "faults.0.at=12s,13s"]


def in_force(cells: list[dict[str, Any]]) -> dict[tuple[str, ...], Any]:
    return {tuple(one["asked"] for one in cell["varied"]): cell for cell in cells}


def test_varied_cells_show_what_was_asked_and_what_was_in_force(outcome: Callable[[Outcome], None]) -> None:
    outcome(lambda _: summary())
    assert main(VARIED) == 0
    found = in_force(left()["cells"])
    assert set(found) == {("0", "12s"), ("0", "13s"), ("5", "12s"), ("5", "13s")}
    assert [one["in_force"] for one in found["5", "13s"]["varied"]] == [["5"], ["13.0"]]
    rows = list(csv.DictReader(io.StringIO(Path("runs/matrix/latest/matrix.csv").read_text())))
    assert {(row[EXPEL], row[f"{EXPEL} in force"]) for row in rows} == {("0", "0"), ("5", "5")}
    commands = [json.loads(file.read_text()) for file in Path("runs/primary-kill").glob("*/command")]
    assert all(f"{EXPEL}=0" in words or f"{EXPEL}=5" in words for words in commands), "how to run each alone"
    assert "What was varied, and what was in force" in Path("runs/matrix/latest/report.html").read_text()


def test_a_value_that_is_not_in_force_voids_its_cell_and_is_compared_with_none(
    outcome: Callable[[Outcome], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(lambda _: summary("fail"))
    honest = leave

    def stubborn(folder: Path, scenario: Scenario) -> None:
        """node2 keeps 5, whatever it was asked."""
        honest(folder, scenario)
        manifest = json.loads((folder / "manifest.json").read_text())
        name = EXPEL.rpartition(".")[2]
        manifest["variables"]["node2"] = manifest["variables"]["node2"] | {name: "5"}
        (folder / "manifest.json").write_text(json.dumps(manifest))

    monkeypatch.setattr(f"{__name__}.leave", stubborn)
    assert main(VARIED) == 1
    found = in_force(left()["cells"])
    for at in ("12s", "13s"):
        cell = found["0", at]
        assert (cell["verdict"], cell["why"]) == ("void", f"{EXPEL}: asked 0, in force 5 on node2")
        assert (cell["counted"], cell["frontier"]["in_set"], cell["write_outage_ms"]) == (0, None, None)
        assert found["5", at]["verdict"] == "fail"
    assert f"{EXPEL}: asked 0, in force 5 on node2" in capsys.readouterr().err
    assert "did not take effect" in Path("runs/matrix/latest/report.html").read_text()


def test_a_run_that_mysqld_ended_because_it_made_something_else_of_a_value_is_void(
    outcome: Callable[[Outcome], None],
) -> None:
    name = EXPEL.rpartition(".")[2]

    def ends(scenario: Scenario) -> dict[str, Any]:
        if scenario.mysql.config[name] == 5000:
            raise ConfigurationError(f"mysql.config: {name}: asked '5000', but on node1 '3600' is in effect")
        return summary()

    outcome(ends)
    assert main(["matrix", "primary-kill", "--vary", f"{EXPEL}=0,5000"]) == 3
    cell = in_force(left()["cells"])[("5000",)]
    assert cell["verdict"] == "void"
    assert "asked '5000', but on node1 '3600' is in effect" in cell["why"]


def test_a_run_whose_record_cannot_be_read_is_no_trial_of_its_cell(
    outcome: Callable[[Outcome], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome(lambda _: summary())
    monkeypatch.setattr(f"{__name__}.leave", lambda folder, _: (folder / "manifest.json").write_text("{"))
    assert main(["matrix", "primary-kill", "--vary", f"{EXPEL}=0,5"]) == 3
    assert all("what was in force cannot be read" in cell["why"] for cell in left()["cells"])


def test_what_the_images_refuse_is_told_of_every_cell_at_once(
    outcome: Callable[[Outcome], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(lambda _: pytest.fail("started"))

    def refuses(scenario: Scenario, _: object) -> None:
        raise ConfigurationError(f"mysql.config: cannot use {scenario.mysql.config[EXPEL.rpartition('.')[2]]}")

    monkeypatch.setattr(scenarios.matrix.matrix, "require_images", refuses)
    assert main(["matrix", "primary-kill", "--vary", f"{EXPEL}=7,8"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "meshbench: mysql.config: cannot use 7",
        "mysql.config: cannot use 8",
    ]


def test_a_place_for_prometheus_that_cannot_be_is_told_before_anything_starts(
    outcome: Callable[[Outcome], None], capsys: pytest.CaptureFixture[str]
) -> None:
    outcome(lambda _: pytest.fail("started"))
    assert main([*COMMAND, "--metrics", "here"]) == 2
    assert main(["nightly", "smoke.yaml", "--metrics", "here"]) == 2
    assert capsys.readouterr().err.count("--metrics here: expected ADDRESS:PORT") == 2
    assert not Path("runs").exists()
