"""The gray-failure curve: which trials had a failover, its intervals, and when there is a curve at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.matrix.experiment import Cell, Experiment, Varied
from reports.matrix.failovers import failed_over
from reports.matrix.summary import matrix_summary
from reports.matrix.write import write_matrix
from reports.schema import validate

Judged = Callable[..., dict[str, Any]]
Experiments = Callable[..., Experiment]
LEVELS = ("0ms", "200ms", "kill")


def promoted(run: dict[str, Any], *, since_ms: float | None) -> dict[str, Any]:
    """The run, whose control plane made node1 the primary at its start, and node2 so long after the fault."""
    struck_ns = run["faults"][0]["injected_ns"]
    at = [(struck_ns - 9_000_000_000, "node1")]
    at += [] if since_ms is None else [(struck_ns + round(since_ms * 1e6), "node2")]
    decisions = [{"at_ns": ns, "event": "promoted", "epoch": 1, "pod": pod, "detail": {}} for ns, pod in at]
    return run | {"decisions": decisions}


def cell(level: str, *others: Varied, mesh: str = "envoy") -> Cell:
    latency = Varied(key="faults.0.latency", label="latency", asked=level)
    return Cell(topology="group", mesh=mesh, varied=(latency, *others))


@pytest.fixture
def gray(judged: Judged, void: Judged, experiment: Experiments) -> Callable[..., Experiment]:
    """Two trials a level: none fails over at 0 ms, one does at 200 ms beside a void one that would have, both at
    kill."""

    def make(**options: Any) -> Experiment:
        trials = [(cell("0ms"), promoted(judged(), since_ms=None)) for _ in range(2)]
        trials += [(cell("200ms"), promoted(judged(), since_ms=ms)) for ms in (None, 1500)]
        trials += [(cell("200ms"), promoted(void(), since_ms=1))]
        trials += [(cell("kill"), promoted(judged(), since_ms=900)) for _ in range(2)]
        return experiment([cell(level) for level in LEVELS], trials, **options)

    return make


def test_a_curve_goes_over_the_levels_in_their_order_with_wilson_s_interval(gray: Callable[..., Experiment]) -> None:
    matrix = matrix_summary(gray())
    validate(matrix, "matrix")
    (curve,) = matrix["failover_curves"]
    assert (curve["key"], curve["of"]) == ("faults.0.latency", "group / envoy")
    points = [(point["level"], point["number"], point["of"], point["left_out"]) for point in curve["points"]]
    assert points == [("0ms", 0, 2, 0), ("200ms", 1, 2, 1), ("kill", 2, 2, 0)]
    low, high = curve["points"][1]["low"], curve["points"][1]["high"]
    assert low is not None
    assert high is not None
    assert (round(low, 4), round(high, 4)) == (0.0945, 0.9055), "Wilson 1927, of 1 in 2 with z = 1.96"
    said = " ".join(matrix["headline"])
    assert (
        "Trials with a failover by faults.0.latency (group / envoy): 0ms: 0 of 2, 200ms: 1 of 2, kill: 2 of 2." in said
    )


@pytest.mark.slow
def test_the_page_shows_the_curve(gray: Callable[..., Experiment], tmp_path: Path) -> None:
    write_matrix(gray(folder=tmp_path))
    text = (tmp_path / "report.html").read_text()
    assert "Gray failure: who fails over, by the strength of the fault" in text
    assert (tmp_path / "failovers.png").read_bytes().startswith(b"\x89PNG")


def test_other_axes_make_a_curve_each_and_a_second_axis_of_faults_none(judged: Judged, experiment: Experiments) -> None:
    fall = [Varied(key="mesh.fall", label="fall", asked=asked) for asked in ("2", "5")]
    cells = [cell(level, one) for level in ("0ms", "kill") for one in fall]
    trials = [(one, promoted(judged(), since_ms=5)) for one in cells]
    curves = matrix_summary(experiment(cells, trials))["failover_curves"]
    assert [curve["of"] for curve in curves] == ["group / envoy / fall=2", "group / envoy / fall=5"]
    at = [Varied(key="faults.0.at", label="at", asked=asked) for asked in ("5s", "6s")]
    cells = [cell(level, one) for level in ("0ms", "kill") for one in at]
    assert matrix_summary(experiment(cells, [(cells[0], judged())]))["failover_curves"] == []
    plain = Cell(topology="group", mesh="envoy")
    assert matrix_summary(experiment([plain], [(plain, judged())]))["failover_curves"] == []


def test_a_promotion_before_the_fault_is_none_and_without_an_account_nobody_knows(judged: Judged) -> None:
    run: Any = judged()
    assert failed_over(promoted(run, since_ms=None)) is False  # type: ignore[arg-type]
    assert failed_over(promoted(run, since_ms=1)) is True  # type: ignore[arg-type]
    assert failed_over(run | {"decisions": []}) is None
    assert failed_over(promoted(run, since_ms=1) | {"faults": []}) is None  # type: ignore[arg-type]
