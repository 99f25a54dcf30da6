"""Which rows are popular: the distributions, and one clear line for each mistake."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from cluster.keys import MistakesError
from loadgen.errors import ConfigError
from loadgen.workloads.skew import UNIFORM, Skew

DRAWS = 20_000


def drawn(raw: Any, n: int) -> Counter[int]:
    rng = random.Random(7)
    pick = Skew.read(raw).picker(n)
    counts = Counter(pick(rng) for _ in range(DRAWS))
    assert set(counts) <= set(range(1, n + 1))
    return counts


@pytest.mark.parametrize("theta", [0.5, 0.99, 1, 2])
def test_zipf_is_zipf(theta: float) -> None:
    """Each of the first ranks within four standard errors of rank ** -theta over the sum."""
    n = 1000
    counts = drawn({"kind": "zipf", "theta": theta}, n)
    weight = sum(rank**-theta for rank in range(1, n + 1))
    for rank in (1, 2, 3, 10, 100):
        p = rank**-theta / weight
        assert counts[rank] / DRAWS == pytest.approx(p, abs=4 * (p * (1 - p) / DRAWS) ** 0.5)


def test_a_hot_set_gets_its_share_and_every_id_can_come() -> None:
    counts = drawn({"kind": "hot", "size": 10, "share": 0.7}, 50)
    assert sum(counts[number] for number in range(1, 11)) / DRAWS == pytest.approx(0.7, abs=0.015)
    assert set(counts) == set(range(1, 51))


def test_uniform_is_even() -> None:
    counts = drawn("uniform", 20)
    assert all(count == pytest.approx(1000, abs=130) for count in counts.values())


@pytest.mark.parametrize(
    "raw", ["uniform", "zipf", {"kind": "zipf", "theta": 10}, {"kind": "hot", "size": 1, "share": 1}]
)
def test_a_pair_is_always_two(raw: Any) -> None:
    rng = random.Random(7)
    draw = Skew.read(raw).pair(2)
    assert {draw(rng) for _ in range(100)} <= {(1, 2), (2, 1)}


@pytest.mark.parametrize("raw", ["uniform", "zipf", "hot", {"kind": "hot", "size": 5}])
def test_it_reads_back_as_itself(raw: Any) -> None:
    skew = Skew.read(raw)
    assert Skew.read(skew.as_json()) == skew
    assert UNIFORM.as_json() == {"kind": "uniform"}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("normal", ": expected one of uniform, zipf, hot"),
        (7, ": expected one of"),
        ({"theta": 1}, ": expected one of"),
        ({"kind": "zipf", "size": 3}, "size: unknown key of kind zipf; allowed here: theta"),
        ({"kind": "uniform", "size": 3}, "unknown key of kind uniform; allowed here: no key"),
        ({"kind": "zipf", "theta": 0}, "theta: expected a number, 0.001 to 10, got 0"),
        ({"kind": "zipf", "theta": "steep"}, "theta: expected a number, 0.001 to 10, got 'steep'"),
        ({"kind": "hot", "share": 1.5}, "share: expected a number, 0 to 1, got 1.5"),
        ({"kind": "hot", "size": 2.5}, "size: expected a whole number"),
    ],
)
def test_a_skew_that_cannot_be_is_refused_with_its_key(raw: Any, says: str) -> None:
    with pytest.raises(MistakesError, match=says):
        Skew.read(raw)


def test_a_hot_set_must_leave_some_out() -> None:
    with pytest.raises(ConfigError, match="the hot set has 100 of 100"):
        Skew.read("hot").picker(100)
