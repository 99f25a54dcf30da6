"""The members of ``matrix.json`` by name and type, as ``matrix.schema.json`` promises them.

A test holds these and the schema to the same names. Units as in `reports.summary_types`; None means not known.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from reports.summary_types import PromiseRow, Section
from reports.trials.trial import TrialVerdict

CellVerdict = Literal["pass", "fail", "void", "broken", "not run", "not applicable"]


class Spread(TypedDict):
    """Over the trials that count. ci95: low and high."""

    median: float
    min: float
    max: float
    values: list[float]
    ci95: list[float] | None


class Percentiles(TypedDict):
    p50: Spread | None
    p99: Spread | None


class ResponsePhases(TypedDict):
    before: Percentiles
    during: Percentiles
    after: Percentiles


class Comparison(TypedDict):
    """Of pairs of trials."""

    ratio: Spread | None
    difference: Spread | None


class MeshTax(TypedDict):
    """absent: why there is none. left_out: why pairs do not count, a line each."""

    absent: str | None
    pairs: int
    left_out: list[str]
    response_before_p50_ms: Comparison | None
    response_before_p99_ms: Comparison | None
    achieved_before_tps: Comparison | None


class RecoveryPart(TypedDict):
    step: str
    since_ms: Spread


class MatrixRpo(TypedDict):
    """Sums over trials."""

    acked: int | None
    lost: int | None
    lost_amount: int | None
    duplicated: int | None
    torn: int | None
    trials_with_loss: int


FrontierMetric = Literal["write_outage_ms", "lost_per_trial", "response_before_p99_ms"]


class Dominated(TypedDict):
    """By which cell, and whether the intervals of both are apart."""

    cell: str
    separated: bool


class FrontierRow(TypedDict):
    """in_set: whether no other cell is better; None where it is compared with none, and why."""

    in_set: bool | None
    why: str | None
    dominated_by: list[Dominated]
    write_outage_ms: float | None
    lost_per_trial: float | None
    response_before_p99_ms: float | None


class AxisRow(TypedDict):
    key: str
    values: list[str]


class VariedRow(TypedDict):
    """One varied key in a cell. name: as in the cell's. in_force: what its trials say, a few words each, without
    repetition. source: where that was read; None before a trial has been."""

    key: str
    name: str
    asked: str
    in_force: list[str]
    source: str | None


class EffectiveRow(TypedDict):
    """One varied key in a trial. read: who says so -> what."""

    key: str
    asked: str
    source: str
    read: dict[str, Any]
    wrong: str | None


class Failovers(TypedDict):
    """In ``number`` of ``of`` trials. low, high: Wilson's 95 % interval of the share. left_out: trials that do not
    count, or do not tell."""

    number: int
    of: int
    low: float | None
    high: float | None
    left_out: int


class CurvePoint(Failovers):
    level: str
    cell: str


class FailoverCurve(TypedDict):
    """key: of the axis. of: the combination of everything else. points: in the order of the axis."""

    key: str
    of: str
    points: list[CurvePoint]


class TrialDecision(TypedDict):
    """since_ms: since the first fault."""

    since_ms: float | None
    event: str
    pod: str | None
    epoch: int | None
    detail: Section


class TrialRow(TypedDict):
    """counts: whether its numbers are averaged. recovery_ms: step -> since the injection."""

    number: int
    order: int
    seed: int
    verdict: TrialVerdict
    why: str
    counts: bool
    folder: str | None
    took_s: float | None
    numbers: dict[str, float | None] | None
    recovery_ms: dict[str, float] | None
    failover: bool | None
    effective: list[EffectiveRow]
    decisions: list[TrialDecision]


class CellRow(TypedDict):
    """caveat: what its proxy says of itself in front of that topology."""

    name: str
    topology: str
    mesh: str
    varied: list[VariedRow]
    verdict: CellVerdict
    why: str
    trials_by_verdict: dict[str, int]
    counted: int
    write_outage_ms: Spread | None
    lost: Spread | None
    frontier: FrontierRow
    failovers: Failovers
    waterfall: list[RecoveryPart]
    rpo: MatrixRpo
    promise: PromiseRow | None
    caveat: str | None
    response_ms: ResponsePhases
    offered_tps: Spread | None
    achieved_tps: Spread | None
    achieved_before_tps: Spread | None
    mesh_tax: MeshTax
    client_cpu_us_per_txn: Spread | None
    boot_s: Spread | None
    trials: list[TrialRow]


class Matrix(TypedDict):
    schema: str
    verdict: CellVerdict
    headline: list[str]
    scenario: str
    teaches: str
    command: list[str]
    started_at: str
    took_s: float
    interrupted: bool
    seed: int
    trials: int
    ci95_method: str
    axes: list[AxisRow]
    frontier_method: str
    frontier_metrics: list[FrontierMetric]
    failover_curves: list[FailoverCurve]
    cells: list[CellRow]
