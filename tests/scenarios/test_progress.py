"""What a user is shown while a run is under way, and which folder is the latest."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from history.load_events import Second
from scenarios.progress import Progress
from scenarios.run.run_folder import RunFolder


def second(t_s: float, **more: int) -> Second:
    zeros: dict[str, Any] = dict.fromkeys(
        ("at_ns", "offered", "ok", "fail", "unknown", "refused", "backlog", "in_flight"), 0
    )
    return Second(t_s=t_s, **zeros | more)


def test_the_pulse_ends_with_the_load() -> None:
    shown = io.StringIO()
    progress = Progress(duration_s=5, stream=shown)
    progress.second(second(5.0, offered=9, ok=9))
    progress.second(second(10.0, ok=1))
    assert shown.getvalue().count("offered") == 1
    progress.second(second(15.0, backlog=3))
    assert "queued 3" in shown.getvalue(), "a drain that takes its time is shown"


def test_what_the_business_refused_is_no_failure() -> None:
    shown = io.StringIO()
    progress = Progress(duration_s=60, stream=shown)
    progress.second(second(1.0, fail=4, refused=4))
    assert not shown.getvalue(), "nothing to tell outside a terminal"
    progress.second(second(2.0, fail=7, refused=4))
    assert "refused 4, failed 3," in shown.getvalue()


def test_only_a_judged_run_is_the_latest(tmp_path: Path) -> None:
    judged = RunFolder(tmp_path, scenario="a", seed=1)
    judged.point_latest()
    RunFolder(tmp_path, scenario="a", seed=2)
    assert (tmp_path / "latest").resolve() == judged.path
    again = RunFolder(tmp_path, scenario="b", seed=1)
    again.point_latest()
    assert (tmp_path / "latest").resolve() == again.path
