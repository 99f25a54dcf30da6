"""The members of ``capacity.json`` by name and type, as ``capacity.schema.json`` promises them.

A test holds these and the schema to the same names. Units end the names: ``_tps`` operations a second, ``_ms``, ``_s``,
``_us``, ``_mib``. None means not known, not asked for, or that there is none; of a whole part that is None, ``missing``
says why.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

#: pass: a rate was found that holds the objective. fail: none does. void: the generator was the limit, or the machine
#: too noisy. broken: meshbench itself failed.
CapacityVerdict = Literal["pass", "fail", "void", "broken"]
#: Parts that may be missing.
Part = Literal["n_minus_1", "mesh_tax", "container_tax", "density"]


class Interval(TypedDict):
    """low, high: a 95 % interval; None where there were too few rounds for one."""

    median: float
    low: float | None
    high: float | None


class Times(TypedDict):
    """Percentiles of a latency in milliseconds."""

    p50: float | None
    p95: float | None
    p99: float | None
    p999: float | None


class LimitRow(TypedDict):
    """Who was the limit. evidence: in words, with the numbers."""

    what: str
    evidence: str


class StepRow(TypedDict):
    """A measured step, the fields of `reports.capacity.step.Step`; `reports.capacity.steps.step_row` makes it.

    holds: whether it met every objective and was stable. why: what it did not hold; empty where it holds. usage: a
    free section, see `reports.capacity.usage.Usage`. folder: relative to capacity.json; None: nothing was kept.
    """

    purpose: str
    setting: str
    offered_tps: float | None
    arrived_tps: float | None
    achieved_tps: float
    success_ratio: float | None
    concurrency: float | None
    duration_s: float
    warm_up_s: float
    response_ms: Times
    service_ms: Times
    operations: int
    backlog_per_s: float | None
    stable: bool
    holds: bool
    why: str
    usage: dict[str, Any]
    limits: list[LimitRow]
    folder: str | None


class Bracket(TypedDict):
    """low_tps: the highest rate that held; high_tps: the lowest one that did not. width: (high - low) / high."""

    low_tps: float
    high_tps: float
    width: float


class Verification(TypedDict):
    """One more step beside the maximum. holds: None where it was not measured. words: what came of it."""

    offered_tps: float
    holds: bool | None
    words: str


class Verify(TypedDict):
    """below: at 0.95 x the maximum, has to hold; above: at 1.15 x, has to break."""

    below: Verification | None
    above: Verification | None


class UslCurve(TypedDict):
    """The fitted law and its 95 % band, between the lowest and the highest concurrency measured."""

    concurrency: list[float]
    fitted_tps: list[float]
    low_tps: list[float]
    high_tps: list[float]


#: Gunther's law (``lambda`` is a word of Python) fitted to the points, one a closed loop with all nodes. fit none:
#: ``why`` says why, and no parameter is given. lambda: operations a second at a concurrency of one. n_star: the
#: concurrency at which the law has its peak; None, and its bounds both: no fall of throughput was measured beyond one.
#: peak: the same in words. ci: 95 % bounds of each parameter, low and high; None in place of a bound beyond what was
#: measured. concurrency, throughput_tps: the points by concurrency ascending; residuals_tps: of each,
#: measured less fitted.
UslRow = TypedDict(
    "UslRow",
    {
        "fit": Literal["ok", "none"],
        "why": str,
        "lambda": float | None,
        "sigma": float | None,
        "kappa": float | None,
        "n_star": float | None,
        "peak": str,
        "r2": float | None,
        "ci": dict[str, list[float | None]] | None,
        "concurrency": list[float],
        "throughput_tps": list[float],
        "residuals_tps": list[float],
        "curve": UslCurve | None,
    },
)


class SafeRun(TypedDict):
    """A run with a node killed in it. holds: whether every objective held outside of the outage itself; None where
    the run could not tell. held_before: before the kill alone. folder: of the run, relative to capacity.json."""

    offered_tps: float
    holds: bool | None
    held_before: bool | None
    words: str
    write_outage_ms: float | None
    folder: str | None


class Rejoining(TypedDict):
    """The highest rate that holds while the node comes back. how: such as ``distributed recovery``."""

    max_tps: float | None
    ratio: float | None
    how: str
    words: str


class ReadsRow(TypedDict):
    """Reads alone at the read port, in operations a second. ratio: with one replica dead, of with all. words: how they
    were offered and what came of it; without a rate, why."""

    max_tps: float | None
    n_minus_1_max_tps: float | None
    ratio: float | None
    words: str


class NMinus1(TypedDict):
    """With a node dead. ratio: of max_tps with all nodes. safe_tps: the load at which a failover keeps the objective
    outside of the outage itself, by ``safe_verified``. at_90_percent: the same run at 0.9 x max_tps of all nodes.
    safe_broke_tps: the lowest load at which that run did not hold. tried: all such runs, in order. headroom: 1 -
    safe_tps / max_tps, the share to keep free."""

    max_tps: float | None
    bracket: Bracket | None
    limit: LimitRow | None
    ratio: float | None
    safe_tps: float | None
    safe_verified: SafeRun | None
    at_90_percent: SafeRun | None
    safe_broke_tps: float | None
    tried: list[SafeRun]
    headroom: float | None
    rejoining: Rejoining | None
    reads: ReadsRow | None
    words: str


class PodUsage(TypedDict):
    """What the pods of one kind take together."""

    cpu_us_per_txn: float | None
    memory_mib: float | None


class MeshCost(TypedDict):
    """One mesh over the rounds. throughput: operations a second at saturation, median. throughput_ratio: to ``direct``
    of the same round. latency_added_ms: response time at ``fixed_tps`` less that of ``direct``, by percentile.
    cpu_us_per_txn: of the whole system without the load generator, at saturation. mib: of the proxies. pods: by kind.
    absent: why there is nothing to say; then the numbers are None."""

    rounds: int
    throughput: float | None
    throughput_ratio: Interval | None
    fixed_tps: float | None
    latency_added_ms: dict[str, Interval | None]
    cpu_us_per_txn: float | None
    cpu_us_per_txn_ratio: Interval | None
    mib: float | None
    pods: dict[str, PodUsage]
    absent: str


class Server(TypedDict):
    """A server in pods, or bare on the host. throughput: operations a second at saturation, median."""

    throughput: float | None
    response_ms: Times
    cpu_us_per_txn: float | None


class ContainerTax(TypedDict):
    """The same server in a container and bare on the host, in turns. throughput_ratio: container to bare."""

    rounds: int
    container: Server
    bare: Server
    throughput_ratio: Interval | None
    latency_added_ms: dict[str, Interval | None]
    words: str


class PodDensity(TypedDict):
    """The pods of one kind of one system together: without load, and what 100 operations a second add."""

    pods: int
    idle_cpu_cores: float | None
    idle_memory_mib: float | None
    cpu_cores_per_100_tps: float | None
    memory_mib_per_100_tps: float | None


class SystemsStep(TypedDict):
    """So many whole systems at once, each at ``tps_each``."""

    systems: int
    tps_each: float
    holds: bool
    words: str


class DensityRow(TypedDict):
    """One topology. systems_max: so many whole systems held the objective at once; None where it was not tried."""

    topology: str
    mesh: str
    pods: dict[str, PodDensity]
    idle_mib: float | None
    idle_cpu_cores: float | None
    clusters_per_gib: float | None
    clusters_per_core: float | None
    systems: list[SystemsStep]
    systems_max: int | None
    words: str


class Measured(TypedDict):
    """What a capacity run measured, as it is handed to `reports.capacity.write.write_capacity`.

    why: the verdict in a sentence. settings: the scenario as resolved. interrupted: it was ended before it was done.
    pods: nodes of the topology. host, versions, images: as in manifest.json. missing: part -> why it is not there;
    where that is left out, the part was not asked for.
    """

    scenario: str
    topology: str
    pods: int | None
    mesh: str
    workload: str
    slo: list[str]
    seed: int | None
    settings: dict[str, Any]
    started_at: str
    took_s: float
    command: list[str]
    host: dict[str, Any]
    versions: dict[str, Any]
    images: dict[str, Any]
    verdict: CapacityVerdict
    why: str
    interrupted: bool
    max_tps: float | None
    bracket: Bracket | None
    verify: Verify
    limit: LimitRow | None
    steps: list[StepRow]
    n_minus_1: NMinus1 | None
    mesh_tax: dict[str, MeshCost] | None
    container_tax: ContainerTax | None
    density: list[DensityRow] | None
    missing: dict[Part, str]


class PlannerRow(TypedDict):
    """The smallest measured system that carries ``needed_tps``. nodes_lost: 0 or 1. carries_tps: what it was measured
    to carry so; topology, mesh, pods and folder are of that measurement. None of them: nothing that was measured does,
    and nothing is extrapolated. started_at: of that measurement, else of the one that carries most."""

    needed_tps: float
    nodes_lost: int
    topology: str | None
    mesh: str | None
    pods: int | None
    carries_tps: float | None
    folder: str | None
    started_at: str
    words: str


class CapacityContent(Measured):
    """The whole file: what was measured, and what follows from it. knee_tps: see `reports.capacity.knee`.
    mysqld_cpu_us_per_txn: of all servers together, at the highest rate that held."""

    schema: str
    headline: list[str]
    knee_tps: float | None
    mysqld_cpu_us_per_txn: float | None
    usl: UslRow
    planner: list[PlannerRow]
