"""A stall must be in the percentiles of the report exactly as arithmetic has it, to the microsecond.

The real driver serves a scripted server on a virtual clock; its record goes the way of every run's, into a table, and
is measured by the check whose figures the report shows. Beside it what a closed loop makes of the same server: one slow
operation a user, however many would have come (coordinated omission: G. Tene, How NOT to Measure Latency, 2013).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks.judge import judge
from checks.latency import latency
from history.history import History, load_history
from loadgen.arrivals.arrivals import NS, intended_offsets_ns
from loadgen.arrivals.think import Think
from loadgen.config import LoadConfig
from reports.summary import summarise
from scenarios.run.collect import write_ops
from tests.loadgen.driven import Driven, OpenLoop
from tests.loadgen.queueing import Queue, Times, quantiles_ms, steady

Build = Callable[..., LoadConfig]
MS = 1_000_000
#: All the time but during a stall.
ANSWER_MS = 1
STALL_MS = 500


def recorded(driven: Driven) -> History:
    """Its record as every run's goes, into a table and back."""
    folder = Path(driven.config.out_dir)
    (folder / "ops").mkdir(exist_ok=True)
    write_ops(iter(driven.ops), folder / "ops" / "load1.parquet")
    return load_history(folder)


def reported(driven: Driven) -> dict[str, Any]:
    """``load`` of the run's summary.json."""
    history = recorded(driven)
    return dict(summarise(history, judge(history))["load"])


def measured(driven: Driven) -> dict[str, Any]:
    """The figures of the whole run by the check that the summary takes them from."""
    figures: dict[str, Any] = latency(recorded(driven)).measured["whole"]
    return figures


def stalling(drive: OpenLoop, config: LoadConfig, *, stall_ms: int) -> Driven:
    """On a server that answers nothing for STALL_MS from stall_ms on."""
    stall_s = (stall_ms / 1000, (stall_ms + STALL_MS) / 1000)
    driven = drive(config, "steady", answers_s=[ANSWER_MS / 1000], stall_s=stall_s)
    driven.assert_complete()
    assert driven.report["totals"]["lateness_ms"] == dict.fromkeys(("p50", "p90", "p99", "p999", "max"), 0)
    return driven


def due_ns(config: LoadConfig) -> list[int]:
    return list(intended_offsets_ns(model=config.model, curve=config.curve(), seed=config.seed, worker=0))


def assert_figures(driven: Driven, expected: list[Times]) -> None:
    load = measured(driven)
    assert load["response_ms"] == quantiles_ms(end - intended for intended, _, end in expected)
    assert load["service_ms"] == quantiles_ms(end - start for _, start, end in expected)


def test_a_stall_is_in_the_percentiles_of_the_open_loop_and_hides_in_the_closed_one(
    load_config: Build, drive: OpenLoop
) -> None:
    """200 operations a second for 5 s, 4 connections, an answer takes 1 ms; from 2 s to 2.5 s nothing is answered.

    Arrival j of those the stall delays, one every 5 ms, is answered with the rest of its four at 500 ms + j // 4 ms
    after the first was due: response 500 - 5 j + j // 4 ms, as long as that is above 1 ms: 105 of the 1000 arrivals.
    The 895th is 1 ms; p90 is the 5th above it, j = 100; p99 the 95th, j = 10; p99.9 that of j = 1.
    """
    config = load_config(model="constant", rate=200, duration_s=5, connections=4)
    driven = stalling(drive, config, stall_ms=2000)
    assert driven.report["totals"]["ok"] == 1000
    load = reported(driven)
    assert load["response_ms"] == {"p50": 1.0, "p90": 25.0, "p99": 452.0, "p999": 495.0, "max": 500.0}
    # Service time counts from the start, and only one operation of each client was under way.
    assert load["service_ms"] == {"p50": 1.0, "p90": 1.0, "p99": 1.0, "p999": 495.0, "max": 500.0}

    # Four users who ask as often together, each again 20 ms after he last asked: they ask nothing while they wait.
    closed = load_config(
        model="closed", users=4, think=Think(kind="constant", mean_s=0.019), duration_s=5, connections=4
    )
    driven = stalling(drive, closed, stall_ms=2000)
    assert len(driven.ops) == 904
    assert sum(end - intended > ANSWER_MS * MS for intended, _, end in driven.times_ns()) == 4
    load = reported(driven)
    assert [load["response_ms"][name] for name in ("p50", "p90", "p99")] == [1.0, 1.0, 1.0]
    assert load["response_ms"] == load["service_ms"]


@pytest.mark.slow
@pytest.mark.parametrize("stall_ms", [0, 300, 1700])
@pytest.mark.parametrize(("rate", "connections"), [(40, 1), (200, 4), (500, 3), (1000, 16), (900, 1)])
def test_even_arrivals_follow_the_formula(
    load_config: Build, drive: OpenLoop, rate: int, connections: int, stall_ms: int
) -> None:
    """At the begin of the load, in it, and beyond its end: what arrival j after the begin of the stall must wait."""
    config = load_config(model="constant", rate=rate, duration_s=2, connections=connections)
    driven = stalling(drive, config, stall_ms=stall_ms)
    intended_ns = due_ns(config)
    assert len(intended_ns) == 2 * rate
    first = next(number for number, due in enumerate(intended_ns) if due + ANSWER_MS * MS >= stall_ms * MS)
    responses_ns = []
    for number, due in enumerate(intended_ns):
        turn_ns = (stall_ms + STALL_MS + (number - first) // connections * ANSWER_MS) * MS
        responses_ns.append(max(ANSWER_MS * MS, turn_ns - due) if number >= first else ANSWER_MS * MS)
    assert [end - intended for intended, _, end in driven.times_ns()] == responses_ns
    assert measured(driven)["response_ms"] == quantiles_ms(responses_ns)


@pytest.mark.slow
@pytest.mark.parametrize("frozen_ms", [(0, 0), (700, 780), (1150, 1350)])
@pytest.mark.parametrize(
    ("rate", "connections", "answers_ms"),
    [(100, 1, [1, 2, 20]), (300, 2, [1, 1, 2, 9]), (300, 32, [1, 250]), (800, 4, [4]), (1500, 3, [1])],
)
def test_random_arrivals_are_served_as_a_queue_is(
    load_config: Build,
    drive: OpenLoop,
    rate: float,
    connections: int,
    answers_ms: list[int],
    frozen_ms: tuple[int, int],
) -> None:
    """Poisson arrivals, idle and busy clients, a stalled server; and a generator that itself stood still for a while,
    which makes it late and excuses nothing. Every operation is where the queue has it."""
    config = load_config(model="poisson", rate=rate, duration_s=2, connections=connections, seed=connections)
    stall_ms = (1000, 1000 + STALL_MS)
    frozen_ns = (frozen_ms[0] * MS, frozen_ms[1] * MS)
    driven = drive(
        config,
        "steady",
        answers_s=[answer / 1000 for answer in answers_ms],
        stall_s=tuple(at / 1000 for at in stall_ms),
        freeze_s=(frozen_ms[0] / 1000, (frozen_ms[1] - frozen_ms[0]) / 1000),
    )
    driven.assert_complete()
    answered = steady(answers_ns=[answer * MS for answer in answers_ms], stall_ns=(stall_ms[0] * MS, stall_ms[1] * MS))
    queue = Queue(clients=connections, answered=answered, frozen_ns=frozen_ns)
    expected = queue.open_loop(due_ns(config))
    assert driven.times_ns() == expected
    assert_figures(driven, expected)
    late_ms = quantiles_ms(queue.kept(due) - due for due, _, _ in expected)
    # Lateness is kept to 1 % above 10 ms.
    assert driven.report["totals"]["lateness_ms"] == pytest.approx(late_ms, rel=0.01, abs=0.001)


@pytest.mark.slow
@pytest.mark.parametrize("stall_ms", [0, 700, 1700])
@pytest.mark.parametrize(("users", "connections", "think_ms"), [(1, 1, 3), (4, 4, 19), (12, 3, 40), (30, 2, 11)])
def test_a_closed_loop_delays_one_operation_a_user(
    load_config: Build, drive: OpenLoop, users: int, connections: int, think_ms: int, stall_ms: int
) -> None:
    think = Think(kind="constant", mean_s=think_ms / 1000)
    config = load_config(model="closed", users=users, think=think, duration_s=2, connections=connections)
    driven = stalling(drive, config, stall_ms=stall_ms)
    stall_ns = (stall_ms * MS, (stall_ms + STALL_MS) * MS)
    queue = Queue(clients=connections, answered=steady(answers_ns=[ANSWER_MS * MS], stall_ns=stall_ns))
    # A user's own generator says when he first asks (loadgen.driver.closed_loop); from there on it is arithmetic.
    first_ns = [round(random.Random(f"users/7/0/{user}").uniform(0, think.mean_s) * NS) for user in range(users)]
    expected = queue.closed_loop(first_ns, think_ns=think_ms * MS, until_ns=2 * NS)
    assert sorted(driven.times_ns()) == sorted(expected)
    assert_figures(driven, expected)
    # Whoever wanted something before the stall was over waited for its end, and nobody asked twice.
    waited = [one for one in expected if one[0] < stall_ns[1] <= one[2]]
    assert len(waited) == users
