"""The keys a workload takes in a scenario: a frozen dataclass a workload, read and checked here.

A field states its default and its bounds (``bounded``); its type is that of its default. A key that a workload does not
have is refused, so that nobody believes to have set something that means nothing. Knows no workload.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from loadgen.errors import ConfigError
from loadgen.workloads.skew import Skew

BIGINT_MAX = 2**63 - 1


def bounded(default: Any, *, at_least: float | None = None, at_most: float | None = None) -> Any:
    """A field with bounds, both allowed themselves."""
    return field(default=default, metadata={"at_least": at_least, "at_most": at_most})


def share(default: float) -> Any:
    """A field between 0 and 1."""
    return bounded(default, at_least=0.0, at_most=1.0)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of every workload's options; by itself the options of a workload that takes no key."""

    @classmethod
    def read(cls, raw: Mapping[str, Any], *, of: str) -> Self:
        """From the keys of a scenario. of: the workload's name, for messages. Raises ConfigError."""
        known = [one.name for one in fields(cls)]
        for key in raw:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                raise ConfigError(
                    f"is not an option of workload {of}{hint} It takes: {', '.join(known) or 'no key'}",
                    key=f"workload.{key}",
                )
        values = {one.name: _value(one.name, one.default, one.metadata, raw) for one in fields(cls)}
        return cls(**values)

    def as_json(self) -> dict[str, Any]:
        """All keys with their resolved values; `read` of it gives the same options."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value.as_json() if isinstance(value, Skew) else value for name, value in values.items()}


def _value(name: str, default: Any, bounds: Mapping[str, Any], raw: Mapping[str, Any]) -> Any:
    value = raw.get(name, default)
    if isinstance(default, Skew):
        return value if isinstance(value, Skew) else Skew.read(value, key=f"workload.{name}")
    wanted = type(default)
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not wanted:
        kinds = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
        raise ConfigError(f"expected {kinds[wanted]}, got {value!r}", key=f"workload.{name}")
    low, high = bounds.get("at_least"), bounds.get("at_most")
    if (low is not None and value < low) or (high is not None and value > high):
        allowed = f"{low:,} to {high:,}" if low is not None and high is not None else f"{low:,} or more"
        raise ConfigError(f"expected {allowed}, got {value!r}", key=f"workload.{name}")
    return value


def require_sums_fit(*, opening: int, accounts: int) -> None:
    """Raise ConfigError when balances that are one and a half times the mean opening at most might sum up to more than
    MySQL's BIGINT holds."""
    most = BIGINT_MAX * 2 // (accounts * 3)
    if opening > most:
        raise ConfigError(
            f"{accounts} balances of that order would not sum up within MySQL's BIGINT; at most {most}, got {opening}",
            key="workload.opening",
        )
