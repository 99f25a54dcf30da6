"""Which of n things an operation touches: all alike, a few far more often, or a hot set.

Ids are ranks: under ``zipf`` and ``hot`` the low ones are popular, not scattered over the key space, so popular rows
share pages too. Draws from the caller's generator alone, so the seed decides.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loadgen.errors import ConfigError

#: Keys of each kind with their defaults. 0.99 is YCSB's constant (Cooper et al., SoCC 2010).
KINDS: dict[str, dict[str, float]] = {
    "uniform": {},
    "zipf": {"theta": 0.99},
    "hot": {"size": 100, "share": 0.9},
}

#: Draws an id, 1 to n.
Picker = Callable[[random.Random], int]


@dataclass(frozen=True, kw_only=True)
class Skew:
    """kind: one of KINDS. theta (zipf): the probability of rank r falls as r ** -theta. size, share (hot): that share
    of the draws goes to the first ``size`` ids, the rest to all others, each side evenly."""

    kind: str = "uniform"
    theta: float | None = None
    size: float | None = None
    share: float | None = None

    @classmethod
    def read(cls, raw: Any, *, key: str) -> Skew:
        """From a word (``zipf``) or a mapping (``{kind: hot, size: 10, share: 0.5}``). Raises ConfigError."""
        given = {"kind": raw} if isinstance(raw, str) else raw
        kind = given.get("kind") if isinstance(given, dict) else None
        if not isinstance(given, dict) or kind not in KINDS:
            raise ConfigError(
                f"expected one of {', '.join(KINDS)}, or a mapping with such a kind; got {raw!r}", key=key
            )
        known = KINDS[kind]
        for name, value in given.items():
            if name != "kind" and name not in known:
                raise ConfigError(
                    f"is not an option of kind {kind}, which takes {', '.join(known) or 'no key'}",
                    key=f"{key}.{name}",
                )
            if name != "kind" and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ConfigError(f"expected a number, got {value!r}", key=f"{key}.{name}")
        resolved = known | {name: value for name, value in given.items() if name != "kind"}
        _require(0 < resolved.get("theta", 1) <= 10, f"{key}.theta", "above 0, at most 10", resolved)
        _require(0 <= resolved.get("share", 0) <= 1, f"{key}.share", "0 to 1", resolved)
        size = resolved.get("size", 1)
        _require(size >= 1 and size == int(size), f"{key}.size", "a whole number, 1 or more", resolved)
        return cls(kind=str(kind), **resolved)

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **{name: getattr(self, name) for name in KINDS[self.kind]}}

    def picker(self, n: int) -> Picker:
        """Draws ids from 1 to n. Raises ConfigError when the hot set leaves nobody outside of it."""
        if self.kind == "zipf":
            assert self.theta is not None
            return _zipf(n, self.theta)
        if self.kind == "hot":
            assert self.size is not None
            assert self.share is not None
            return _hot(n, int(self.size), self.share)
        return lambda rng: rng.randint(1, n)

    def pair(self, n: int) -> Callable[[random.Random], tuple[int, int]]:
        """Draws two different ids from 1 to n, each by the skew; n is at least 2."""
        pick = self.picker(n)

        def draw(rng: random.Random) -> tuple[int, int]:
            first = pick(rng)
            # A hot set of one, or an extreme theta, may give the same id for ever: then any other will do.
            second = next((other for other in (pick(rng) for _ in range(8)) if other != first), first % n + 1)
            return first, second

        return draw


UNIFORM = Skew()


def _require(holds: bool, key: str, expected: str, given: dict[str, Any]) -> None:
    if not holds:
        raise ConfigError(f"expected {expected}, got {given[key.rpartition('.')[2]]!r}", key=key)


def _hot(n: int, size: int, share: float) -> Picker:
    if size >= n:
        raise ConfigError(f"the hot set has {size} of {n}; it must leave some out", key="workload.skew.size")
    return lambda rng: rng.randint(1, size) if rng.random() < share else rng.randint(size + 1, n)


def _zipf(n: int, theta: float) -> Picker:
    """Exact Zipf by rejection-inversion: W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from
    monotone discrete distributions", ACM TOMACS 6(3), 1996. Constant time and memory in n, for any theta above 0."""
    flat = 1 - theta

    def integral(x: float) -> float:
        return math.log(x) if flat == 0 else (x**flat - 1) / flat

    def inverse(y: float) -> float:
        return math.exp(y) if flat == 0 else max(0.0, 1 + y * flat) ** (1 / flat)

    top, bottom = integral(1.5) - 1, integral(n + 0.5)
    squeeze = 2 - inverse(integral(2.5) - 2**-theta)

    def pick(rng: random.Random) -> int:
        while True:
            u = bottom + rng.random() * (top - bottom)
            x = inverse(u)
            k = min(n, max(1, int(x + 0.5)))
            if k - x <= squeeze or u >= integral(k + 0.5) - k**-theta:
                return k

    return pick
