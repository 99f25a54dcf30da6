"""ops.jsonl: the columns of the contract, nothing lost at a flush, a torn end tolerated and damage refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from history.history import OPS_SCHEMA
from loadgen.driver.recorder import COLUMNS, FILE_NAME, OpsFile, OpsFileError, Recorder, read_ops, to_json

ROW = dict.fromkeys(COLUMNS) | {"key": "7-0-1", "value": '{"account": 1, "balance": null}', "outcome": "ok"}


@pytest.fixture
def ops_file(tmp_path: Path) -> Path:
    recorder = Recorder(tmp_path)
    recorder.add(ROW)
    recorder.add(ROW | {"key": "7-0-2"})
    recorder.close()
    return tmp_path / FILE_NAME


def test_the_columns_are_those_of_the_history() -> None:
    assert list(COLUMNS) == OPS_SCHEMA.names


def test_round_trip(ops_file: Path) -> None:
    with OpsFile(ops_file) as read:
        assert set(read.clock) == {"monotonic_ns", "unix_ns"}
        assert list(read) == [ROW, ROW | {"key": "7-0-2"}]
        assert read.torn == 0


@pytest.mark.parametrize(
    ("value", "back"),
    [
        ({"src": 1, "memo": "zwölf \ud800", "at": None}, ...),
        ([["append", 3, 17], ["r", 4, [5, 9]], ["r", 5, None]], ...),
        ((1, 2.5, True), [1, 2.5, True]),
        (2**80, ...),
        ({1: "a"}, {"1": "a"}),
    ],
)
def test_a_value_of_a_workload_is_json_whatever_it_is(value: Any, back: Any) -> None:
    assert json.loads(to_json(value)) == (value if back is ... else back)


def test_what_has_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        to_json({"seen": {1}})


def test_a_flushed_row_is_in_the_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    assert read_ops(tmp_path / FILE_NAME) == []
    recorder.add(ROW)
    recorder.flush()
    assert read_ops(tmp_path / FILE_NAME) == [ROW]
    recorder.close()


def test_every_torn_end_is_tolerated(ops_file: Path) -> None:
    whole = ops_file.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    for end in range(last + 1, len(whole)):
        ops_file.write_bytes(whole[:end])
        with OpsFile(ops_file) as read:
            assert (len(list(read)), read.torn) == (1, 1)


def test_damage_elsewhere_is_refused(ops_file: Path) -> None:
    lines = ops_file.read_bytes().split(b"\n")
    lines[1] = lines[1][:-5]
    ops_file.write_bytes(b"\n".join(lines))
    with pytest.raises(OpsFileError, match=r"ops\.jsonl:2: not JSON"):
        read_ops(ops_file)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no complete first line"), (b"{}\n", ":1: expected the clock"), (b'{"clock": {}}\n{}\n', ":2: expected")],
)
def test_not_an_ops_file(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(content)
    with pytest.raises(OpsFileError, match=message):
        read_ops(file)


def test_two_workers_do_not_share_a_file(ops_file: Path) -> None:
    with pytest.raises(FileExistsError):
        Recorder(ops_file.parent)
