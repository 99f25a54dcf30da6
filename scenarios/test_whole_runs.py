"""Whole runs beside the catalogue's stories, each exactly what ``meshbench run`` or ``meshbench matrix`` does.

``make test`` makes the shortest of them; those marked ``nightly`` are for ``make nightly``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.platform.docker_platform import DockerPlatform
from cluster.topologies.lookup import replication_of
from loadgen.workloads.registry import WORKLOADS
from reports.schema import validate
from reports.summary_types import Summary
from scenarios.matrix.matrix import Matrix
from scenarios.matrix.plan import plan
from scenarios.run.run import Run, require_images
from scenarios.schema.read import read_scenario
from scenarios.test_stories import assert_complete

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("engine")]

#: One pod without a proxy and a short load: what is tried is the workload or the load model, not the cluster.
SMALL = ("topology.kind=single", "topology.pods=1", "mesh=direct")
#: Two rows an operation at most, checked much like `transfer`, which every story carries.
ALIKE = frozenset({"transfer", "tpcb", "smallbank"})
Go = Callable[..., Summary]


@pytest.fixture
def go(run_dir: Path, seed: int) -> Go:
    """go(scenario, *settings): run it, as the command line would, and return its summary."""

    def run(name: str, *settings: str) -> Summary:
        scenario = read_scenario(name, settings=list(settings), seed=seed)
        platform = DockerPlatform()
        require_images(scenario, platform)
        words = [word for setting in settings for word in ("--set", setting)]
        one = Run(
            scenario, platform=platform, runs=run_dir, command=["meshbench", "run", name, *words, "--seed", str(seed)]
        )
        return one.execute(lambda _: None)

    return run


def assert_passed(summary: Summary) -> None:
    assert summary["verdict"] == "pass", summary["why"]
    assert summary["rpo"]["lost"] in (0, None)


@pytest.mark.nightly
@pytest.mark.parametrize("mesh", ["haproxy", "router", "sidecar", "mtls"])
def test_a_killed_primary_through_every_other_proxy(go: Go, mesh: str) -> None:
    summary = go("primary-kill", f"mesh={mesh}")
    assert_passed(summary)
    assert_complete(summary["faults"][0]["waterfall"])


@pytest.mark.nightly
@pytest.mark.parametrize(("topology", "mesh"), [("group", "router"), ("semisync", "mtls"), ("async", "haproxy")])
def test_a_killed_primary_where_the_server_demands_tls(go: Go, topology: str, mesh: str) -> None:
    summary = go(
        "primary-kill",
        f"topology.kind={topology}",
        f"mesh={mesh}",
        "mysql.config={require_secure_transport: true}",
        "gates.brownout=30s",  # the options that keep a group's short are not set here
        "gates.write_outage=40s",
    )
    assert summary["load_model"]["tls"]
    assert summary["faults"][0]["bitten"]
    assert summary["rpo"]["lost"] == 0 or replication_of(topology).guarantee == "primary"


@pytest.mark.nightly
def test_a_killed_member_of_a_group_in_which_all_lead(go: Go) -> None:
    summary = go("primary-kill", "topology.kind=group-multi")
    assert_passed(summary)
    assert summary["faults"][0]["bitten"]


@pytest.mark.nightly
def test_under_one_timeline_async_loses_what_semi_sync_keeps(go: Go) -> None:
    kept, lost = go("semisync-no-loss"), go("control-async-loss")
    assert_passed(kept)
    assert lost["verdict"] == "fail"
    assert lost["rpo"]["lost"]
    assert lost["headline"]["money"].startswith(f"{lost['rpo']['lost']:,} of ")


@pytest.mark.parametrize(
    "workload", [pytest.param(name, marks=[pytest.mark.nightly] if name in ALIKE else []) for name in WORKLOADS]
)
def test_steady_carries_every_workload(go: Go, workload: str) -> None:
    summary = go("steady", *SMALL, f"workload={workload}", "load.rate=30", "load.duration=5s")
    assert_passed(summary)
    undecided = [check["name"] for check in summary["checks"] if check["verdict"] == "unknown"]
    assert set(undecided) <= {"latency", "replication"}, "each workload's own invariants are decided"


@pytest.mark.nightly
def test_a_share_of_the_measured_maximum_is_what_the_load_offers(go: Go) -> None:
    summary = go("steady", *SMALL, "load.duration=8s", "load.rate=70%", "load.calibrate=6s")
    assert_passed(summary)
    maximum_tps = summary["load_model"]["measured_maximum_tps"]
    assert summary["load"]["offered_tps"] == pytest.approx(0.7 * maximum_tps, rel=0.1)


@pytest.mark.nightly
def test_a_matrix_of_two_by_two(run_dir: Path, seed: int) -> None:
    settings = ["load.duration=30s", "load.rate=100"]
    planned = plan(
        "primary-kill",
        topologies=["semisync", "group"],
        meshes=["direct", "envoy"],
        settings=settings,
        trials=1,
        seed=seed,
    )
    matrix = Matrix(planned, name="primary-kill", runs=run_dir, command=["meshbench", "matrix", "primary-kill"])
    content = matrix.execute()
    assert {(cell["topology"], cell["mesh"]) for cell in content["cells"]} == {
        (topology, mesh) for topology in ("semisync", "group") for mesh in ("direct", "envoy")
    }
    for cell in content["cells"]:
        assert [trial["verdict"] for trial in cell["trials"]] != ["broken"], cell
        assert cell["rpo"]["lost"] == 0, cell
    assert (matrix.folder / "report.html").is_file()


@pytest.mark.nightly
def test_a_varied_option_of_mysqld_is_read_back_from_the_pods_and_its_cells_are_ranked(
    run_dir: Path, seed: int
) -> None:
    option = "innodb_flush_log_at_trx_commit"
    planned = plan(
        "steady",
        topologies=None,
        meshes=None,
        vary=[f"mysql.config.{option}=1,2"],
        settings=[*SMALL, "load.duration=8s", "load.rate=50"],
        seed=seed,
    )
    matrix = Matrix(planned, name="steady", runs=run_dir, command=["meshbench", "matrix", "steady"])
    content = matrix.execute()
    validate(content, "matrix")
    assert content["verdict"] == "pass", content["headline"]
    assert content["axes"] == [{"key": f"mysql.config.{option}", "values": ["1", "2"]}]
    assert content["frontier_metrics"] == ["write_outage_ms", "lost_per_trial", "response_before_p99_ms"]
    cells = {one["asked"]: cell for cell in content["cells"] for one in cell["varied"]}
    assert set(cells) == {"1", "2"}
    for asked, cell in cells.items():
        assert [(one["in_force"], one["source"]) for one in cell["varied"]] == [([asked], "SHOW GLOBAL VARIABLES")]
        (trial,) = cell["trials"]
        assert trial["folder"] is not None
        manifest = json.loads((matrix.folder / trial["folder"] / "manifest.json").read_text())
        assert {told[option] for told in manifest["variables"].values()} == {asked}
        assert cell["frontier"]["lost_per_trial"] == 0
    best = [cell["name"] for cell in cells.values() if cell["frontier"]["in_set"]]
    beaten = [cell for cell in cells.values() if cell["frontier"]["in_set"] is False]
    assert best
    assert len(best) + len(beaten) == 2
    assert all(one["cell"] in best for cell in beaten for one in cell["frontier"]["dominated_by"])
    assert option in (matrix.folder / "report.html").read_text()
