"""What the recorder writes: rows as they were given, none lost at a flush, one worker a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from history.ops import OpRow
from history.ops_file import FILE_NAME, OpsFile, read_ops
from loadgen.driver.recorder import Recorder

ROW: OpRow = {
    "process": 3,
    "f": "read",
    "key": "7-0-1",
    "value": '{"account": 1, "balance": null}',
    "outcome": "fail",
    "errno": 1213,
    "error": "zwölf \ud800",
    "attempt": 2,
    "intended_ns": 10,
    "start_ns": 11,
    "end_ns": 12,
    "server": "node1",
    "gtid": None,
}


def test_rows_come_back_as_they_were_given(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    second: OpRow = {**ROW, "key": "7-0-2"}
    for row in (ROW, second):
        recorder.add(row)
    recorder.close()
    with OpsFile(tmp_path / FILE_NAME) as read:
        assert set(read.clock) == {"monotonic_ns", "unix_ns"}
        assert list(read) == [ROW, second]


def test_a_flushed_row_is_in_the_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    assert read_ops(tmp_path / FILE_NAME) == []
    recorder.add(ROW)
    recorder.flush()
    assert read_ops(tmp_path / FILE_NAME) == [ROW]
    recorder.close()


def test_what_is_flushed_is_told_as_well(tmp_path: Path) -> None:
    sent: list[bytes] = []
    recorder = Recorder(tmp_path, also=sent.append)
    recorder.add(ROW)
    recorder.close()
    assert b"".join(sent) == (tmp_path / FILE_NAME).read_bytes()
    assert json.loads(sent[-1]) == ROW


def test_two_workers_do_not_share_a_file(tmp_path: Path) -> None:
    Recorder(tmp_path).close()
    with pytest.raises(FileExistsError):
        Recorder(tmp_path)
