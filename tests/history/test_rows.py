"""Rows and lines that cannot be are refused with file, row and value; beside each, one that can be is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from checks.judge import judge
from history.history import History, load_history
from history.json_files import HistoryError

if TYPE_CHECKING:
    from tests.checks.conftest import Run

Write = Callable[[History], Path]
OPS = "ops/worker-0.parquet"
DAY_NS = 24 * 3600 * 10**9
EPOCH_NS = 1_795_000_000_000_000_000


@pytest.fixture
def folder(busy: Run, written: Write) -> Path:
    busy.pod(5, "node1", role="primary", read_only=False)
    busy.manifest = {"scenario": {"workload": {"name": "transfer"}, "load": {"duration": "8s", "drain": "10s"}}}
    return written(busy.history())


def change(folder: Path, name: str, column: str, value: Any, *, row: int = 3) -> None:
    """Set one cell of a table, rows counted from 1."""
    table = pd.read_parquet(folder / name)
    table.loc[row - 1, column] = value
    table.to_parquet(folder / name)


def refused(folder: Path) -> str:
    with pytest.raises(HistoryError) as caught:
        load_history(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("outcome", ["OK", "Ok ", "success", "acked", ""])
def test_an_outcome_that_is_no_word_is_named(folder: Path, outcome: str) -> None:
    change(folder, OPS, "outcome", outcome)
    expected = f'{folder / OPS}: row 3: outcome "{outcome}" is unknown; expected one of fail, info, ok, unknown'
    assert refused(folder) == expected


def test_jepsens_info_is_an_outcome_that_is_not_known(folder: Path) -> None:
    change(folder, OPS, "outcome", "info")
    assert load_history(folder).ops["outcome"].to_list()[2] == "unknown"


def test_an_operation_that_the_workload_has_not_is_named(folder: Path) -> None:
    change(folder, OPS, "f", "payment")
    assert 'row 3: f "payment" is unknown; expected one of read, transfer' in refused(folder)


@pytest.mark.parametrize(
    ("manifest", "f", "known"),
    [
        ({}, "payment", True),
        ({}, "paymnt", False),
        ({"scenario": {"workload": "transfer"}}, "payment", False),
        ({"scenario": {"workload": {"name": "mine.py:Shop"}}}, "paymnt", True),
        ({"scenario": {"workload": {"name": "locust/mine.py"}}}, "paymnt", True),
    ],
)
def test_which_operations_there_are_is_the_workloads_matter(
    folder: Path, manifest: dict[str, Any], f: str, known: bool
) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest))
    change(folder, OPS, "f", f)
    if known:
        assert f in load_history(folder).ops["f"].to_list()
    else:
        assert f'row 3: f "{f}" is unknown' in refused(folder)


def test_a_workload_that_is_none_is_named(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"scenario": {"workload": {"name": "transfr"}}}')
    assert "'scenario.workload.name' must be one of transfer, tpcb" in refused(folder)


def test_times_in_an_order_that_cannot_be_are_named(folder: Path) -> None:
    good = pd.read_parquet(folder / OPS)
    change(folder, OPS, "end_ns", int(good["start_ns"][2]) - 2_000_000)
    assert "row 3: end_ns is 2 ms before start_ns" in refused(folder)
    good.assign(start_ns=good["intended_ns"] - 1).to_parquet(folder / OPS)
    assert "row 1: start_ns is 1e-06 ms before intended_ns" in refused(folder)
    good.assign(start_ns=good["intended_ns"], end_ns=good["intended_ns"]).to_parquet(folder / OPS)
    assert len(load_history(folder).ops) == len(good)


@pytest.mark.parametrize("attempt", [0, -1])
def test_an_attempt_before_the_first_is_named(folder: Path, attempt: int) -> None:
    change(folder, OPS, "attempt", attempt)
    assert f"row 3: attempt {attempt}; expected 1 for the first" in refused(folder)


@pytest.mark.parametrize("row", [1, 3, 8])
def test_one_time_of_another_clock_is_named_and_costs_nothing(folder: Path, row: int) -> None:
    for column in ("intended_ns", "start_ns", "end_ns"):
        change(folder, OPS, column, EPOCH_NS, row=row)
    assert f"row {row}: intended_ns {EPOCH_NS} is far from the other operations" in refused(folder)


def test_all_times_of_one_other_clock_are_as_good(folder: Path) -> None:
    good = pd.read_parquet(folder / OPS)
    shift = {name: good[name] + EPOCH_NS for name in ("intended_ns", "start_ns", "end_ns")}
    good.assign(**shift).to_parquet(folder / OPS)
    (folder / "observed.parquet").unlink()
    assert judge(load_history(folder)).verdict == "pass"


@pytest.mark.parametrize(
    ("load", "far"), [({"duration": "8s", "drain": "10s"}, True), ({"duration": "2h"}, False), ({}, False)]
)
def test_how_far_an_operation_may_be_is_what_the_load_lasted(folder: Path, load: dict[str, str], far: bool) -> None:
    (folder / "manifest.json").write_text(json.dumps({"scenario": {"load": load}}))
    late_ns = int(pd.read_parquet(folder / OPS)["start_ns"][2]) + 3600 * 10**9
    change(folder, OPS, "end_ns", late_ns)
    if far:
        assert f"row 3: end_ns {late_ns} is far from the other operations" in refused(folder)
    else:
        assert load_history(folder).ops["end_ns"].max() == late_ns


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("kind", "pods", 'row 1: kind "pods" is unknown; expected one of pod, proxy'),
        ("role", "PRIMARY", 'row 1: role "PRIMARY" is unknown; expected one of primary, replica'),
        ("view", "node1", 'row 1: view "node1" is not a JSON object'),
        ("endpoints", "[1]", 'row 1: endpoints "[1]" is not a JSON object'),
        ("at_ns", EPOCH_NS, f"row 1: at_ns {EPOCH_NS} is far from the load"),
    ],
)
def test_a_sample_that_cannot_be_is_named(folder: Path, column: str, value: Any, told: str) -> None:
    load_history(folder)
    change(folder, "observed.parquet", column, value, row=1)
    assert f"{folder / 'observed.parquet'}: {told}" in refused(folder)


STEP = {"id": 0, "step": "injected", "at_ns": 5_000_000_000_000, "fault": "kill", "target": "primary", "pod": "node1"}


def steps(folder: Path, *lines: dict[str, Any]) -> None:
    (folder / "faults.jsonl").write_text("".join(json.dumps(STEP | line) + "\n" for line in lines))


def test_a_story_that_can_be_is_read(folder: Path) -> None:
    later = STEP["at_ns"] + 1  # type: ignore[operator]
    names = ("planned", "injected", "bitten", "healed", "clean")
    seen = {"container": "running"}
    steps(folder, *({"step": name, "at_ns": later, "ok": True, "evidence": seen} for name in names))
    assert load_history(folder).faults[0].clean


@pytest.mark.parametrize("evidence", [{}, None])
def test_what_nothing_shows_is_not_so(folder: Path, evidence: object) -> None:
    lines = [{"step": name, "at_ns": STEP["at_ns"], "ok": True, "evidence": evidence} for name in ("bitten", "clean")]
    steps(folder, {"step": "injected"}, *lines)
    (fault,) = load_history(folder).faults
    assert (fault.bitten, fault.clean) == (False, False)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            [{"step": "bitn"}],
            "1: not a fault step: 'step' must be one of planned, injected, bitten, healed, clean, not \"bitn\"",
        ),
        (
            [{}, {"step": "healed", "at_ns": 4_999_000_000_000}],
            "2: not a fault step: id 0 is healed 1000 ms before it is injected",
        ),
        ([{}, {"step": "clean", "at_ns": 4_999_000_000_000}], "id 0 is clean 1000 ms before it is injected"),
        ([{"step": "bitten"}, {"at_ns": 5_000_001_000_000}], "id 0 is bitten 1 ms before it is injected"),
        ([{"step": "healed"}, {"step": "clean", "at_ns": 4_999_999_000_000}], "id 0 is clean 1 ms before it is healed"),
        (
            [{}, {"step": "healed"}, {"step": "bitten", "at_ns": 5_000_001_000_000}],
            "3: not a fault step: id 0 is healed 1 ms before it is bitten",
        ),
        ([{}, {}], "2: not a fault step: step 'injected' of id 0 is there already"),
        (
            [{}, {"step": "bitten", "fault": "pause"}],
            '2: not a fault step: \'fault\' of id 0 is "kill" before and "pause" here',
        ),
        ([{"at_ns": EPOCH_NS}], f"1: not a fault step: at_ns {EPOCH_NS} is more than 7 days from the load"),
        (
            [{"at_ns": 5.5}],
            "1: not a fault step: 'at_ns' must be a time in whole nanoseconds of CLOCK_MONOTONIC, not 5.5",
        ),
        ([{"id": True}], "1: not a fault step: 'id' must be a whole number from 0 up, not true"),
        ([{"ok": "yes"}], "1: not a fault step: 'ok' must be true or false, not \"yes\""),
        ([{"pod": {}}], "1: not a fault step: 'pod' must be the name of a pod, or a list of names, not {}"),
    ],
)
def test_a_story_that_cannot_be_is_named(folder: Path, lines: list[dict[str, Any]], told: str) -> None:
    steps(folder, *lines)
    assert told in refused(folder)


def test_a_missing_value_is_asked_for_in_plain_words(folder: Path) -> None:
    (folder / "faults.jsonl").write_text('{"step": "planned", "fault": "kill", "target": "primary"}\n')
    assert refused(folder).endswith(
        "faults.jsonl:1: not a fault step: 'id' is missing; expected a whole number from 0 up"
    )
    (folder / "faults.jsonl").write_text('{"id": 0,\n')
    assert refused(folder).endswith("faults.jsonl:1: not a fault step: no JSON at column 10")
    (folder / "faults.jsonl").unlink()
    (folder / "decisions.jsonl").write_bytes(b'{"at_ns": 5, "event": "\xff"}\n')
    assert refused(folder).endswith("decisions.jsonl: not readable as text: byte 24 is not UTF-8")


def test_a_number_written_as_a_float_is_the_number_and_an_odd_line_end_ends_no_line(folder: Path) -> None:
    line = json.dumps(STEP | {"at_ns": 5e12, "evidence": {"said": "a\u2028b\x85c"}}, ensure_ascii=False)
    (folder / "faults.jsonl").write_text(line + "\r\n")
    assert load_history(folder).faults[0].injected_ns == 5_000_000_000_000


@pytest.mark.parametrize(
    ("nodes", "told"),
    [
        ({"node1": None}, None),
        ({"node1": [1]}, "'node1' must be an object, not [1]"),
        ({"node1": {"role": "Primary"}}, "node1: 'role' must be one of primary, replica, not \"Primary\""),
        ({"node1": {"checksums": {"accounts": [7]}}}, "node1: checksums: 'accounts' must be a whole number or text"),
        ({"node1": {"gtid_executed": 7}}, "node1: 'gtid_executed' must be text, not 7"),
    ],
)
def test_a_pod_s_record_of_another_kind_is_named(folder: Path, nodes: dict[str, Any], told: str | None) -> None:
    (folder / "final" / "nodes.json").write_text(json.dumps(nodes))
    assert re.escape(told or "'node1' must be an object, not null") in re.escape(refused(folder))
