"""The frontier against a brute-force recomputation, its ties, what it leaves out, and how sure it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.matrix.csv import cells_csv
from reports.matrix.experiment import Cell, Experiment, Varied
from reports.matrix.summary import matrix_summary
from reports.schema import validate

Judged = Callable[..., dict[str, Any]]
Experiments = Callable[..., Experiment]
#: Write outage, lost, p50 before the fault, of which the p99 is four times as much.
Numbers = tuple[int, int, int]


def cell(number: int) -> Cell:
    return Cell(
        topology="group", mesh="envoy", varied=(Varied(key="load.rate", label="rate", asked=str(100 + number)),)
    )


def rows(experiment: Experiment) -> dict[str, Any]:
    """Value of the varied key -> cell, of a matrix that keeps its schema."""
    matrix = matrix_summary(experiment)
    validate(matrix, "matrix")
    return {one["varied"][0]["asked"]: one for one in matrix["cells"]}


def recomputed(points: Sequence[Numbers]) -> list[bool]:
    """Whether each is in the set, by looking at every pair."""

    def beaten(mine: Numbers) -> bool:
        for other in points:
            no_worse = other[0] <= mine[0] and other[1] <= mine[1] and other[2] <= mine[2]
            if no_worse and other != mine:
                return True
        return False

    return [not beaten(point) for point in points]


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2), st.integers(1, 4)), min_size=2, max_size=7))
def test_the_set_is_that_of_a_recomputation(judged: Judged, experiment: Experiments, points: list[Numbers]) -> None:
    cells = [cell(number) for number in range(len(points))]
    trials = [
        (cells[number], judged(outage_ms=1000 * outage, lost=lost, p50_ms=p50))
        for number, (outage, lost, p50) in enumerate(points)
    ]
    found = rows(experiment(cells, trials))
    assert [found[str(100 + number)]["frontier"]["in_set"] for number in range(len(points))] == recomputed(points)


def test_equals_share_the_frontier_and_who_dominates_is_named(judged: Judged, experiment: Experiments) -> None:
    cells = [cell(number) for number in range(4)]
    numbers = [(1000, 0, 5), (1000, 0, 5), (1000, 0, 6), (900, 1, 4)]
    trials = [
        (cells[number], judged(outage_ms=outage, lost=lost, p50_ms=p50))
        for number, (outage, lost, p50) in enumerate(numbers)
    ]
    found = rows(experiment(cells, trials))
    assert [found[value]["frontier"]["in_set"] for value in ("100", "101", "102", "103")] == [True, True, False, True]
    assert [by["cell"] for by in found["102"]["frontier"]["dominated_by"]] == [cells[0].name, cells[1].name]


def test_lost_in_one_trial_of_three_counts_though_its_median_is_none(judged: Judged, experiment: Experiments) -> None:
    safe, lossy = cell(0), cell(1)
    trials = [(safe, judged()) for _ in range(3)] + [(lossy, judged(lost=lost)) for lost in (0, 6, 0)]
    found = rows(experiment([safe, lossy], trials))
    assert found["101"]["frontier"]["lost_per_trial"] == 2
    assert found["101"]["lost"]["median"] == 0
    assert (found["100"]["frontier"]["in_set"], found["101"]["frontier"]["in_set"]) == (True, False)


def test_void_broken_and_impossible_cells_are_compared_with_none(
    judged: Judged, void: Judged, experiment: Experiments
) -> None:
    cells = [cell(number) for number in range(3)]
    never = Cell(topology="single", mesh="envoy", varied=cell(9).varied, not_applicable="it cannot be")
    trials = [(cells[0], judged(outage_ms=5000)), (cells[1], void(outage_ms=1)), (cells[2], "gone")]
    found = rows(experiment([*cells, never], trials))
    assert found["100"]["frontier"]["in_set"] is True, "nobody that counts is better"
    assert {found[value]["frontier"]["why"] for value in ("101", "102", "109")} == {"no trial counts"}


def test_what_the_workload_cannot_tell_is_left_out_of_the_comparison(judged: Judged, experiment: Experiments) -> None:
    cells = [cell(0), cell(1)]
    unknown = {"acked": None, "lost": None, "lost_amount": None, "duplicated": None, "torn": None}
    trials = [(one, judged(outage_ms=ms) | {"rpo": unknown}) for one, ms in zip(cells, (1000, 2000), strict=True)]
    matrix = matrix_summary(experiment(cells, trials))
    validate(matrix, "matrix")
    assert matrix["frontier_metrics"] == ["write_outage_ms", "response_before_p99_ms"]
    assert [one["frontier"]["in_set"] for one in matrix["cells"]] == [True, False]
    trials.append((cells[0], judged(outage_ms=1000)))
    lacking = [one["frontier"]["why"] for one in matrix_summary(experiment(cells, trials))["cells"]]
    assert lacking == [None, "lost_per_trial not known"]


@pytest.mark.parametrize(("worse_ms", "separated"), [((3000, 3100, 3200), True), ((1050, 1500, 1600), False)])
def test_intervals_that_overlap_separate_nothing(
    judged: Judged, experiment: Experiments, worse_ms: tuple[int, ...], separated: bool
) -> None:
    better, worse = cell(0), cell(1)
    trials = [(better, judged(outage_ms=ms)) for ms in (1000, 1100, 1200)]
    trials += [(worse, judged(outage_ms=ms)) for ms in worse_ms]
    matrix = matrix_summary(experiment([better, worse], trials))
    (by,) = matrix["cells"][1]["frontier"]["dominated_by"]
    assert by == {"cell": better.name, "separated": separated}
    assert ("do not separate them" in " ".join(matrix["headline"])) is not separated


def test_one_trial_each_separates_nothing(judged: Judged, experiment: Experiments) -> None:
    cells = [cell(0), cell(1)]
    trials = [(cells[0], judged(outage_ms=1000)), (cells[1], judged(outage_ms=9000))]
    (by,) = rows(experiment(cells, trials))["101"]["frontier"]["dominated_by"]
    assert by["separated"] is False


def test_a_row_of_cells_csv_has_what_the_frontier_was_made_of(judged: Judged, experiment: Experiments) -> None:
    cells = [cell(0), cell(1)]
    trials = [(cells[0], judged(outage_ms=1000)), (cells[1], judged(outage_ms=2000))]
    first, second = csv.DictReader(io.StringIO(cells_csv(matrix_summary(experiment(cells, trials)))))
    assert (first["load.rate"], first["on_frontier"], first["write_outage_ms_median"]) == ("100", "True", "1000.0")
    assert (second["on_frontier"], second["dominated_by"], second["lost_per_trial"]) == ("False", cells[0].name, "0.0")
