"""The keys a workload takes in a scenario: a frozen dataclass a workload, read by `cluster.keys`.

A field states its default and its bounds (``bounded``); its type is that of its default. Knows no workload.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster.keys import Keys, like
from loadgen.errors import ConfigError

BIGINT_MAX = 2**63 - 1


def bounded(default: Any, *, at_least: float | None = None, at_most: float | None = None) -> Any:
    """A field with bounds, both allowed themselves."""
    return like(default, at_least=at_least, at_most=at_most)


def share(default: float) -> Any:
    """A field between 0 and 1."""
    return like(default, at_least=0.0, at_most=1.0)


@dataclass(frozen=True, kw_only=True)
class Options(Keys):
    """Base of every workload's options; by itself the options of a workload that takes no key."""


def require_sums_fit(*, opening: int, accounts: int) -> None:
    """Raise ConfigError when balances that are one and a half times the mean opening at most might sum up to more than
    MySQL's BIGINT holds."""
    most = BIGINT_MAX * 2 // (accounts * 3)
    if opening > most:
        raise ConfigError(
            f"{accounts} balances of that order would not sum up within MySQL's BIGINT; at most {most}, got {opening}",
            key="workload.opening",
        )
