"""ops.jsonl: nothing but the columns of the contract, a torn end tolerated and damage refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from history.ops import COLUMN_NAMES
from history.ops_file import FILE_NAME, OpsFile, OpsFileError, read_ops, to_json

CLOCK = {"monotonic_ns": 5, "unix_ns": 7}
ROW = dict.fromkeys(COLUMN_NAMES) | {"key": "7-0-1", "value": '{"account": 1, "balance": null}', "outcome": "ok"}


@pytest.fixture
def ops_file(tmp_path: Path) -> Path:
    return written(tmp_path, ROW, ROW | {"key": "7-0-2"})


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    file = folder / FILE_NAME
    file.write_text("".join(json.dumps(line) + "\n" for line in ({"clock": CLOCK}, *rows)))
    return file


def test_clock_and_operations_are_read_back(ops_file: Path) -> None:
    with OpsFile(ops_file) as read:
        assert read.clock == CLOCK
        assert list(read) == [ROW, ROW | {"key": "7-0-2"}]
        assert read.torn == 0


def test_a_column_that_may_be_null_and_is_not_there_is_null(tmp_path: Path) -> None:
    short = {name: cell for name, cell in ROW.items() if name not in ("gtid", "errno")}
    [read] = read_ops(written(tmp_path, short))
    assert (tuple(read), read) == (COLUMN_NAMES, ROW)


@pytest.mark.parametrize("row", [{**ROW, "colour": 1}, {name: ROW[name] for name in COLUMN_NAMES if name != "key"}])
def test_other_columns_and_missing_ones_are_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(OpsFileError, match=r":3: expected the columns process, f, key, .*, gtid$"):
        read_ops(written(tmp_path, ROW, row))


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


def test_every_torn_end_is_tolerated(ops_file: Path) -> None:
    whole = ops_file.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    for end in range(last + 1, len(whole)):
        ops_file.write_bytes(whole[:end])
        with OpsFile(ops_file) as read:
            assert (len(list(read)), read.torn) == (1, 1)


def test_damage_before_the_last_line_is_refused(ops_file: Path) -> None:
    lines = ops_file.read_bytes().split(b"\n")
    lines[1] = lines[1][:-5]
    ops_file.write_bytes(b"\n".join(lines))
    with pytest.raises(OpsFileError, match=r"ops\.jsonl:2: not JSON"):
        read_ops(ops_file)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no complete first line"), (b"{}\n", ":1: expected the clock"), (b'{"clock": {}}\n{}\n', ":2: expected")],
)
def test_what_is_no_ops_file_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(content)
    with pytest.raises(OpsFileError, match=message):
        read_ops(file)
