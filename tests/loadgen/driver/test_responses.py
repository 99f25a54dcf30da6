"""Response times in buckets: what a quantile of their sum is worth, and what is not known."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from loadgen.driver.responses import GROWTH, added, bucket, quantile_ms


@pytest.mark.parametrize("q", [0.5, 0.99, 1.0])
def test_a_quantile_of_several_pods_together_is_that_of_all_operations_at_most_2_percent_larger(q: float) -> None:
    rng = random.Random(7)
    pods = [[round(rng.lognormvariate(15, 1)) for _ in range(500)] for _ in range(3)]
    counts = [Counter(str(bucket(ns)) for ns in pod) for pod in pods]
    ordered = sorted(ns for pod in pods for ns in pod)
    exact_ms = ordered[math.ceil(q * len(ordered)) - 1] / 1e6
    found_ms = quantile_ms(added(counts), q)
    assert found_ms is not None
    assert exact_ms - 0.001 <= found_ms <= exact_ms * GROWTH + 0.001


def test_what_one_pod_does_not_tell_is_not_known_of_all() -> None:
    assert added([{"3": 1}, None]) is None
    assert added([]) is None
    assert added([{"3": 1}, {"3": 2, "4": 1}]) == {"3": 3, "4": 1}


def test_without_operations_there_is_no_quantile() -> None:
    assert quantile_ms({}, 0.99) is None
    assert quantile_ms(None, 0.99) is None


def test_what_took_less_than_a_microsecond_counts_as_one() -> None:
    assert quantile_ms({str(bucket(1)): 1}, 0.5) == 0.001
