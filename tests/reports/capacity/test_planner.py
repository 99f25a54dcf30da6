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


@pytest.mark.slow
def test_only_the_same_machine_objective_and_workload_compare(tmp_path: Path) -> None:
    small: dict[str, Any] = {"topology": "single", "pods": 1, "n_minus_1": None}
    beside(tmp_path, "host", **small, host={"machine": "x86_64", "cores": 64})
    beside(tmp_path, "slo", **small, slo=["response_p99<=251ms", "success_ratio>=0.999"])
    beside(tmp_path, "work", **small, workload="tpcc")
    assert {row["topology"] for row in planned(tmp_path).values()} == {"group", None}
    beside(tmp_path, "same", **small, slo=["success_ratio>=0.999", "response_p99<=0.25s"])
    assert planned(tmp_path)[500, 0]["topology"] == "single"


def settings(
    *, kind: str = "group", down_after: str | None = None, read_share: float = 0.0, **load_or_mysql: Any
) -> dict[str, Any]:
    """As a resolved scenario has them. load_or_mysql: image, my_cnf and config are MySQL's."""
    mysql: dict[str, Any] = {"image": "default", "my_cnf": None, "config": {}}
    mysql |= {key: load_or_mysql.pop(key) for key in tuple(load_or_mysql) if key in mysql}
    return {
        "name": kind,
        "teaches": f"how {kind} carries a load",
        "topology": {"kind": kind},
        "mesh": {"mode": "direct"},
        "control": {"down_after": down_after},
        "mysql": mysql,
        "workload": {"name": "transfer", "read_share": read_share},
        "load": {"connections": 32, "workers": 1, "retry": {"mode": "none"}} | load_or_mysql,
        "gates": {"require": [kind]},
        "seed": len(kind),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "otherwise",
    [
        {"read_share": 1.0},
        {"config": {"sync_binlog": 0, "innodb_flush_log_at_trx_commit": 0}},
        {"image": "mysql:8.4"},
        {"my_cnf": "mine.cnf"},
        {"connections": 64},
        {"workers": 2},
        {"retry": {"mode": "safe"}},
        {"environment": {"BANK": "(not recorded)"}},
    ],
    ids=lambda otherwise: next(iter(otherwise)),
)
def test_what_was_measured_with_another_load_or_other_durability_is_not_compared(
    tmp_path: Path, otherwise: dict[str, Any]
) -> None:
    small: dict[str, Any] = {"topology": "single", "pods": 1, "max_tps": 5000.0, "n_minus_1": None}
    beside(tmp_path, "other", **small, settings=settings(kind="single", **otherwise))
    assert {row["topology"] for row in planned(tmp_path, settings=settings()).values()} == {"group", None}


def test_what_belongs_to_the_topology_itself_does_not_keep_systems_from_being_compared(tmp_path: Path) -> None:
    small: dict[str, Any] = {"topology": "async", "pods": 2, "n_minus_1": None}
    beside(tmp_path, "other", **small, settings=settings(kind="async", down_after="1s", config={"sync_binlog": 1}))
    group = settings(
        config={
            "group_replication_paxos_single_leader": True,
            "loose-group-replication-member-expel-timeout": 0,
            "sync-binlog": 1,
        }
    )
    assert planned(tmp_path, settings=group)[500, 0]["topology"] == "async"


def test_of_equal_systems_the_newest_run_counts_and_not_the_best(tmp_path: Path) -> None:
    small: dict[str, Any] = {"topology": "single", "pods": 1, "n_minus_1": None}
    # By the time in the file, whatever the folder is called and whatever zone the time is told in.
    beside(tmp_path, "c", **small, max_tps=1900.0, started_at="2026-02-01T23:30:00Z")
    beside(tmp_path, "a", **small, max_tps=150.0, started_at="2026-02-01T23:00:00-02:00")
    beside(tmp_path, "b", **small, max_tps=1950.0, started_at="2025-02-01T02:00:00Z")
    rows = planned(tmp_path)
    assert (rows[100, 0]["topology"], rows[100, 0]["folder"], rows[100, 0]["started_at"]) == (
        "single",
        "../a",
        "2026-02-01T23:00:00-02:00",
    )
    assert (rows[200, 0]["topology"], rows[200, 0]["started_at"]) == ("group", "2026-03-01T02:00:00Z")
    assert rows[2000, 0]["started_at"] == "2026-03-01T02:00:00Z", "of the one that carries most"
    page = (tmp_path / "capacity" / "now" / "report.html").read_text()
    assert '<td data-label="measured">2026-02-01</td>' in page


@pytest.mark.slow
def test_a_newer_run_that_found_no_rate_leaves_its_system_nothing_and_one_cut_short_says_nothing(
    tmp_path: Path,
) -> None:
    small: dict[str, Any] = {"topology": "single", "pods": 1, "n_minus_1": None}
    beside(tmp_path, "old", **small, max_tps=600.0, started_at="2026-02-01T02:00:00Z")
    nothing: dict[str, Any] = {**small, "max_tps": None, "verdict": "void"}
    beside(tmp_path, "noisy", **nothing, started_at="2026-02-02T02:00:00Z")
    beside(tmp_path, "cut", **(small | {"max_tps": 9000.0, "interrupted": True}), started_at="2026-02-03T02:00:00Z")
    assert planned(tmp_path)[500, 0]["folder"] == "../old"
    beside(tmp_path, "none", **(nothing | {"verdict": "fail"}), started_at="2026-02-04T02:00:00Z")
    assert planned(tmp_path)[500, 0]["folder"] == "."


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ["fail", "void", "broken"])
def test_this_run_is_the_newest_of_its_system_also_where_it_found_no_maximum(tmp_path: Path, verdict: str) -> None:
    beside(tmp_path, "old", started_at="2099-01-01T00:00:00Z")
    folder = tmp_path / "capacity" / "now"
    folder.mkdir()
    assert write_capacity(bare(verdict=verdict, max_tps=None), folder)["planner"] == []


def test_where_the_newest_run_lost_no_node_the_one_before_it_that_did_is_asked(tmp_path: Path) -> None:
    beside(tmp_path, "old", started_at="2026-02-01T02:00:00Z")
    folder = tmp_path / "capacity" / "now"
    folder.mkdir()
    rows = {(row["needed_tps"], row["nodes_lost"]): row for row in write_capacity(bare(), folder)["planner"]}
    assert (rows[500, 0]["folder"], rows[500, 1]["folder"], rows[500, 1]["carries_tps"]) == (".", "../old", 870.0)
    slower = write_capacity(bare(max_tps=300.0), folder)["planner"]
    assert {row["nodes_lost"] for row in slower} == {0}, "870/s with a node dead, of a system that carries 300/s"


@pytest.mark.slow
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
