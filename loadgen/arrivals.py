"""When each transaction should start: an open loop, so the times depend on the seed alone and never on the server.

Nothing here waits or knows the clock; the driver adds its zero time and keeps the appointments.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

NS = 1_000_000_000


def intended_offsets_ns(*, model: str, rate: float, duration_s: float, seed: int, worker: int) -> Iterator[int]:
    """Ascending offsets from zero in nanoseconds, all below duration_s; rate is arrivals a second.

    ``poisson`` draws exponential gaps (independent users, as of a large population); ``constant`` spaces them evenly.
    """
    end_ns = duration_s * NS
    if model == "constant":
        gap_ns = NS / rate
        index = 0
        # Multiplying rather than adding: a sum of gaps would drift by its rounding errors.
        while (at_ns := int(index * gap_ns)) < end_ns:
            yield at_ns
            index += 1
    elif model == "poisson":
        rng = random.Random(f"arrivals/{seed}/{worker}")
        at_s = rng.expovariate(rate)
        while (at_ns := int(at_s * NS)) < end_ns:
            yield at_ns
            at_s += rng.expovariate(rate)
    else:
        raise ValueError(f"no arrival model {model!r}")
