"""What a run publishes while it lasts, and that nothing of it can harm the run."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.platform import ownership
from loadgen.driver.responses import GROWTH
from scenarios.live.fault_stories import FaultStories
from scenarios.live.reader import reader
from scenarios.live.state import snapshot_of
from tests.scenarios.live.publishing import FOLDER, ZERO_NS, eventually, first, note, publisher, second, surroundings


def test_the_phase_that_lasts_is_the_newest_that_has_not_ended(tmp_path: Path) -> None:
    live = publisher(tmp_path)
    with live.phase("boot"):
        pass
    with live.phase("load", expected_s=60.0), live.phase("heal"):
        now = live.snapshot().phase
        assert now is not None
        assert now.name == "heal"
    names = [(phase.name, phase.ended_ns is not None, phase.expected_s) for phase in live.snapshot().phases]
    assert names == [("boot", True, None), ("load", True, 60.0), ("heal", True, None)]
    assert live.snapshot().phase is None


def test_seconds_add_up_and_the_quantile_is_of_the_last_five(tmp_path: Path) -> None:
    live = publisher(tmp_path)
    slow, fast = {"500": 100}, {"400": 100}
    for t_s in range(1, 9):
        live.second(second(t_s, ok=100, fail=7, refused=2, responses=slow if t_s <= 3 else fast))
    load = live.snapshot().load
    assert (load.offered, load.achieved, load.failed, load.refused) == (856, 800, 40, 16)
    assert load.zero_ns == ZERO_NS
    assert load.over_s == 5
    assert load.response_p99_ms == round(GROWTH**400 / 1000, 3)
    assert load.seconds[0].response_p99_ms == round(GROWTH**500 / 1000, 3)
    assert [one.t_s for one in load.seconds] == list(range(1, 9))


def test_the_file_says_what_the_snapshot_says_and_goes_with_the_run(tmp_path: Path) -> None:
    with publisher(tmp_path) as live, live.phase("set up"):
        seen = eventually(lambda: reader(tmp_path))
        assert [one.run_id for one in seen] == ["abc"]
        assert seen[0].phase.name == "set up"
        assert snapshot_of(json.loads(json.dumps(live.snapshot().as_json()))).phases == seen[0].phases  # type: ignore[union-attr]
    assert list((tmp_path / ".live").iterdir()) == []


def test_a_fault_is_shown_step_by_step_and_a_line_that_is_being_written_waits(tmp_path: Path) -> None:
    publisher(tmp_path)
    stories = FaultStories(tmp_path / FOLDER / "faults.jsonl")
    assert stories.so_far() == ()
    note(tmp_path, "planned", None)
    assert [(one.active, one.pod) for one in stories.so_far()] == [(False, None)]
    note(tmp_path, "injected", 7, pod="node1", ok=True)
    note(tmp_path, "bitten", 8, pod="node1", ok=True, end="")
    (active,) = stories.so_far()
    assert (active.active, active.pod, active.steps) == (True, "node1", {"planned": None, "injected": 7})
    with (tmp_path / FOLDER / "faults.jsonl").open("a") as file:
        file.write("\n")
    note(tmp_path, "healed", 9, pod="node1")
    (healed,) = stories.so_far()
    assert (healed.active, list(healed.steps)) == (False, ["planned", "injected", "bitten", "healed"])


@pytest.mark.slow
def test_roles_pools_and_decisions_come_from_the_observer_and_the_control_plane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with surroundings(monkeypatch) as around, publisher(tmp_path) as live:
        around.role("node2", None)
        around.role("node1", "primary")
        around.sessions(32)
        around.made.append({"at_ns": 9, "event": "promoted", "epoch": 2, "pod": "node1", "detail": {}})
        around.watched_by(live)
        eventually(lambda: live.snapshot().pods and live.snapshot().decisions)
        around.made.append({"at_ns": 10, "event": "reopened", "epoch": 2, "pod": None, "detail": {"after_ms": 3}})
        eventually(lambda: len(live.snapshot().decisions) == 2)
        now = live.snapshot()
    assert [(one.name, one.up, one.role) for one in now.pods] == [("node1", True, "primary"), ("node2", False, None)]
    assert now.proxies[0].pools["write"]["node1"].connections == 32
    assert [(one.event, one.pod) for one in now.decisions] == [("promoted", "node1"), ("reopened", None)]


def test_whatever_goes_wrong_is_said_once_and_the_run_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / ".live").write_text("no folder")
    broken = publisher(tmp_path)
    with caplog.at_level(logging.WARNING), broken as live, live.phase("load"):
        live.second({"t_s": 1.0})  # type: ignore[arg-type]
        live.second({"t_s": 2.0})  # type: ignore[arg-type]
        assert live.snapshot().load.seconds == ()
    assert len(caplog.records) == 1
    assert "the live view cannot show all of this run" in caplog.text


def test_an_error_of_the_run_passes_through_a_phase(tmp_path: Path) -> None:
    live = publisher(tmp_path)
    with pytest.raises(KeyboardInterrupt), live.phase("load"):
        raise KeyboardInterrupt
    assert live.snapshot().phase is None


def test_a_run_whose_process_is_gone_is_not_shown(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from cluster.platform.ownership import owner; print(owner())"],
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / ".live").mkdir()
    for run_id, owner in (("gone", ended.stdout.strip()), ("here", ownership.owner()), ("odd", "nobody")):
        text = json.dumps(first(run_id, owner=owner).as_json())
        (tmp_path / ".live" / f"{run_id}.json").write_text(text)
    (tmp_path / ".live" / "half.json").write_text(text[: len(text) // 2])
    (tmp_path / ".live" / "other.json").write_text('{"version": 2}')
    assert [one.run_id for one in reader(tmp_path)] == ["here"]


def test_without_a_folder_nothing_is_under_way(tmp_path: Path) -> None:
    assert reader(tmp_path / "none") == []
