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

from cluster.keys import Keys, Mistake, MistakesError, number, whole
from loadgen.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class _Zipf(Keys):
    #: YCSB's constant (Cooper et al., SoCC 2010).
    theta: float = number("how steeply popularity falls with the rank", default=0.99, at_least=0.001, at_most=10.0)


@dataclass(frozen=True, kw_only=True)
class _Hot(Keys):
    size: int = whole("how many ids are hot", default=100, at_least=1)
    share: float = number("the share of draws that goes to them", default=0.9, at_least=0.0, at_most=1.0)


#: The keys of each kind.
KINDS: dict[str, type[Keys]] = {"uniform": Keys, "zipf": _Zipf, "hot": _Hot}

#: Draws an id, 1 to n.
Picker = Callable[[random.Random], int]


@dataclass(frozen=True, kw_only=True)
class Skew:
    """kind: one of KINDS. theta (zipf): the probability of rank r falls as r ** -theta. size, share (hot): that share
    of the draws goes to the first ``size`` ids, the rest to all others, each side evenly."""

    kind: str = "uniform"
    theta: float | None = None
    size: int | None = None
    share: float | None = None

    @classmethod
    def read(cls, written: Any) -> Skew:
        """From a word (``zipf``) or a mapping (``{kind: hot, size: 10, share: 0.5}``). Raises MistakesError."""
        given = {"kind": written} if isinstance(written, str) else written
        kind = given.get("kind") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(kind, str) or kind not in KINDS:
            why = f"expected one of {', '.join(KINDS)}, or a mapping with such a kind"
            raise MistakesError([Mistake(key="", why=why, got=written)])
        keys = KINDS[kind].read({key: value for key, value in given.items() if key != "kind"}, of=f"kind {kind}")
        return cls(kind=kind, **keys.written())

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, **{name: getattr(self, name) for name in KINDS[self.kind].declared_keys()}}

    def picker(self, n: int) -> Picker:
        """Draws ids from 1 to n. Raises ConfigError when the hot set leaves nobody outside of it."""
        if self.kind == "zipf":
            assert self.theta is not None
            return _zipf(n, self.theta)
        if self.kind == "hot":
            assert self.size is not None
            assert self.share is not None
            return _hot(n, self.size, self.share)
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
