"""Request events as strangers fire them: each is recorded, or refused with a reason and counted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from history.history import OPS_SCHEMA, load_history
from history.ops import OpRow
from loadgen.config import LoadConfig
from loadgen.user_code import request_events
from scenarios.run.collect import write_ops
from tests.loadgen.guests import run

ZERO_NS = 50_000_000_000
NOW_NS = ZERO_NS + 10_000_000_000
TELLING: dict[str, Any] = {"request_type": "sql", "name": "buy", "response_time": 5.0, "exception": None}


def row(**fields: Any) -> tuple[OpRow, bool]:
    return request_events.row(TELLING | fields, key="7-0-0", zero_ns=ZERO_NS, now_ns=NOW_NS)


class Shy:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise RuntimeError("neither")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("buy", "buy"),
        ("Straße → 北", "Straße → 北"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("two\nlines\t\x00", "two\\nlines\\t\\x00"),
        ("\ud800", "\\ud800"),
        (b"bytes\xff", "bytes\ufffd"),
        (None, "None"),
        (7, "7"),
        (("a", 1), "('a', 1)"),
        ("x" * 10_000, "x" * (request_events.NAME_LIMIT - 1) + "…"),
        (Shy(), "(Shy)"),
    ],
)
def test_a_name_is_text_of_one_line(name: object, shown: str) -> None:
    found, otherwise = row(name=name)
    assert found["f"] == shown
    assert otherwise == (name != shown)
    assert json.loads(row(request_type=name)[0]["value"]) == {"type": shown}


@pytest.mark.parametrize(
    ("time_ms", "why"),
    [
        (math.nan, "with response_time nan"),
        (math.inf, "with response_time inf"),
        (10**400, "with response_time inf"),
        ("7", "with a response_time that is no number (str)"),
        (True, "with a response_time that is no number (bool)"),
        (None, "with response_time None"),
        (-0.1, "with a negative response_time"),
        (1e9, "begun before the load did, by its response_time"),
        (10_051, "begun before the load did, by its response_time"),
    ],
)
def test_a_time_that_is_none_or_outside_of_the_run_is_refused(time_ms: object, why: str) -> None:
    with pytest.raises(request_events.RefusedError) as refused:
        row(response_time=time_ms)
    assert str(refused.value) == why


@pytest.mark.parametrize("time_ms", [0, 5, 5.25, Decimal("5.5"), 10_000])
def test_a_time_within_the_run_is_recorded(time_ms: Any) -> None:
    found, _ = row(response_time=time_ms)
    assert found["end_ns"] - found["start_ns"] == round(float(time_ms) * 1e6)
    assert found["intended_ns"] == found["start_ns"] >= ZERO_NS


def test_a_request_before_the_load_is_refused() -> None:
    with pytest.raises(request_events.RefusedError):
        request_events.row(TELLING, key="7-0-0", zero_ns=0, now_ns=NOW_NS)


@pytest.mark.parametrize(
    ("exception", "outcome", "error"),
    [
        (None, "ok", None),
        (False, "ok", None),
        ("", "ok", None),
        ("sold\nout", "unknown", "sold\\nout"),
        (ValueError("sold out"), "unknown", "ValueError('sold out')"),
        (ValueError, "unknown", "<class 'ValueError'>"),
        (Shy(), "unknown", "Shy, which cannot be shown"),
    ],
)
def test_an_exception_may_be_anything(exception: object, outcome: str, error: str | None) -> None:
    found, _ = row(exception=exception)
    assert (found["outcome"], found["error"], found["errno"]) == (outcome, error, None)


def test_an_error_number_that_is_none_of_mysql_s_is_left_out() -> None:
    import pymysql

    numbers = [row(exception=pymysql.OperationalError(number, "x"))[0]["errno"] for number in (1205, 2**40, -1)]
    assert numbers == [1205, None, None]


def test_what_is_recorded_is_a_record_that_can_be_read(tmp_path: Path) -> None:
    names = ["two\nlines", "\ud800", b"\xff", None, "", "x" * 10_000, *map(str, range(3_000))]
    rows = []
    for number, name in enumerate(names):
        one = request_events.row(
            TELLING | {"name": name, "exception": "\ud800"}, key=f"7-0-{number}", zero_ns=1, now_ns=NOW_NS
        )
        rows.append(one[0])
    (tmp_path / "ops").mkdir()
    (tmp_path / "manifest.json").write_text(json.dumps({"scenario": {"workload": {"name": "theirs.py"}}}))
    write_ops(iter(rows), tmp_path / "ops" / "load1.parquet")
    assert pa.Table.from_pylist(rows, schema=OPS_SCHEMA).num_rows == len(load_history(tmp_path).ops) == len(names)


FIRES = """
TIMES = (float("nan"), float("inf"), "7", 1e9, -1, None, 5)

@task
def odd(self):
    for time_ms in TIMES:
        fire(self.environment, response_time=time_ms, response_length="odd")
    self.environment.events.request.fire(request_type="x")
    self.environment.events.request.fire(name="a\\nb", response_time=1, exception="no")
Visitor.tasks = [odd]

@events.init.add_listener
def before(environment, **_):
    fire(environment)
"""


@pytest.mark.slow
def test_every_request_is_recorded_or_counted(load_config: Callable[..., LoadConfig]) -> None:
    done = run(load_config, FIRES)
    rounds = done.events["done"][0]["ok"]
    assert rounds > 0
    refused = done.told["refused_requests"]
    before = refused.pop("begun before the load did, by its response_time")
    assert before == rounds + 1
    assert set(refused.values()) == {rounds}
    assert set(refused) == {
        "with response_time nan",
        "with response_time inf",
        "with a response_time that is no number (str)",
        "with a negative response_time",
        "with response_time None",
        "without name",
    }
    assert done.told["renamed_requests"] == done.events["done"][0]["unknown"] == rounds
    assert {op["f"] for op in done.ops} == {"buy", "a\\nb"}
    assert done.told["listener_errors"] == 0
