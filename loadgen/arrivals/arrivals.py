"""When each transaction should start: an open loop, so the times depend on the seed alone and never on the server.

Nothing here waits or knows the clock; the driver adds its zero time and keeps the appointments.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from loadgen.arrivals.curve import Curve

NS = 1_000_000_000


def intended_offsets_ns(*, model: str, curve: Curve, seed: int, worker: int, workers: int = 1) -> Iterator[int]:
    """Ascending offsets from zero in nanoseconds, all below the curve's duration.

    ``poisson``: a Poisson process with the curve as its rate (independent users, as of a large population). Exact, by
    time rescaling: the moments at which the cumulative rate reaches the arrivals of a Poisson process of rate 1
    (E. Çinlar, Introduction to Stochastic Processes, 1975, section 4.7). ``constant``: the moments at which it reaches
    0, 1, 2, …, which are evenly spaced where the rate is.

    The curve is this worker's share of the run's. Shares of ``constant`` interleave: worker i of n counts from i/n, so
    that together they are evenly spaced again. Shares of ``poisson`` are drawn independently of one another, and
    independent Poisson processes add up to one of the summed rate (superposition theorem: J. Kingman, Poisson
    Processes, 1993, section 2.2).
    """
    if model == "constant":
        marks: Iterator[float] = itertools.count(worker / workers)
    elif model == "poisson":
        rng = random.Random(f"arrivals/{seed}/{worker}")
        marks = itertools.accumulate(rng.expovariate(1.0) for _ in itertools.repeat(None))
    else:
        raise ValueError(f"no arrival model {model!r}")
    end_ns = curve.duration_s * NS
    for at_s in curve.reached(marks):
        if (at_ns := int(at_s * NS)) < end_ns:
            yield at_ns
