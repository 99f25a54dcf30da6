"""The members of ``nightly.json`` by name and type, as ``nightly.schema.json`` promises them.

Times ending in ``_s`` and ``_ms`` are seconds and milliseconds; moments are ISO 8601 in UTC; folders are relative to
that of nightly.json.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

#: How a trial ended. ``broken``: meshbench failed and nothing was judged.
TrialVerdict = Literal["pass", "fail", "void", "broken"]
#: Of a cell, and of a night. ``not run``: none of it was, for want of time or because it was interrupted.
CellVerdict = Literal["pass", "fail", "void", "broken", "not run", "not applicable"]
State = Literal["running", "ended", "interrupted"]
GateVerdict = Literal["nothing moved", "undecided", "worse", "not confirmed", "not compared"]


class SentinelRow(TypedDict):
    """How long a fixed piece of work took just before the trial."""

    cpu_s: float
    fsync_ms: float


class CellRow(TypedDict):
    """expected: the verdict that the scenario is made for. passed, failed: ended as expected, or otherwise. medians: of
    the trials that count, by the names of `reports.trends.metrics.METRICS`."""

    scenario: str
    cell: str
    topology: str
    mesh: str
    expected: str
    planned: int
    passed: int
    failed: int
    void: int
    broken: int
    left_out: int
    verdict: CellVerdict
    not_applicable: str | None
    medians: dict[str, float]


class TrialRow(TypedDict):
    """verdict: of the run. outcome: ``fail`` where that is not what its scenario expects. failed: checks and gates that
    failed. counts: whether its numbers may be counted with others. command: runs this trial alone."""

    scenario: str
    cell: str
    number: int
    attempt: int
    seed: int
    order: int
    started_at: str
    took_s: float
    verdict: TrialVerdict
    outcome: TrialVerdict
    why: str
    void_reasons: list[str]
    failed: list[str]
    counts: bool
    numbers: dict[str, float]
    folder: str | None
    command: list[str]
    sentinel: SentinelRow | None


class LeftOutRow(TypedDict):
    """A planned trial that was not run."""

    scenario: str
    cell: str
    number: int
    why: str


class CutRow(TypedDict):
    """A trial in the middle of which meshbench was killed; it was done again as the next attempt."""

    scenario: str
    cell: str
    number: int
    attempt: int
    folder: str | None


class RunningRow(TypedDict):
    scenario: str
    cell: str
    number: int
    attempt: int
    seed: int
    started_at: str


class FindingRow(TypedDict):
    """A number that moved for the worse. before, tonight: medians. effect: the share of pairs of trials in which
    tonight is the larger one (0.5: alike). confirmed: by trials run again, one of each in turn;
    None where it was not tried. step: of the recovery, which moved most."""

    scenario: str
    cell: str
    metric: str
    words: str
    unit: str
    before: float
    tonight: float
    p: float
    effect: float
    confirmed: bool | None
    step: str | None
    text: str


class Compared(TypedDict):
    before: int
    tonight: int


class Gate(TypedDict):
    """nights: the earlier ones it was compared with. undecided: what would need more trials, a sentence each."""

    verdict: GateVerdict
    why: str
    nights: list[str]
    trials: Compared
    findings: list[FindingRow]
    undecided: list[str]


class CapacityChange(TypedDict):
    """A series has had another level since a value. before, after: medians. values: so many are on the new level. p: of
    the permutation test."""

    since: str
    before: float
    after: float
    values: int
    p: float
    worse: bool


class CapacityRow(TypedDict):
    """A number of `meshbench capacity`, of equal settings on this machine. slo: the objectives, as they were given.
    last: the newest value (0: no rate held). before: the median of the ones before it. values: how many there are.
    change: the last one that is marked. fails: whether it fails the night. folder: of the newest."""

    scenario: str
    cell: str
    slo: list[str]
    metric: str
    last: float
    measured_at: str
    age_s: float
    before: float | None
    values: int
    change: CapacityChange | None
    fails: bool
    folder: str
    text: str


class Capacity(TypedDict):
    """What the history says of capacity. why: one line, also where nothing was measured."""

    why: str
    series: list[CapacityRow]


class Nightly(TypedDict):
    """suite: as it was read. spent_s: in all sittings together. resumed: how often it was gone on with.
    capacity: looked up at the end; older nights have none."""

    schema: str
    name: str
    id: str
    suite: dict[str, Any]
    suite_digest: str
    command: list[str]
    seed: int
    started_at: str
    ended_at: str | None
    state: State
    commit: str | None
    dirty: bool | None
    host: str
    budget_s: float | None
    spent_s: float
    resumed: int
    verdict: CellVerdict
    why: str
    exit_code: int
    cells: list[CellRow]
    trials: list[TrialRow]
    left_out: list[LeftOutRow]
    cut: list[CutRow]
    running: RunningRow | None
    gate: Gate | None
    capacity: NotRequired[Capacity | None]
