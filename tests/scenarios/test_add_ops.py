"""A worker of another machine: its times are moved onto the run's clock, and nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks.history import load_history
from checks.json_files import HistoryError
from loadgen.recorder import COLUMNS, FILE_NAME
from scenarios.add_ops import add_ops

ROW = dict.fromkeys(COLUMNS) | {"process": 80_000, "f": "transfer", "key": "7-8-0", "value": "{}", "outcome": "ok"}
ROW |= {"attempt": 1, "intended_ns": 100, "start_ns": 110, "end_ns": 150}
THEIR_ZERO_NS, OUR_ZERO_NS = 5_000_000_000, 3_000_000_000


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A record whose machine was started two seconds after the run's."""
    clock = {"monotonic_ns": 70, "unix_ns": THEIR_ZERO_NS + 70}
    (tmp_path / FILE_NAME).write_text(json.dumps({"clock": clock}) + "\n" + json.dumps(ROW) + "\n")
    return tmp_path / FILE_NAME


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run" / "ops").mkdir(parents=True)
    (tmp_path / "run" / "manifest.json").write_text(json.dumps({"monotonic_zero_unix_ns": OUR_ZERO_NS}))
    return tmp_path / "run"


def test_times_are_moved_by_the_difference_of_the_wall_clocks(foreign: Path, folder: Path) -> None:
    assert add_ops(foreign, folder, "load9") == 2
    (op,) = load_history(folder).ops.to_dict("records")
    assert (op["intended_ns"], op["start_ns"], op["end_ns"]) == (2_000_000_100, 2_000_000_110, 2_000_000_150)
    assert op["key"] == "7-8-0"


def test_nothing_is_overwritten_and_nothing_is_guessed(foreign: Path, folder: Path) -> None:
    add_ops(foreign, folder, "load9")
    with pytest.raises(FileExistsError, match="load9"):
        add_ops(foreign, folder, "load9")
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(HistoryError, match="monotonic zero"):
        add_ops(foreign, folder, "load10")
