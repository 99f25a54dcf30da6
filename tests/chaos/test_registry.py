"""A fault is one file: put into a family's folder it is found, read from YAML, run, healed, recorded and judged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest

import chaos.process
from chaos import noop, registry
from chaos.fault import Fault
from chaos.injector import Injector
from chaos.registry import FAULTS
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.keys import Key
from cluster.wait import wait_until
from history.fields import DeclarationError
from scenarios.cli.cli import main
from scenarios.run.judging import judged_again
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from tests.chaos.fakes import FakeCluster, FakeOutlook

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "fixtures" / "recorded" / "single"
STEP = "{at: 0s, fault: scribble, target: primary, marks: 3, takes: 5ms, heal_after: 100ms}"


@pytest.fixture
def scribble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Fault]:
    """A new fault with two parameters: one new file in a family's folder, and nothing else."""
    source = Path(noop.__file__).read_text()
    (tmp_path / "scribble.py").write_text(source.replace('"noop"', '"scribble"').replace("-noop", "-scribble"))
    monkeypatch.setattr(chaos.process, "__path__", [*chaos.process.__path__, str(tmp_path)])
    fault = registry.declared()["scribble"]
    monkeypatch.setitem(FAULTS, "scribble", fault)
    return fault


def scenario(folder: Path, step: str) -> Scenario:
    file = folder / "mine.yaml"
    file.write_text(
        f"name: mine\ndescription: something\ntopology: single\nmesh: envoy\nworkload: transfer\nfaults:\n  - {step}\n"
    )
    return read_scenario(str(file))


def journal(timeline: Scenario, folder: Path, cluster: FakeCluster) -> list[dict[str, Any]]:
    """The lines of faults.jsonl, once the steps have been taken on fakes."""
    record = folder / "faults.jsonl"
    injector = Injector(
        cast(Cluster, cluster),
        timeline.timeline(),
        seed=1,
        record_to=record,
        outlook=FakeOutlook(),
        phase_s=0.01,
        bite_timeout_s=5,
    )
    injector.start(time.monotonic_ns())
    wait_until("it is clean again", lambda: '"step": "clean"' in record.read_text(), timeout_s=10)
    injector.stop()
    return [json.loads(line) for line in record.read_text().splitlines()]


def judged(lines: list[dict[str, Any]], of: Scenario, folder: Path) -> dict[str, Any]:
    """The summary of a recorded run in which these steps were taken instead of its own."""
    run = folder / "run"
    shutil.copytree(RECORDED, run)
    recorded = [json.loads(line) for line in (run / "faults.jsonl").read_text().splitlines()]
    shift_ns = recorded[1]["at_ns"] - lines[1]["at_ns"]
    moved = [{**line, "at_ns": line["at_ns"] + shift_ns, "pod": line["pod"] and "node1"} for line in lines]
    (run / "faults.jsonl").write_text("".join(json.dumps(line) + "\n" for line in moved))
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["scenario"]["faults"] = of.model_dump(mode="json")["faults"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    judged_again(run, out=folder / "out", unsealed=True, gates={})
    summary: dict[str, Any] = json.loads((folder / "out" / "summary.json").read_text())
    return summary


@pytest.mark.slow
def test_a_fault_that_is_one_new_file_runs_from_yaml_to_the_judged_folder(
    scribble: type[Fault], tmp_path: Path
) -> None:
    asked, cluster = scenario(tmp_path, STEP), FakeCluster()
    assert asked.model_dump(mode="json")["faults"][0] == {
        "at": "0ms", "after": None, "fault": "scribble", "target": "primary", "heal_after": "100ms",
        "marks": 3, "takes": "5ms",
    }  # fmt: skip

    lines = journal(asked, tmp_path, cluster)
    assert [line["step"] for line in lines] == ["planned", "injected", "bitten", "healed", "clean"]
    for line in lines:
        assert line["parameters"] == {"at_s": 0.0, "marks": 3, "takes": "5ms"}
        assert (line["fault"], line["hits"], line["part"]) == ("scribble", "node", "node")
    assert lines[2]["ok"]
    assert lines[2]["evidence"]["marks"] == 3
    assert lines[4]["ok"]
    assert not any(pod.files for pod in cluster.pods.values())

    (told,) = judged(lines, asked, tmp_path)["faults"]
    assert (told["name"], told["bitten"], told["clean"]) == ("scribble", True, True)
    assert told["parameters"] == {"at_s": 0.0, "marks": 3, "takes": "5ms"}


@pytest.mark.usefixtures("scribble")
def test_mistakes_in_its_keys_have_their_line_and_are_told_with_all_others_of_the_step(tmp_path: Path) -> None:
    step = "{at: 1,\n     fault: scribble, target: primary,\n     mark: 3,\n     takes: 5,\n     marks: 101}"
    with pytest.raises(ConfigurationError) as caught:
        scenario(tmp_path, step)
    said = str(caught.value).replace(str(tmp_path), "").splitlines()
    assert sorted(said) == [
        "/mine.yaml:10: faults.0.takes: expected a duration with a unit, such as 250ms, 15s or 2m, got 5",
        "/mine.yaml:11: faults.0.marks: expected a whole number, 1 to 100, got 101",
        "/mine.yaml:7: faults.0.at: expected a duration with a unit, such as 250ms, 15s or 2m, got 1",
        "/mine.yaml:9: faults.0.mark: unknown key of fault scribble; did you mean 'marks'? Allowed here: at, "
        "after, fault, target, heal_after, marks, takes",
    ]


@pytest.mark.usefixtures("scribble")
def test_it_is_listed_with_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    assert "scribble              process" in capsys.readouterr().out
    assert main(["faults", "--json"]) == 0
    (told,) = [fault for fault in json.loads(capsys.readouterr().out)["faults"] if fault["name"] == "scribble"]
    assert told["keys"]["takes"] == {
        "meaning": "how long it takes to leave them", "type": "duration", "unit": "", "required": False,
        "default": "0ms", "at_least": "0ms", "at_most": "10s", "words": [],
    }  # fmt: skip


def test_a_key_of_another_fault_means_nothing_unless_it_is_null(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"faults.0.peer: unknown key of fault kill; allowed here: at, after"):
        scenario(tmp_path, "{at: 1s, fault: kill, target: primary, peer: all}")
    assert scenario(tmp_path, "{at: 1s, fault: kill, target: primary, peer: null}").timeline()[0].peer is None


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_declares_all_that_there_is_to_say(name: str) -> None:
    fault = FAULTS[name]
    assert fault.does
    assert fault.targets
    assert all(isinstance(key, Key) and key.meaning for key in fault.declared_keys().values())
    assert not (fault.lasts and fault.intends), "a fault that is healed brings nothing about"
    assert fault.refuted_by.bitten, "evidence that says the opposite can be told from evidence"


def test_two_faults_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "twin.py").write_text(Path(noop.__file__).read_text())
    monkeypatch.setattr(chaos.process, "__path__", [*chaos.process.__path__, str(tmp_path)])
    with pytest.raises(TypeError, match=r"noop is declared twice, in chaos\.noop and chaos\.process\.twin"):
        registry.declared()


def test_a_key_that_every_step_has_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Path(noop.__file__).read_text()
    (tmp_path / "later.py").write_text(source.replace('"noop"', '"later"').replace("takes", "after"))
    monkeypatch.setattr(chaos.process, "__path__", [*chaos.process.__path__, str(tmp_path)])
    with pytest.raises(TypeError, match=r"chaos.process.later: every step has a key after"):
        registry.declared()


def test_a_family_without_an_init_is_told_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tape").mkdir()
    (tmp_path / "tape" / "tear.py").write_text("")
    monkeypatch.setattr("chaos.__path__", [str(tmp_path)])
    with pytest.raises(DeclarationError, match=r"tape: a family of faults needs an __init__\.py"):
        registry.declared()
    (tmp_path / "tape" / "__init__.py").write_text('"""Faults of tapes."""')
    assert set(registry.declared()) == {"noop"}


@pytest.mark.slow
def test_a_mistake_in_a_fault_s_file_is_one_line_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "torn.py").write_text("raise KeyError('key')\n")
    code = f"import chaos.process, sys; chaos.process.__path__.append({str(tmp_path)!r})\n"
    code += "from scenarios.__main__ import main; sys.argv = ['meshbench', 'faults']; sys.exit(main())"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "meshbench: chaos/process/torn.py cannot be imported: KeyError('key')\n"
