"""What the run folder gets of files that are whole, damaged or gone, and of clocks that are set in mid-run."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from cluster.errors import HarnessError
from cluster.platform.fake import FakeProcess
from history.history import load_history
from history.ops import COLUMN_NAMES
from observer.observer import OUTPUT
from scenarios.run import collect, same_clock
from scenarios.run.run_folder import RunFolder

S = 1_000_000_000


def now() -> dict[str, int]:
    return {"monotonic_ns": time.monotonic_ns(), "unix_ns": time.time_ns()}


def around(clock: dict[str, int]) -> tuple[int, int]:
    return clock["monotonic_ns"] - S, clock["monotonic_ns"] + S


def container(content: str | None) -> FakeProcess:
    """Has one file, or none, wherever one looks for it."""
    files = {} if content is None else dict.fromkeys(("/data/ops.jsonl", str(OUTPUT)), content.encode())
    return FakeProcess(name="meshbench-abc-load1-locust", files=files)


def op(key: str) -> str:
    cells = dict.fromkeys(COLUMN_NAMES) | {"process": 0, "f": "transfer", "key": key, "value": "{}", "outcome": "ok"}
    return json.dumps(cells | {"attempt": 1, "intended_ns": 1, "start_ns": 2, "end_ns": 3})


def ops(*lines: str, clock: dict[str, int] | None = None) -> str:
    return "\n".join([json.dumps({"clock": clock or now()}), *lines]) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path, scenario="tiny", seed=1)


def collected(content: str | None, folder: RunFolder, within: tuple[int, int] = (0, 1)) -> int:
    return collect.operations(container(content), "/data/ops.jsonl", folder.path, worker="load1", within=within)


def test_a_whole_record_becomes_a_table(folder: RunFolder) -> None:
    assert collected(ops(op("a"), op("b")), folder) == 0
    assert len(pd.read_parquet(folder.path / "ops" / "load1.parquet")) == 2
    assert not (folder.path / "ops" / "load1.jsonl").exists()


def test_of_a_damaged_record_the_file_stays_and_the_folder_can_be_judged(folder: RunFolder) -> None:
    with pytest.raises(HarnessError, match=r"load1\.jsonl:3"):
        collected(ops(op("a"), "{half", op("b")), folder)
    assert (folder.path / "ops" / "load1.jsonl").exists()
    assert len(load_history(folder.path).ops) <= 1


def test_of_a_record_that_is_gone_there_is_an_empty_one(folder: RunFolder) -> None:
    with pytest.raises(HarnessError, match="is not there"):
        collected(None, folder)
    assert load_history(folder.path).ops.empty


@pytest.mark.parametrize("content", ["", "not json\n", "{}\n", '{"clock": 7}\n', '{"clock": {"unix_ns": 1}}\n'])
def test_observations_that_cannot_be_read_are_one_line(folder: RunFolder, content: str) -> None:
    with pytest.raises(HarnessError, match="observer"):
        collect.observations(container(content), folder, within=(0, 1))


def test_a_wall_clock_that_was_set_in_mid_run_does_not_make_a_clock_another(folder: RunFolder) -> None:
    for step_ns in (60 * S, -3600 * S, S // 10):
        clock = now()
        clock["unix_ns"] += step_ns  # as it was when the pod read it, before somebody set it
        same_clock.require_same_clock(clock, "load pod load1", within=around(clock))
    assert collected(ops(op("a"), clock=clock), folder, around(clock)) == 0


def test_the_clock_of_another_kernel_is_another(folder: RunFolder) -> None:
    clock = now()
    theirs = {"monotonic_ns": clock["monotonic_ns"] - 90 * S, "unix_ns": clock["unix_ns"]}
    with pytest.raises(HarnessError, match=r"differs from the host's by 90000 ms.*another kernel"):
        collected(ops(op("a"), clock=theirs), folder, around(clock))


def test_not_on_linux_every_engine_has_another_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.run.same_clock.platform.system", lambda: "Darwin")
    clock = now()
    clock["unix_ns"] += S
    with pytest.raises(HarnessError, match="another kernel"):
        same_clock.require_same_clock(clock, "observer", within=around(clock))


def test_a_step_of_the_wall_clock_is_a_note_and_a_steady_one_is_none() -> None:
    assert same_clock.step_note(same_clock.wall_at_zero_ns()) is None
    note = same_clock.step_note(same_clock.wall_at_zero_ns() + 2 * S)
    assert note is not None
    assert "was set by -2.000 s during the run" in note
