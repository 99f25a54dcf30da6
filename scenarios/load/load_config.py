"""What the load section of a scenario means for the load generator (curve, users, policies), and the same in words."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster.duration import show_duration
from cluster.mysqld.mysqld import DATABASE
from loadgen.arrivals.curve import Piece
from loadgen.arrivals.think import Think
from loadgen.config import LoadConfig, Model
from scenarios.load.load_pod import OUT_DIR
from scenarios.schema.load import LoadSection
from scenarios.schema.rate import absolute
from scenarios.schema.scenario import Scenario
from scenarios.user_code.folder import POD_FOLDER

Endpoint = tuple[str, int]
Shape = tuple[Piece, ...]

HIDDEN = "who waits asks nothing, so a stall hardly shows in these percentiles (coordinated omission)"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What a load's model means to the generator, for all workers together; see `LoadConfig`."""

    model: Model
    rate: float
    shape: Shape = ()
    users: int = 0
    think: Think = field(default_factory=Think)


def load_config(
    scenario: Scenario,
    *,
    write: Sequence[Endpoint],
    read: Sequence[Endpoint],
    password: str,
    worker: int | None,
    maximum: float | None = None,
) -> LoadConfig:
    """What one worker is told; for None the whole load, which Locust's master is told.

    write, read: where the mesh is. password: of the load's user. maximum: measured arrivals a second, where a rate is a
    share of it.
    """
    load = scenario.load
    index, parts = (0, 1) if worker is None else (worker, load.workers)
    pace = pace_of(load, maximum=maximum)
    return LoadConfig(
        endpoints=tuple(write),
        read_endpoints=tuple(read),
        user="meshbench_app",
        password=password,
        database=DATABASE,
        workload=scenario.workload.config(isolation=scenario.mysql.isolation, folder=POD_FOLDER),
        model=pace.model,
        rate=pace.rate / parts,
        shape=pace.shape,
        duration_s=load.duration,
        connections=share(load.connections, index, parts),
        users=share(pace.users, index, parts),
        think=pace.think,
        policy=load.policy(),
        seed=scenario.seed,
        out_dir=OUT_DIR,
        worker=index,
        workers=load.workers,
        backlog_cap=share(load.backlog, index, parts),
        drain_s=load.drain,
        statement_timeout_s=load.statement_timeout,
        batch=load.batch,
        tls=scenario.mysql.tls,
    )


def share(total: int, worker: int, workers: int) -> int:
    """An even share of something whole; the first workers take what remains."""
    return total // workers + (worker < total % workers)


def pace_of(load: LoadSection, *, maximum: float | None) -> Pace:
    match load.model:
        case "closed":
            assert load.users is not None  # the section fills both in
            assert load.think_time is not None
            return Pace(model="closed", rate=1.0, users=load.users, think=load.think_time.think())
        case "poisson" | "constant":
            assert load.rate is not None  # likewise
            return Pace(model=load.model, rate=absolute(load.rate, maximum=maximum))
        case _:
            assert load.spacing is not None  # likewise
            return Pace(model=load.spacing, rate=1.0, shape=pieces(load, maximum=maximum))


def pieces(load: LoadSection, *, maximum: float | None) -> Shape:
    """The curve of a model that has one, in arrivals a second."""
    first = absolute(load.rate or 1.0, maximum=maximum)
    match load.model:
        case "steps":
            rates = [(step.duration, absolute(step.rate, maximum=maximum)) for step in load.steps or []]
            return tuple((duration_s, rate, rate) for duration_s, rate in rates)
        case "ramp":
            return ((load.duration, first, absolute(load.end_rate or 0.0, maximum=maximum)),)
        case "burst":
            return _bursts(load, base=first, peak=absolute(load.burst_rate or 0.0, maximum=maximum))
        case _:
            return _through(load.points or [], rate=first, duration_s=load.duration)


def _bursts(load: LoadSection, *, base: float, peak: float) -> Shape:
    """Every period ends with its burst, so that the load begins calm."""
    assert load.burst_every is not None  # the section demands both
    assert load.burst_for is not None
    shape: list[Piece] = []
    left_s = load.duration
    for lasts_s, rate in itertools.cycle(((load.burst_every - load.burst_for, base), (load.burst_for, peak))):
        shape.append((min(lasts_s, left_s), rate, rate))
        left_s -= lasts_s
        if left_s <= 1e-9:
            return tuple(shape)
    raise AssertionError("a cycle does not end")


def _through(points: list[list[float]], *, rate: float, duration_s: float) -> Shape:
    """Straight lines through the points, whose times are stretched to the duration."""
    stretch = duration_s / (points[-1][0] - points[0][0])
    return tuple(
        ((later - earlier) * stretch, first * rate, last * rate)
        for (earlier, first), (later, last) in itertools.pairwise(points)
        if later > earlier  # a jump is two points at one time
    )


def describe(load: LoadSection, config: LoadConfig, *, is_locustfile: bool) -> dict[str, Any]:
    """For manifest and report: the model in words, what it expects, and what clients do when something fails."""
    if is_locustfile:
        loop = f"closed: {config.connections} users of the locustfile, with its own wait times"
        return {"model": "locustfile", "loop": loop, "note": HIDDEN}
    found: dict[str, Any] = {"model": load.model, "connections": config.connections}
    if config.model == "closed":
        think = config.think
        pause = {"none": "no think time", "tpcc": "keying and think times of TPC-C"}.get(
            think.kind, f"think time {think.kind}, mean {think.mean_s * 1000:g} ms"
        )
        found |= {
            "loop": f"closed: {config.users} users, {pause}",
            "note": HIDDEN,
        }
    else:
        spacing = "random (Poisson)" if config.model == "poisson" else "even"
        curve = config.curve()
        found |= {
            "loop": f"open: {spacing} arrivals, {curve.total / curve.duration_s:.6g}/s on average",
            "expected_arrivals": round(curve.total, 3),
        }
        if config.shape:
            found["pieces"] = [[round(number * 1.0, 6) for number in piece] for piece in config.shape]
    retry, reconnect, pool = load.retry, load.reconnect, load.pool
    found["retry"] = retry.mode
    if retry.mode != "none":
        found["retry"] += f", at most {retry.attempts} attempts, backoff {_backoff(retry.backoff, retry.cap)}"
    found["reconnect"] = reconnect.mode
    if reconnect.mode != "immediately":
        found["reconnect"] += f" {_backoff(reconnect.backoff, reconnect.cap)}"
    if pool.max_lifetime is not None:
        found["max_lifetime"] = show_duration(pool.max_lifetime)
    if pool.connection_timeout is not None:
        found["connection_timeout"] = show_duration(pool.connection_timeout)
    return found


def _backoff(base_s: float, cap_s: float) -> str:
    return f"{show_duration(base_s)} doubling up to {show_duration(cap_s)}, full jitter"
