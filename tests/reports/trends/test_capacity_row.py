"""A capacity run in the history: sealed, found by a rebuild, its numbers comparable, and no other run's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from history.json_files import HistoryError
from reports.capacity.content import Measured, StepRow
from reports.capacity.write import write_capacity
from reports.console.beside import beside
from reports.seal import seal
from reports.trends.capacity_row import sealed_row_of
from reports.trends.comparison import compare
from reports.trends.row import TrialRow
from reports.trends.store import Store
from tests.reports.capacity.contents import bare, full, interrupted, none_met, step_row
from tests.sealed_runs import sealed_run

pytestmark = pytest.mark.usefixtures("undrawn")


def capacity(runs: Path, name: str, measured: Measured | None = None) -> Path:
    folder = runs / "capacity" / name
    (folder / "steps" / "01-100" / "ops").mkdir(parents=True)
    (folder / "steps" / "01-100" / "ops" / "ops.parquet").write_bytes(b"rows")
    write_capacity(measured or full(), folder)
    seal(folder)
    return folder


def test_it_has_a_row_with_the_numbers_of_its_file(tmp_path: Path) -> None:
    row = sealed_row_of(capacity(tmp_path, "now"), runs=tmp_path)
    assert (row.scenario, row.cell, row.verdict, row.folder) == (
        "capacity of capacity-group",
        "group / envoy",
        "pass",
        "capacity/now",
    )
    assert row.numbers == {
        "max_tps": 1043.5,
        "safe_tps": 870.0,
        "n_minus_1_ratio": 0.8912,
        "mysqld_cpu_us_per_txn": 812.5,
    }
    assert (row.host, row.commit) == ("x86_64, 2 cores, 23.5 GiB, kernel 6.18.44", "0123abc")
    assert row.counts
    assert (row.part_of and row.part_of.kind, row.part_of and row.part_of.id) == ("capacity", "now")


def test_the_cpu_of_servers_counts_all_of_them_or_is_not_known(tmp_path: Path) -> None:
    def cpu(**pods: Any) -> float | None:
        usage = {"pods": {kind: {"cpu_us_per_txn": us} for kind, us in pods.items()}}
        row = sealed_row_of(capacity(tmp_path, "-".join(pods), bare(steps=[step_row(4.0, usage=usage)])), runs=tmp_path)
        return row.numbers.get("mysqld_cpu_us_per_txn")

    assert cpu(primary=800.0, replica=500.0, proxy=100.0) == 1300.0
    assert cpu(primary=800.0, replica=None) is None
    assert cpu(proxy=100.0) is None


def test_a_rate_above_the_maximum_that_held_once_is_not_the_maximum(tmp_path: Path) -> None:
    def step(offered_tps: float, us: float) -> StepRow:
        usage = {"pods": {"primary": {"cpu_us_per_txn": us}}}
        return step_row(4.0, offered_tps=offered_tps, usage=usage)

    measured = bare(max_tps=1000.0, steps=[step(990.0, 700.0), step(1300.0, 900.0)])
    row = sealed_row_of(capacity(tmp_path, "now", measured), runs=tmp_path)
    assert row.numbers["mysqld_cpu_us_per_txn"] == 700.0


def test_a_rebuild_finds_it_but_not_its_steps(tmp_path: Path) -> None:
    folder = capacity(tmp_path, "now")
    run = sealed_run(tmp_path, 1)
    found = Store(tmp_path).rebuild()
    assert sorted(row.folder for row in found.rows) == ["capacity/now", run.relative_to(tmp_path).as_posix()]
    assert found.left_out == []
    assert Store(tmp_path).update().rows == []
    (folder / "steps" / "01-100" / "ops" / "ops.parquet").write_bytes(b"others")
    left_out = Store(tmp_path).rebuild().left_out
    assert [(one.folder, one.why) for one in left_out] == [
        ("capacity/now", "not as the run left it: steps/01-100/ops/ops.parquet was changed")
    ]


def test_one_that_was_not_sealed_is_no_evidence(tmp_path: Path) -> None:
    (capacity(tmp_path, "now") / "SHA256SUMS").unlink()
    found = Store(tmp_path).rebuild()
    assert found.rows == []
    assert "not a sealed run" in found.left_out[0].why


def test_what_is_void_or_broke_off_never_counts(tmp_path: Path) -> None:
    off = sealed_row_of(capacity(tmp_path, "off", interrupted()), runs=tmp_path)
    broken = sealed_row_of(capacity(tmp_path, "broken", bare(verdict="broken", why="a pod was lost")), runs=tmp_path)
    assert [(row.verdict, row.counts) for row in (off, broken)] == [("void", False), ("void", False)]
    none = sealed_row_of(capacity(tmp_path, "none", none_met()), runs=tmp_path)
    assert (none.verdict, none.counts, none.numbers.get("max_tps")) == ("fail", True, None)


def test_a_capacity_that_fell_is_a_regression(tmp_path: Path) -> None:
    row = sealed_row_of(capacity(tmp_path, "now"), runs=tmp_path)

    def rows(max_tps: float) -> list[TrialRow]:
        return [replace(row, numbers={**row.numbers, "max_tps": max_tps + 5 * trial}) for trial in range(8)]

    (pair,) = compare(rows(1000.0), rows(700.0)).pairs
    assert [(one.metric, one.outcome) for one in pair.findings if one.outcome == "worse"] == [("max_tps", "worse")]


def test_other_objectives_are_another_series(tmp_path: Path) -> None:
    one = sealed_row_of(capacity(tmp_path, "one"), runs=tmp_path)
    same = sealed_row_of(
        capacity(tmp_path, "same", full(slo=["success_ratio>=0.999", "response_p99<=0.25s"])), runs=tmp_path
    )
    other = sealed_row_of(capacity(tmp_path, "other", full(slo=["response_p99<=100ms"])), runs=tmp_path)
    assert one.scenario_digest == same.scenario_digest != other.scenario_digest


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"interrupted": ...}, "there is no interrupted in it"),
        ({"slo": ["p99<=1ms"]}, "--slo 'p99<=1ms': unknown metric 'p99'"),
        ({"settings": 5}, "one of its values is not of the kind that it should be"),
    ],
)
def test_a_file_that_is_not_of_a_capacity_run_is_told_in_plain_words(
    tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    folder = capacity(tmp_path, "now")
    content = json.loads((folder / "capacity.json").read_text()) | changed
    content = {name: value for name, value in content.items() if value is not ...}
    (folder / "capacity.json").write_text(json.dumps(content))
    with pytest.raises(HistoryError) as refused:
        sealed_row_of(folder, runs=tmp_path)
    assert f"capacity.json is not of a capacity run: {why}" in str(refused.value)


def test_the_console_lists_it_with_its_page(tmp_path: Path) -> None:
    capacity(tmp_path, "now")
    (listed,) = beside(tmp_path)
    assert listed.kind == "Capacity"
    assert listed.entries[0].link == "capacity/now/report.html"
    assert (listed.entries[0].verdict, listed.entries[0].words) == ("pass", full()["why"])
