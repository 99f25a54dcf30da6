"""What a matrix computes: which trials are averaged, how a cell and the matrix are judged, and what a mesh costs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from cluster.topology import Topology
from mesh.proxies.lookup import PROXIES
from reports.matrix.csv import COLUMNS, matrix_csv
from reports.matrix.experiment import Cell, Experiment
from reports.matrix.summary import matrix_summary
from reports.matrix.trial_stats import spread, words
from reports.schema import validate
from reports.trials.trial import Trial

DIRECT = Cell(topology="group", mesh="direct")
ENVOY = Cell(topology="group", mesh="envoy")
ASYNC = Cell(topology="async", mesh="envoy")
NEVER = Cell(topology="async", mesh="router", not_applicable="router needs a group")


Judged = Callable[..., dict[str, Any]]
Experiments = Callable[..., Experiment]


def cells_of(made: Experiment) -> dict[tuple[str, str], Any]:
    """Topology and mesh -> cell of a matrix that keeps its schema."""
    matrix = matrix_summary(made)
    validate(matrix, "matrix")
    return {(cell["topology"], cell["mesh"]): cell for cell in matrix["cells"]}


def test_void_and_broken_trials_are_shown_and_never_averaged(
    judged: Judged, void: Judged, experiment: Experiments
) -> None:
    trials = [(ENVOY, judged(outage_ms=2000)), (ENVOY, void(outage_ms=90_000)), (ENVOY, "no space left")]
    cell = cells_of(experiment([ENVOY], [*trials, (ENVOY, judged(outage_ms=3000))]))["group", "envoy"]
    assert cell["write_outage_ms"]["values"] == [2000, 3000]
    assert (cell["write_outage_ms"]["median"], cell["counted"]) == (2500, 2)
    assert [trial["verdict"] for trial in cell["trials"]] == ["pass", "void", "broken", "pass"]
    assert cell["trials"][2]["why"] == "no space left"
    assert cell["verdict"] == "pass"
    steps = ["detected", "elected", "rerouted", "first_ack", "steady", "rejoined"]
    assert [part["step"] for part in cell["waterfall"]] == steps
    assert cell["waterfall"][0]["since_ms"]["values"] == [800, 1200]


def test_a_failed_trial_is_averaged_and_money_is_summed(judged: Judged, experiment: Experiments) -> None:
    trials = [(ASYNC, judged(lost=3, lost_amount=300)), (ASYNC, judged(lost=1, lost_amount=50))]
    cell = cells_of(experiment([ASYNC], [*trials, (ASYNC, judged())]))["async", "envoy"]
    assert cell["verdict"] == "fail"
    assert (cell["rpo"]["lost"], cell["rpo"]["lost_amount"], cell["rpo"]["trials_with_loss"]) == (4, 350, 2)
    assert cell["counted"] == 3


def test_money_lost_in_a_trial_that_would_be_void_is_lost_but_its_times_are_not_averaged(
    judged: Judged, experiment: Experiments
) -> None:
    lossy = judged(lost=2, lost_amount=9) | {"void_reasons": ["the host was noisy"]}
    cell = cells_of(experiment([ASYNC], [(ASYNC, lossy)]))["async", "envoy"]
    assert (cell["verdict"], cell["rpo"]["lost"], cell["write_outage_ms"]) == ("fail", 2, None)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["pass", "pass"], "pass"),
        (["void", "pass"], "pass"),
        (["broken", "pass"], "pass"),
        (["void", "void"], "void"),
        (["broken", "void"], "broken"),
        (["pass", "fail"], "fail"),
        (["void", "fail"], "fail"),
        (["not run", "not run"], "not run"),
    ],
)
def test_the_verdict_of_a_cell(
    judged: Judged, void: Judged, experiment: Experiments, outcomes: list[str], verdict: str
) -> None:
    kinds = {"pass": judged(), "fail": judged(lost=1), "void": void(), "broken": "gone", "not run": None}
    assert (
        cells_of(experiment([ENVOY], [(ENVOY, kinds[one]) for one in outcomes]))["group", "envoy"]["verdict"] == verdict
    )


def test_the_worst_cell_is_the_verdict_of_the_matrix(judged: Judged, void: Judged, experiment: Experiments) -> None:
    trials = [(DIRECT, judged()), (ENVOY, void()), (ASYNC, "gone")]
    cells = [DIRECT, ENVOY, ASYNC, NEVER]
    assert matrix_summary(experiment([DIRECT, NEVER], trials[:1]))["verdict"] == "pass"
    assert matrix_summary(experiment([DIRECT, ENVOY], trials[:2]))["verdict"] == "void"
    assert matrix_summary(experiment(cells, trials))["verdict"] == "broken"
    assert matrix_summary(experiment(cells, [*trials, (DIRECT, judged(lost=1))]))["verdict"] == "fail"


def test_the_mesh_tax_pairs_trials_of_one_seed(judged: Judged, void: Judged, experiment: Experiments) -> None:
    trials = [
        *((DIRECT, judged(p50_ms=4)), (ENVOY, judged(p50_ms=5))),
        *((DIRECT, judged(p50_ms=10)), (ENVOY, judged(p50_ms=30))),
        *((DIRECT, void(p50_ms=1)), (ENVOY, judged(p50_ms=900))),
    ]
    cells = cells_of(experiment([DIRECT, ENVOY, ASYNC], [*trials, (ASYNC, judged())]))
    tax = cells["group", "envoy"]["mesh_tax"]
    assert (tax["absent"], tax["pairs"]) == (None, 2)
    assert tax["response_before_p50_ms"]["ratio"]["values"] == [1.25, 3.0]
    assert tax["response_before_p50_ms"]["difference"]["values"] == [1, 20]
    assert tax["response_before_p99_ms"]["difference"]["median"] == 42
    assert tax["achieved_before_tps"]["ratio"]["median"] == 1
    assert cells["group", "direct"]["mesh_tax"]["absent"] == "it is the baseline"
    assert "no cell async / direct" in cells["async", "envoy"]["mesh_tax"]["absent"]


def test_without_a_pair_that_counts_there_is_no_tax(judged: Judged, void: Judged, experiment: Experiments) -> None:
    tax = cells_of(experiment([DIRECT, ENVOY], [(DIRECT, void()), (ENVOY, judged())]))["group", "envoy"]["mesh_tax"]
    assert tax["absent"] == "not known: trial 1 of group / direct is void: the generator ran late"
    assert tax["response_before_p50_ms"] is None


@pytest.mark.parametrize("slow", [DIRECT, ENVOY])
def test_a_side_that_did_not_keep_up_before_the_fault_is_no_measure_of_the_mesh(
    slow: Cell, judged: Judged, experiment: Experiments
) -> None:
    first = [(cell, judged(p50_ms=900 if cell == slow else 5)) for cell in (DIRECT, ENVOY)]
    tax = cells_of(experiment([DIRECT, ENVOY], first))["group", "envoy"]["mesh_tax"]
    reason = f"trial 1 of group / {slow.mesh} did not keep up before the fault: response p99 3.6 s"
    assert (tax["absent"], tax["pairs"]) == (f"not known: {reason}", 0)
    second = [(DIRECT, judged(p50_ms=4)), (ENVOY, judged(p50_ms=5))]
    tax = cells_of(experiment([DIRECT, ENVOY], [*first, *second]))["group", "envoy"]["mesh_tax"]
    assert (tax["absent"], tax["pairs"], tax["left_out"]) == (None, 1, [reason])
    assert tax["response_before_p50_ms"]["ratio"]["values"] == [1.25]


def test_a_side_that_broke_or_was_not_run_is_named(judged: Judged, experiment: Experiments) -> None:
    for outcome, said in (("the engine died", "is broken"), (None, "was not run")):
        trials = [(DIRECT, outcome), (ENVOY, judged())]
        tax = cells_of(experiment([DIRECT, ENVOY], trials))["group", "envoy"]["mesh_tax"]
        assert tax["absent"] == f"not known: trial 1 of group / direct {said}"


def test_the_quickest_recovery_comes_first_and_what_has_none_last(
    judged: Judged, void: Judged, experiment: Experiments
) -> None:
    trials = [(DIRECT, judged(outage_ms=9000)), (ENVOY, void(outage_ms=1)), (ASYNC, judged(lost=3))]
    matrix = matrix_summary(experiment([NEVER, ENVOY, DIRECT, ASYNC], trials))
    assert [(one["topology"], one["mesh"]) for one in matrix["cells"]] == [
        *(("async", "envoy"), ("group", "direct"), ("group", "envoy"), ("async", "router"))
    ]
    said = " ".join(matrix["headline"])
    assert said.startswith("Writes come back first with async / envoy: 2 s, one trial.")
    assert "by design cannot: group / direct, 9 s." in said
    assert "Acknowledged money was lost with async / envoy: 3 transfers" in said
    assert "By design async can lose acknowledged money" in said
    assert "group / envoy has only void trials" in said
    assert "async / router is not applicable." in said


def test_what_a_topology_promises_follows_from_the_settings_of_its_runs(
    judged: Judged, experiment: Experiments
) -> None:
    semisync = Cell(topology="semisync", mesh="envoy")
    set_so = {"may_lose": True, "why": "sync_binlog = 0 on node1"}
    trials = [{**judged(), "topology": {"kind": "semisync"}, "promise": one} for one in (None, set_so)]
    matrix = matrix_summary(experiment([semisync], [(semisync, one) for one in trials]))
    assert matrix["cells"][0]["promise"] == set_so
    said = " ".join(matrix["headline"])
    assert "With these settings semisync can lose acknowledged money: sync_binlog = 0 on node1." in said
    assert "by design do not" not in said


def test_one_combination_alone_is_not_called_the_first(judged: Judged, void: Judged, experiment: Experiments) -> None:
    matrix = matrix_summary(experiment([DIRECT, ENVOY], [(DIRECT, void()), (ENVOY, judged())]))
    assert matrix["headline"][0] == "Nothing to compare with group / envoy: 2 s, one trial."


@pytest.mark.parametrize(("topology", "warned"), [("semisync", True), ("group", False)])
def test_a_good_result_of_static_routing_is_called_luck(
    judged: Judged, experiment: Experiments, topology: str, warned: bool
) -> None:
    cell = Cell(topology=topology, mesh="router")
    said = PROXIES["router"].describe(Topology(kind=topology, pods=3))
    routed = {**judged(outage_ms=1), "mesh": dict(said)}
    matrix = matrix_summary(experiment([cell, DIRECT], [(cell, routed), (DIRECT, judged())]))
    assert ("by luck" in " ".join(matrix["headline"])) is warned


def test_combinations_that_trials_cannot_tell_apart_are_named_together(judged: Judged, experiment: Experiments) -> None:
    trials = [(cell, judged(outage_ms=ms)) for cell, ms in ((ENVOY, 1000), (DIRECT, 1100), (ENVOY, 1200))]
    matrix = matrix_summary(experiment([ENVOY, DIRECT], [*trials, (DIRECT, judged(outage_ms=1400))]))
    assert "overlap with those of group / direct" in matrix["headline"][1]
    assert "No combination lost acknowledged money in these trials." in matrix["headline"]


def test_decisions_are_told_from_the_moment_of_the_fault(judged: Judged, experiment: Experiments) -> None:
    injected_ns = judged()["faults"][0]["injected_ns"]
    one = {"at_ns": injected_ns + 1_500_000_000, "event": "promoted", "epoch": 3, "pod": "node2", "detail": {}}
    matrix = matrix_summary(experiment([ENVOY], [(ENVOY, {**judged(), "decisions": [one]})]))
    validate(matrix, "matrix")
    assert matrix["cells"][0]["trials"][0]["decisions"] == [
        {"since_ms": 1500.0, "event": "promoted", "epoch": 3, "pod": "node2", "detail": {}}
    ]


def test_the_schema_refuses_an_averaged_void_cell(void: Judged, experiment: Experiments) -> None:
    matrix = matrix_summary(experiment([ENVOY], [(ENVOY, void())]))
    matrix["cells"][0]["write_outage_ms"] = spread([1.0])
    with pytest.raises(jsonschema.ValidationError):
        validate(matrix, "matrix")


def test_the_csv_has_a_row_a_trial_in_the_order_they_were_run(
    judged: Judged, void: Judged, experiment: Experiments
) -> None:
    trials = [(ENVOY, judged()), (DIRECT, void()), (ENVOY, "no, nothing"), (DIRECT, None)]
    rows = list(csv.DictReader(io.StringIO(matrix_csv(matrix_summary(experiment([DIRECT, ENVOY, NEVER], trials))))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["verdict"] for row in rows] == ["pass", "void", "broken", "not run"]
    assert [row["counts"] for row in rows] == ["True", "False", "False", "False"]
    assert (rows[0]["mesh"], rows[0]["write_outage_ms"], rows[0]["elected_ms"]) == ("envoy", "2000", "1600.0")
    assert (rows[2]["why"], rows[2]["write_outage_ms"]) == ("no, nothing", "")


def test_few_trials_have_extremes_and_five_an_interval_within_them() -> None:
    assert spread([None, None]) is None
    few, enough = spread([3.0, None, 1.0, 2.0]), spread([1.0, 2.0, 3.0, 4.0, 5.0])
    assert few == {"median": 2.0, "min": 1.0, "max": 3.0, "values": [3.0, 1.0, 2.0], "ci95": None}
    assert enough is not None
    assert enough["ci95"] is not None
    low, high = enough["ci95"]
    assert 1 <= low < 3 < high <= 5
    assert words(spread([2400.0]), "_ms") == "2.4 s"
    assert words(few, "lost") == "2 (1 to 3)"
    assert words(None, "_ms") == "n/a"


def test_a_trial_that_was_never_run_counts_for_nothing() -> None:
    trial = Trial(cell=ENVOY.name, number=1, order=1, seed=7)
    assert (trial.verdict, trial.counts) == ("not run", False)
