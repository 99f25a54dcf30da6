"""A trial as a row: what is taken of the folder, of one of an older version too, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from history.json_files import HistoryError
from reports.trends.metrics import METRICS, numbers
from reports.trends.row import from_json, row_of, scenario_digest
from tests.sealed_runs import RECORDED, in_suite, sealed_run


def test_a_row_says_what_was_run_on_what_and_how_it_ended(tmp_path: Path) -> None:
    sentinel = {"cpu_s": 0.5, "fsync_ms": 2.0}
    folder = sealed_run(tmp_path, 3, manifest={"part_of": in_suite(2, sentinel=sentinel)})
    row = row_of(folder, runs=tmp_path)
    assert (row.folder, row.scenario, row.cell) == (
        folder.relative_to(tmp_path).as_posix(),
        "primary-kill",
        "group / envoy",
    )
    assert (row.topology, row.pods, row.mesh, row.workload, row.seed) == ("group", 3, "envoy", "transfer", 3)
    assert row.started_at == "2026-11-01T05:00:00+00:00"
    assert row.versions["mysqld"].startswith("9.")
    assert "cores" in row.host
    assert row.verdict == "pass"
    assert row.part_of is not None
    assert row.part_of.sentinel is not None
    assert (row.part_of.name, row.part_of.trial, row.part_of.sentinel.fsync_ms) == ("nightly", 2, 2.0)
    assert row.numbers["write_outage_ms"] == 6000.0


def test_a_row_is_the_same_after_json(tmp_path: Path) -> None:
    row = row_of(sealed_run(tmp_path, 1, manifest={"part_of": in_suite(1)}), runs=tmp_path)
    assert from_json(json.loads(json.dumps(row.as_json()))) == row


def test_a_row_with_keys_of_a_newer_version_is_read_and_one_without_its_own_is_refused(tmp_path: Path) -> None:
    row = row_of(sealed_run(tmp_path, 1), runs=tmp_path)
    assert from_json({**row.as_json(), "invented_later": 1}) == row
    less = row.as_json()
    del less["cell"]
    with pytest.raises(HistoryError, match="cell"):
        from_json(less)


def test_the_numbers_of_a_recorded_run_are_those_of_its_summary_and_its_steps() -> None:
    summary = json.loads((RECORDED / "group.summary.json").read_text())
    known = numbers(summary)
    assert set(known) <= set(METRICS)
    assert known["write_outage_ms"] == summary["write_outage_ms"]
    assert known["response_p99_ms"] == summary["load"]["response_ms"]["p99"]
    assert known["lost"] == summary["rpo"]["lost"]
    steps = {step["step"]: step["since_ms"] for step in summary["faults"][0]["waterfall"]}
    assert known["step_detected_ms"] == steps["detected"]
    assert known["step_elected_ms"] == pytest.approx(steps["elected"] - steps["detected"])
    assert known["step_rerouted_ms"] == pytest.approx(steps["rerouted"] - steps["elected"])


def test_a_step_after_one_that_nobody_saw_has_no_duration() -> None:
    since_ms = {"injected": 0.0, "detected": 900.0, "elected": None, "rerouted": 2000.0, "first_ack": 2100.0}
    summary = {"faults": [{"waterfall": [{"step": step, "since_ms": at} for step, at in since_ms.items()]}]}
    known = numbers(summary)  # type: ignore[arg-type]  # of an older version: it has nothing else
    assert known == {"step_detected_ms": 900.0, "step_first_ack_ms": pytest.approx(100.0)}


def test_the_first_write_after_a_replica_was_lost_waits_for_no_detection() -> None:
    since_ms = {"injected": 0.0, "detected": 900.0, "first_ack": 40.0, "steady": 3040.0}
    summary = {"faults": [{"waterfall": [{"step": step, "since_ms": at} for step, at in since_ms.items()]}]}
    known = numbers(summary)  # type: ignore[arg-type]
    assert known == {"step_detected_ms": 900.0, "step_first_ack_ms": 40.0, "step_steady_ms": 3000.0}


def test_a_summary_of_yesterday_without_the_newest_members_gives_the_numbers_that_it_has() -> None:
    summary = json.loads((RECORDED / "single.summary.json").read_text())
    for name in ("phases", "brownout_ms", "rpo"):
        del summary[name]
    known = numbers(summary)
    assert "achieved_tps" in known
    assert known.keys().isdisjoint({"brownout_ms", "lost", "response_p99_after_ms"})


def test_seed_name_texts_and_gates_do_not_change_the_digest_of_a_scenario_and_all_else_does() -> None:
    scenario = {"name": "a", "seed": 1, "teaches": "x", "gates": {"lost": 0}, "mesh": {"fall": 2}}
    same = {"name": "b", "seed": 2, "teaches": "y", "gates": {}, "mesh": {"fall": 2}}
    assert scenario_digest(scenario) == scenario_digest(same)
    assert scenario_digest(scenario) != scenario_digest({**scenario, "mesh": {"fall": 3}})


@pytest.mark.parametrize("name", ["summary.json", "manifest.json", "SHA256SUMS"])
def test_a_folder_without_one_of_its_files_is_refused_and_the_file_named(tmp_path: Path, name: str) -> None:
    folder = sealed_run(tmp_path, 1)
    (folder / name).unlink()
    with pytest.raises(HistoryError, match=name):
        row_of(folder, runs=tmp_path)


def test_a_summary_of_something_else_is_refused_in_a_line(tmp_path: Path) -> None:
    folder = sealed_run(tmp_path, 1)
    (folder / "summary.json").write_text('{"faults": 3, "verdict": "pass"}')
    with pytest.raises(HistoryError, match=r"is not of a run: (there is no \w+ in it|one of its values is not of)"):
        row_of(folder, runs=tmp_path)
