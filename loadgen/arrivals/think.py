"""How long a user of a closed loop pauses between an answer and the next question.

``tpcc``: keying time before a transaction and think time after it, by its kind: TPC Benchmark C, revision 5.11 (2010),
clauses 5.2.5.2 and 5.2.5.4 (the table of minima in 5.2.5.7). Draws numbers; waits for nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from loadgen.errors import require, require_one_of

Distribution = Literal["none", "constant", "exponential", "tpcc"]

#: Seconds to key a transaction in, and mean seconds to think about its answer.
KEYING_S = {"new-order": 18.0, "payment": 3.0, "order-status": 2.0, "delivery": 2.0, "stock-level": 2.0}
THINKING_S = {"new-order": 12.0, "payment": 12.0, "order-status": 10.0, "delivery": 5.0, "stock-level": 5.0}
#: A think time is cut at this times its mean (clause 5.2.5.4).
LONGEST = 10.0


@dataclass(frozen=True, kw_only=True)
class Think:
    """mean_s: of ``constant`` and ``exponential``."""

    kind: Distribution = "none"
    mean_s: float = 0.0

    def __post_init__(self) -> None:
        require_one_of(Distribution, "think.kind", self.kind)
        fixed = self.kind in ("constant", "exponential")
        require(self.mean_s > 0 if fixed else self.mean_s == 0, "think.mean_s", "above 0 where needed", self.mean_s)

    def pause_s(self, rng: random.Random, *, done: str | None, coming: str) -> float:
        """Seconds between the end of an operation and the intended start of the next. done, coming: their kinds f;
        done is None before a user's first, which is drawn so that users do not all begin at once."""
        match self.kind:
            case "constant":
                return self.mean_s if done is not None else rng.uniform(0, self.mean_s)
            case "exponential":
                return rng.expovariate(1 / self.mean_s)
            case "tpcc":
                mean_s = THINKING_S[done or coming]
                return min(rng.expovariate(1 / mean_s), LONGEST * mean_s) + KEYING_S[coming]
            case _:
                return 0.0
