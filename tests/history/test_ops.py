"""The columns of an operation's row, derived from one declaration; files of others rest on these names and types."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from history.history import OPS_SCHEMA
from history.ops import COLUMN_NAMES, REQUIRED

ROOT = Path(__file__).parents[2]


def test_the_table_is_the_contract_s() -> None:
    whole, small, text = pa.int64(), pa.int32(), pa.string()
    assert {field.name: (field.type, field.nullable) for field in OPS_SCHEMA} == {
        "process": (whole, False),
        "f": (text, False),
        "key": (text, False),
        "value": (text, False),
        "outcome": (text, False),
        "errno": (small, True),
        "error": (text, True),
        "attempt": (small, False),
        "intended_ns": (whole, False),
        "start_ns": (whole, False),
        "end_ns": (whole, False),
        "server": (text, True),
        "gtid": (text, True),
    }


def test_the_names_are_in_the_order_of_the_table() -> None:
    assert list(COLUMN_NAMES) == OPS_SCHEMA.names
    assert set(COLUMN_NAMES) - REQUIRED == {"errno", "error", "server", "gtid"}


#: Records an attempt as the load generator does, and reads it back as a run does.
ROUND = """
from pathlib import Path
import pyarrow as pa
from history.history import OPS_SCHEMA
from history.ops_file import FILE_NAME, read_ops
from loadgen.driver.recorder import Recorder
from loadgen.driver.tally import Arrival, Tally
from loadgen.outcome import Result
from loadgen.workload import Op

recorder = Recorder(Path())
tally = Tally(recorder, emit=print, on_row=lambda _: None)
tally.record(0, Arrival(op=Op(f="read", key="k", value={}), intended_ns=1, queued_ns=1), 2, 3, Result(outcome="ok"), "node1")
recorder.close()
table = pa.Table.from_pylist(read_ops(Path(FILE_NAME)), schema=OPS_SCHEMA)
print(table.column_names[-2:], table.column("zone").to_pylist(), table.column("server").to_pylist())
"""  # noqa: E501


@pytest.mark.slow
def test_a_new_column_that_may_be_null_is_one_line(tmp_path: Path) -> None:
    for room in ("cluster", "history", "loadgen"):
        shutil.copytree(ROOT / room, tmp_path / room)
    declaration = tmp_path / "history" / "ops.py"
    last = "    gtid: NotRequired[str | None]\n"
    assert last in declaration.read_text()
    declaration.write_text(declaration.read_text().replace(last, f"{last}    zone: NotRequired[str | None]\n"))
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ROUND], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "['gtid', 'zone'] [None] ['node1']\n", done.stderr
