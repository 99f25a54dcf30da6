"""How late the generator itself was: release time minus intended time, which no server can be blamed for.

Counts per value in a bounded number of them, so that a worker's memory does not grow with its arrivals: to the
microsecond below 10 ms, rounded up by at most 1 % above.
"""

from __future__ import annotations

import math
from collections import Counter

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
#: From here on only three digits are kept.
EXACT_US = 10_000


class Lateness:
    def __init__(self) -> None:
        self._count_of_us: Counter[int] = Counter()

    def add(self, late_ns: int) -> None:
        late_us = late_ns // 1000
        self._count_of_us[late_us if late_us < EXACT_US else _rounded_up(late_us)] += 1

    def summary_ms(self) -> dict[str, float | None]:
        """p50, p90, p99, p999 (nearest rank) and max in milliseconds; None without any arrival."""
        total = self._count_of_us.total()
        if not total:
            return dict.fromkeys((*QUANTILES, "max"))
        ranks = {name: math.ceil(q * total) for name, q in QUANTILES.items()} | {"max": total}
        found: dict[str, float | None] = {}
        passed = 0
        for late_us, count in sorted(self._count_of_us.items()):
            passed += count
            found |= {name: late_us / 1000 for name, rank in ranks.items() if name not in found and rank <= passed}
        return found


def _rounded_up(late_us: int) -> int:
    """To the next value with three digits, zeros after them."""
    step: int = 10 ** (len(str(late_us)) - 3)
    return -(-late_us // step) * step
