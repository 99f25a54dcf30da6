"""Response times of the operations acknowledged in a second, as counts by bucket, for whoever watches a run.

Counts of several seconds and of several load pods add up, and a quantile of the sum is one of all the operations in it,
at most 2 % too large; a quantile of the pods' own quantiles would be none. The report does not read these: its
percentiles are exact, from the operations themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

#: Bucket n holds what took longer than 1.02^(n-1) microseconds, up to 1.02^n.
GROWTH = 1.02
_BUCKETS_PER_E = 1 / math.log(GROWTH)

#: Bucket -> operations. The keys are text, as JSON has them.
Counts = Mapping[str, int]


def bucket(response_ns: int) -> int:
    return math.ceil(math.log(response_ns / 1000) * _BUCKETS_PER_E) if response_ns > 1000 else 0


def added(counts: Iterable[Counts | None]) -> dict[str, int] | None:
    """All of them together; None where one of them is not known, or where there is none."""
    known = list(counts)
    total: Counter[str] = Counter()
    for one in known:
        if one is None:
            return None
        total.update(one)
    return dict(total) if known else None


def quantile_ms(counts: Counts | None, q: float) -> float | None:
    """The upper edge of the bucket with the q-quantile (nearest rank), in milliseconds; None without any operation."""
    rank, passed = math.ceil(q * sum((counts or {}).values())), 0
    for number, count in sorted((int(name), count) for name, count in (counts or {}).items()):
        passed += count
        if passed >= rank:
            return round(GROWTH**number / 1000, 3)
    return None
