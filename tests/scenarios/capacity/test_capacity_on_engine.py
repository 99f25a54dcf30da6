"""A capacity of real pods: what the verb leaves, and that it leaves nothing on the engine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cluster.platform import keeper
from reports.schema import validate
from scenarios.cli.cli import main

pytestmark = pytest.mark.engine


def measured(runs: Path, subject: str, *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and capacity.json, which is as its schema says."""
    code = main(["capacity", subject, "--runs", str(runs), *words])
    content: dict[str, Any] = json.loads((runs / "capacity" / "latest" / "capacity.json").read_text())
    validate(content, "capacity")
    return code, content


def containers() -> set[str]:
    shown = subprocess.run(["docker", "ps", "-aq"], capture_output=True, text=True, check=True)
    return set(shown.stdout.split())


def test_a_single_server_has_a_verified_maximum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scenarios.capacity.measuring.duration_s", lambda *_: 2.0)  # what it finds is rough, and quick
    monkeypatch.setattr("scenarios.capacity.system.WARM_UP_S", 1.0)
    monkeypatch.setattr("scenarios.capacity.measuring.CPU_PRESSURE_PERCENT", 100.0)
    keeper.token()  # once a process
    before = containers()
    code, content = measured(tmp_path, "single", "--mesh", "direct", "--slo", "response_p99<=100ms")
    assert containers() == before
    assert content["steps"], capsys.readouterr().err
    assert all(step["usage"]["pods"]["primary"]["cpu_cores"] > 0 for step in content["steps"])
    assert all((tmp_path / "capacity" / "latest" / step["folder"] / "ops").is_dir() for step in content["steps"])
    if content["verdict"] == "void":  # what a busy machine carries differs from step to step, and then it says so
        assert code == 3
        return
    assert code == 0
    assert content["verify"]["below"]["holds"] is True
    assert content["verify"]["above"]["holds"] is False
    assert content["bracket"]["low_tps"] == content["max_tps"] < content["bracket"]["high_tps"]


@pytest.mark.nightly
def test_a_group_that_loses_a_node_has_a_safe_load_that_a_run_has_shown(tmp_path: Path) -> None:
    code, content = measured(
        tmp_path, "group", "--lose", "1", "--slo", "response_p99<=500ms", "--slo", "success_ratio>=0.99"
    )
    assert code == 0
    lost = content["n_minus_1"]
    assert lost["max_tps"] > 0
    assert {"n", "n_minus_1", "rejoining"} == {step["setting"] for step in content["steps"]}
    tried = lost["safe_verified"]
    folder = tmp_path / "capacity" / "latest" / tried["folder"]
    assert json.loads((folder / "manifest.json").read_text())["part_of"]["kind"] == "capacity"
    assert (lost["safe_tps"] is not None) == tried["holds"]
    assert tried["write_outage_ms"] > 0
    assert isinstance(lost["at_90_percent"]["words"], str)
