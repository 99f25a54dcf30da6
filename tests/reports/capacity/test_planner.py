"""The planner's table: from what was measured alike, and never beyond it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.capacity.content import PlannerRow
from reports.capacity.write import write_capacity
from reports.seal import seal
from tests.reports.capacity.contents import bare, full, none_met

pytestmark = pytest.mark.usefixtures("undrawn")


def beside(runs: Path, name: str, **changed: Any) -> Path:
    """A sealed capacity run of another system, beside the one that is written."""
    folder = runs / "capacity" / name
    folder.mkdir(parents=True)
    write_capacity(full(**changed) if "n_minus_1" not in changed else bare(**changed), folder)
    seal(folder)
    return folder


def planned(runs: Path, **changed: Any) -> dict[tuple[float, int], PlannerRow]:
    folder = runs / "capacity" / "now"
    folder.mkdir(parents=True, exist_ok=True)
    return {(row["needed_tps"], row["nodes_lost"]): row for row in write_capacity(full(**changed), folder)["planner"]}


def test_a_rate_is_carried_by_what_was_measured_and_nothing_beyond_is(tmp_path: Path) -> None:
    rows = planned(tmp_path)
    assert (rows[500, 0]["carries_tps"], rows[500, 0]["folder"]) == (1043.5, ".")
    assert (rows[500, 1]["carries_tps"], rows[500, 1]["words"]) == (870.0, "group behind envoy, 3 nodes")
    assert rows[1000, 1]["carries_tps"] is None
    assert rows[1000, 1]["words"] == "nothing that was measured carries that: the most is 870/s"
    assert max(needed for needed, _ in rows) == 2000


def test_the_smallest_system_that_carries_it_is_chosen(tmp_path: Path) -> None:
    beside(tmp_path, "small", topology="single", pods=1, max_tps=600.0, n_minus_1=None)
    rows = planned(tmp_path)
    assert (rows[500, 0]["topology"], rows[500, 0]["folder"]) == ("single", "../small")
    assert rows[1000, 0]["topology"] == "group"
    assert rows[500, 1]["topology"] == "group", "nobody measured the single server with its node lost"


def test_only_the_same_machine_objective_and_workload_compare(tmp_path: Path) -> None:
    small: dict[str, Any] = {"topology": "single", "pods": 1, "n_minus_1": None}
    beside(tmp_path, "host", **small, host={"machine": "x86_64", "cores": 64})
    beside(tmp_path, "slo", **small, slo=["response_p99<=251ms", "success_ratio>=0.999"])
    beside(tmp_path, "work", **small, workload="tpcc")
    assert {row["topology"] for row in planned(tmp_path).values()} == {"group", None}
    beside(tmp_path, "same", **small, slo=["success_ratio>=0.999", "response_p99<=0.25s"])
    assert planned(tmp_path)[500, 0]["topology"] == "single"


def test_a_folder_that_was_altered_or_never_sealed_is_no_evidence(tmp_path: Path) -> None:
    small: dict[str, Any] = {"topology": "single", "pods": 1, "n_minus_1": None}
    file = beside(tmp_path, "altered", **small) / "capacity.json"
    file.write_text(file.read_text().replace("1043.5", "9043.5"))
    (beside(tmp_path, "unsealed", **small) / "SHA256SUMS").unlink()
    (beside(tmp_path, "torn", **small) / "capacity.json").write_text("{")
    assert {row["topology"] for row in planned(tmp_path).values()} == {"group", None}


def test_what_did_not_hold_when_tried_again_carries_nothing(tmp_path: Path) -> None:
    content = full()
    content["verify"]["below"] = {"offered_tps": 991.0, "holds": False, "words": "p99 300 ms"}
    lost = content["n_minus_1"]
    assert lost is not None
    assert lost["safe_verified"] is not None
    lost["safe_verified"]["holds"] = None
    assert write_capacity(content, tmp_path)["planner"] == []
    assert write_capacity(none_met(), tmp_path)["planner"] == []
