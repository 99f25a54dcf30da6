"""A long run needs no more memory than a short one: in the worker, and where the host turns its file into a table."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from history.ops import OpRow
from history.ops_file import FILE_NAME
from loadgen.config import LoadConfig
from loadgen.driver.recorder import Recorder
from scenarios.run.collect import BATCH, to_parquet

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FLAT_MEMORY = "tests.loadgen.flat_memory"


def test_a_worker_does_not_grow_with_its_operations(load_config: Callable[..., LoadConfig], tmp_path: Path) -> None:
    config = load_config(model="constant", rate=20_000, connections=4, backlog_cap=100)
    file = tmp_path / "load.json"
    file.write_text(config.to_json())
    command = [sys.executable, "-m", FLAT_MEMORY, str(file), "40000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    at_half, at_end = told["blocks"]
    assert told["operations"] == 40_000
    # 20,000 operations between the two: one object kept of each would be 20,000 blocks.
    assert at_end - at_half < 5_000
    assert max(told["rss_mib"]) < 300


def test_the_host_reads_a_file_in_pieces(tmp_path: Path) -> None:
    row: OpRow = {
        "process": 1,
        "f": "f",
        "key": "k",
        "value": "v" * 100,
        "outcome": "ok",
        "attempt": 1,
        "intended_ns": 1,
        "start_ns": 1,
        "end_ns": 1,
    }
    recorder = Recorder(tmp_path)
    count = BATCH + BATCH // 2
    for _ in range(count):
        recorder.add(row)
    recorder.close()
    assert to_parquet(tmp_path / FILE_NAME, tmp_path / "ops.parquet", who="load pod load1", within=(0, 1)) == 0
    written = pq.ParquetFile(tmp_path / "ops.parquet")
    assert written.metadata.num_rows == count
    assert written.metadata.num_row_groups == 2
