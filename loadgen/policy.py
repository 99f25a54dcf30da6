"""What a client does when something fails: reconnect, try again, or tell its user. They decide what users see.

By default it does as little as possible, so that nothing is hidden: no retry, one attempt to connect an operation.
Pure rules; the waiting is done by `loadgen.client.client` and `loadgen.driver.driver`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from loadgen.errors import require, require_one_of
from loadgen.outcome import Result

Retry = Literal["none", "safe", "idempotent"]
Reconnect = Literal["immediately", "backoff"]

#: A session lives up to this share shorter than max_lifetime, so that a pool is not replaced all at once.
LIFETIME_SPREAD = 0.025

#: ER_DUP_ENTRY: the key is there already.
DUPLICATE = 1062


@dataclass(frozen=True, kw_only=True)
class Policy:
    """retry: ``none``; ``safe``: what certainly did not happen is sent again; ``idempotent``: also what may have
    happened, under the same key, so that the unique index on the key tells. retry_attempts: at most, the first
    included.
    reconnect: ``immediately``: an operation that finds its connection broken opens another one itself, and fails where
    that fails; ``backoff``: a broken connection takes no operation until it is open again.
    *_backoff_s, *_cap_s: see delay_s.
    max_lifetime_s: older sessions are replaced between operations; None: never. connection_timeout_s: an operation that
    waited so long for a free connection fails; None: it waits on.
    """

    retry: Retry = "none"
    retry_attempts: int = 3
    retry_backoff_s: float = 0.1
    retry_cap_s: float = 1.0
    reconnect: Reconnect = "immediately"
    reconnect_backoff_s: float = 0.1
    reconnect_cap_s: float = 2.0
    max_lifetime_s: float | None = None
    connection_timeout_s: float | None = None

    def __post_init__(self) -> None:
        require_one_of(Retry, "policy.retry", self.retry)
        require_one_of(Reconnect, "policy.reconnect", self.reconnect)
        require(self.retry_attempts >= 1, "policy.retry_attempts", "at least 1", self.retry_attempts)
        for name in ("retry_backoff_s", "retry_cap_s", "reconnect_backoff_s", "reconnect_cap_s"):
            require(getattr(self, name) > 0, f"policy.{name}", "above 0", getattr(self, name))
        for name in ("max_lifetime_s", "connection_timeout_s"):
            value = getattr(self, name)
            require(value is None or value > 0, f"policy.{name}", "above 0 or null", value)

    def tries_again(self, result: Result, *, attempt: int) -> bool:
        """Whether an operation is sent again after its nth attempt ended so. A refusal is an answer, not a failure."""
        if attempt >= self.retry_attempts or result.refused:
            return False
        match result.outcome:
            case "fail":
                return self.retry != "none"
            case "unknown":
                return self.retry == "idempotent"
            case _:
                return False

    def retry_delay_s(self, rng: random.Random, *, attempt: int) -> float:
        return delay_s(rng, base_s=self.retry_backoff_s, cap_s=self.retry_cap_s, failures=attempt)

    def reconnect_delay_s(self, rng: random.Random, *, failures: int) -> float:
        return delay_s(rng, base_s=self.reconnect_backoff_s, cap_s=self.reconnect_cap_s, failures=failures)

    def lifetime_s(self, rng: random.Random) -> float:
        """Of one session."""
        if self.max_lifetime_s is None:
            return float("inf")
        return self.max_lifetime_s * rng.uniform(1 - LIFETIME_SPREAD, 1)


def delay_s(rng: random.Random, *, base_s: float, cap_s: float, failures: int) -> float:
    """How long to wait after the nth failure in a row: exponential with a cap and full jitter, uniform from 0 to
    min(cap, base * 2 ** (n - 1)). Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015."""
    return rng.uniform(0, min(cap_s, base_s * 2.0 ** min(failures - 1, 62)))


def resolved(result: Result, *, in_doubt: bool) -> Result:
    """What a second attempt says about the first: a key that is there already, although no attempt of it was
    acknowledged, means that the one whose outcome was unknown had happened. The operation's own value is then the
    intended one."""
    if in_doubt and result.outcome == "fail" and result.errno == DUPLICATE:
        return replace(result, outcome="ok", error="had happened", value=None)
    return result
