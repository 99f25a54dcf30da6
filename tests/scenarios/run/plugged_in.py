"""What `test_plug_ins` has a process of its own run, in which there is one more check, or one more workload."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pandas as pd
import pytest

from checks.registry import CHECKS, GATES
from cluster.errors import ConfigurationError
from cluster.platform.fake import FakePlatform
from loadgen.workload import op_key
from loadgen.workloads.registry import create
from reports.summary_types import Summary
from scenarios.cli.listing import lines
from scenarios.run.run import Run
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.tables import BLOCKS
from tests.checks.conftest import Run as Told
from tests.scenarios.run.world import TEXT, World, world

__all__ = ["world"]  # the fixture
pytestmark = pytest.mark.usefixtures("no_figures")


def scenario(tmp_path: Path, *, workload: str, gates: str) -> Scenario:
    file = tmp_path / "tiny.yaml"
    kept = [line for line in TEXT.splitlines() if not line.startswith(("workload:", "gates:"))]
    file.write_text("\n".join([*kept, f"workload: {workload}", f"gates: {gates}", ""]))
    return read_scenario(str(file))


def judged(tmp_path: Path, of: Scenario) -> Summary:
    run = Run(of, platform=FakePlatform(), runs=tmp_path / "runs", command=["meshbench", "run", "tiny"])
    return run.execute(lambda _: None)


def test_the_new_check_decides_its_gate(world: World, tmp_path: Path) -> None:
    own = scenario(tmp_path, workload="{name: transfer, accounts: 10}", gates="{largest: 5}")
    assert "whales" in (own.gates.require or []), "it is decided by every transfer, so it must be"
    assert any("largest 5" in line for line in lines(own))
    summary = judged(tmp_path, own)
    assert summary["verdict"] == "pass", summary["why"]
    (row,) = [row for row in summary["gates"] if row["name"] == "largest"]
    assert (row["expected"], row["measured"], row["verdict"]) == (5, 1, "pass")

    broken = judged(tmp_path, scenario(tmp_path, workload="{name: transfer, accounts: 10}", gates="{largest: 0}"))
    assert (broken["verdict"], broken["failed"]) == ("fail", ["whales"])
    (check,) = [check for check in broken["checks"] if check["name"] == "whales"]
    assert check["witness"] == [{"what": "a whale", "amount": 1}]

    with pytest.raises(ConfigurationError, match=r"gates.largest: .*got -1"):
        scenario(tmp_path, workload="transfer", gates="{largest: -1}")
    with pytest.raises(ConfigurationError, match="workload tpcb cannot decide it; what can: transfer"):
        scenario(tmp_path, workload="tpcb", gates="{largest: 5}")
    assert "| whales | did one transfer move too much? |" in BLOCKS["checks"]()
    assert "| `largest` | at most | the largest amount that one transfer moved |" in BLOCKS["gates"]()
    assert list(CHECKS)[-1] == "locustfile", "after what there was, and before a user's own verdict"
    assert "largest" in GATES


def test_the_new_workload_is_run_and_judged(world: World, tmp_path: Path) -> None:
    own = scenario(tmp_path, workload="{name: ticks, clocks: 3}", gates="{read_outage: 1s}")
    assert own.workload.options == {"clocks": 3}
    assert set(own.gates.require or []) == {"durability", "duplicates", "availability", "convergence", "replication"}

    told, rng = Told(), random.Random(1)
    workload = create(own.workload.config(isolation="repeatable-read"))
    for number in range(100):
        op = workload.next(rng, op_key(seed=1, worker=0, sequence=number))
        told.op(op.key, op.f, op.value, at_ms=20 * number)
    told.op("1-0-100", "tick", {"clock": 1}, at_ms=1999, outcome="fail", error="stopped")
    for at_ms in range(0, 2000, 40):
        told.pod(at_ms, "node1", role="primary", read_only=False)
        for name in ("node2", "node3"):
            told.pod(at_ms, name)
    ticks = [row["key"] for row in told.rows if row["f"] == "tick" and row["outcome"] == "ok"]
    keys = pd.DataFrame([{"node": node, "key": key} for node in told.nodes for key in ticks])
    world.history = told.history(final={"keys": keys})
    summary = judged(tmp_path, own)
    assert summary["verdict"] == "pass", (summary["why"], summary["void_reasons"])
    assert summary["rpo"]["acked"] == len(ticks), "a look is no write"
    assert summary["load"]["refused"] == 1
    manifest = json.loads((tmp_path / "runs" / "latest" / "manifest.json").read_text())
    assert manifest["workload"] == {
        "operations": ["look", "tick"],
        "reads": ["look"],
        "refusals": ["stopped"],
        "keyed": True,
        "read_port": [],
    }

    world.history = told.history(final={"keys": keys[keys["key"] != ticks[0]]})
    summary = judged(tmp_path, own)
    assert (summary["verdict"], summary["rpo"]["lost"]) == ("fail", 1)
    assert "| `ticks` | clocks that tick, and are looked at |" in BLOCKS["workloads"]()
