"""Reading a run folder: what is read back, what may be missing, and one clear line for what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checks.judge import judge
from history.history import OPS_SCHEMA, History, load_history
from history.json_files import HistoryError

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Write = Callable[[History], Path]


@pytest.fixture
def folder(busy: Run, written: Write) -> Path:
    busy.pod(10, "node2", view={"node1": "ONLINE/PRIMARY"})
    busy.pod(5, "node1", role="primary", read_only=False)
    busy.manifest = {"gates": {"write_outage_ms": 1000}}
    return written(busy.history())


def test_a_folder_reads_back_as_the_history_it_was(folder: Path, busy: Run) -> None:
    loaded, told = load_history(folder), busy.history()
    pd.testing.assert_frame_equal(loaded.ops, told.ops)
    pd.testing.assert_frame_equal(loaded.final["transfers"], told.final["transfers"])
    assert (loaded.nodes, loaded.gates) == (told.nodes, {"write_outage_ms": 1000})
    assert loaded.observed is not None
    assert loaded.observed["name"].to_list() == ["node1", "node2"]
    assert judge(loaded) == judge(told)


def test_ops_of_several_workers_are_one_history_in_order_of_end(folder: Path) -> None:
    ops = pq.read_table(folder / "ops" / "worker-0.parquet")
    pq.write_table(ops.slice(5), folder / "ops" / "worker-0.parquet")
    pq.write_table(ops.slice(0, 5), folder / "ops" / "worker-1.parquet")
    loaded = load_history(folder).ops
    assert len(loaded) == len(ops)
    assert loaded["end_ns"].is_monotonic_increasing


def test_ops_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    pq.write_table(OPS_SCHEMA.empty_table(), tmp_path / "ops" / "0.parquet")
    loaded = load_history(tmp_path)
    assert (len(loaded.ops), loaded.final, loaded.nodes, loaded.faults) == (0, {}, None, ())
    assert judge(loaded).verdict == "void"


def test_another_tools_column_types_are_taken(folder: Path) -> None:
    file = folder / "ops" / "worker-0.parquet"
    ops = pq.read_table(file).to_pandas()
    ops["key"] = range(len(ops))
    ops["process"] = ops["process"].astype("int32")
    ops["f"] = ops["f"].astype("category")
    ops.to_parquet(file)
    assert load_history(folder).ops["key"].to_list() == [str(i) for i in range(len(ops))]


def test_an_index_in_a_final_table_is_a_column(folder: Path) -> None:
    file = folder / "final" / "transfers.parquet"
    pd.read_parquet(file).set_index("id").to_parquet(file)
    assert "id" in load_history(folder).final["transfers"].columns


def fails(folder: Path) -> str:
    with pytest.raises(HistoryError) as caught:
        load_history(folder)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_no_folder_and_no_ops_say_so(tmp_path: Path) -> None:
    assert "no such run folder" in fails(tmp_path / "nowhere")
    assert "no ops/*.parquet" in fails(tmp_path)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("capacity.json", "a capacity run"),
        ("matrix.json", "a matrix"),
        ("trials.json", "a series of trials"),
        ("nightly.json", "a night"),
        ("plan.json", "a certificate"),
    ],
)
def test_a_folder_of_something_made_of_runs_says_what_it_is(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / name).write_text("{}")
    assert fails(tmp_path) == (
        f"{tmp_path}: {what} cannot be judged again or traced; give the folder of a run, such as runs/latest"
    )


@pytest.mark.parametrize("name", ["ops/worker-0.parquet", "observed.parquet", "final/transfers.parquet"])
@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", b"\x00" * 64])
def test_a_malformed_parquet_file_is_named(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    message = fails(folder)
    assert message.startswith(f"{folder / name}: not a readable parquet file")


def test_a_truncated_parquet_file_is_named(folder: Path) -> None:
    file = folder / "ops" / "worker-0.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    assert str(file) in fails(folder)


@pytest.mark.parametrize(("name", "column"), [("ops/worker-0.parquet", "intended_ns"), ("observed.parquet", "view")])
def test_a_missing_column_is_named(folder: Path, name: str, column: str) -> None:
    pq.write_table(pq.read_table(folder / name).drop_columns([column]), folder / name)
    assert f"column '{column}' is missing" in fails(folder)


@pytest.mark.parametrize("column", [["soon"] * 8, [None] * 8])
def test_a_column_of_the_wrong_type_or_with_nulls_is_refused(folder: Path, column: list[str | None]) -> None:
    file = folder / "ops" / "worker-0.parquet"
    ops = pq.read_table(file)
    ops = ops.set_column(ops.column_names.index("end_ns"), "end_ns", pa.array(column, pa.string()))
    pq.write_table(ops, file)
    assert "wrong type" in fails(folder)


@pytest.mark.parametrize("name", ["manifest.json", "final/nodes.json"])
@pytest.mark.parametrize("content", ["{", "[1]", "7"])
def test_json_that_is_no_object_is_named(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    assert fails(folder).startswith(str(folder / name))


STEP = {"id": 0, "step": "planned", "at_ns": 5, "fault": "kill", "target": "primary", "pod": None}


def test_fault_steps_fold_into_one_record_each(folder: Path) -> None:
    steps = [
        STEP | {"id": 1, "fault": "pause"},
        STEP,
        STEP | {"step": "injected", "at_ns": 7, "pod": "node1"},
        STEP | {"step": "bitten", "at_ns": 8, "ok": True, "evidence": {"probe": "refused"}},
        STEP | {"step": "healed", "at_ns": 9},
        STEP | {"step": "clean", "at_ns": 10, "ok": False},
    ]
    (folder / "faults.jsonl").write_text("".join(json.dumps(step) + "\n" for step in steps))
    kill, pause = load_history(folder).faults
    assert (kill.pods, kill.planned_ns, kill.injected_ns, kill.healed_ns, kill.clean_ns) == (("node1",), 5, 7, 9, 10)
    assert (kill.bitten, kill.bitten_evidence, kill.clean) == (True, {"probe": "refused"}, False)
    assert (pause.fault, pause.injected_ns, pause.bitten) == ("pause", None, False)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"id": 0}',
        json.dumps(STEP | {"at_ns": "soon"}),
        json.dumps(STEP | {"id": None}),
        json.dumps(STEP | {"id": {}}),
        json.dumps(STEP | {"at_ns": float("inf")}),
    ],
)
def test_a_bad_fault_line_is_named_with_its_number(folder: Path, line: str) -> None:
    (folder / "faults.jsonl").write_text(json.dumps(STEP) + "\n" + line + "\n")
    assert f"{folder / 'faults.jsonl'}:2: not a fault step" in fails(folder)


def test_faults_that_are_no_text_are_named(folder: Path) -> None:
    (folder / "faults.jsonl").write_bytes(b"\xff\xfe\x00")
    assert "faults.jsonl: not readable as text" in fails(folder)
