"""The part of a scenario that says how much load comes, when, and what clients do when something fails.

``docs/load.md`` has each model with its formula and its source. What becomes of it is `scenarios.load.load_config`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from cluster.duration import parse_duration, show_duration
from loadgen.arrivals.think import Distribution, Think
from loadgen.config import PROCESSES_PER_WORKER
from loadgen.policy import Policy, Reconnect, Retry
from scenarios.schema.duration import Duration, PositiveDuration
from scenarios.schema.rate import Rate, is_share
from scenarios.schema.section import MisfitError, Section
from scenarios.schema.user_keys import Arguments, Environment, argument_list

Model = Literal["poisson", "constant", "steps", "ramp", "burst", "diurnal", "closed"]

#: Model -> its own keys, and which of them it cannot do without.
OWN_KEYS: dict[str, tuple[str, ...]] = {
    "steps": ("steps", "spacing"),
    "ramp": ("end_rate", "spacing"),
    "burst": ("burst_rate", "burst_every", "burst_for", "spacing"),
    "diurnal": ("curve", "points", "spacing"),
    "closed": ("users", "think_time"),
}
NEEDED = {"steps": ("steps",), "ramp": ("end_rate",), "burst": ("burst_rate", "burst_every", "burst_for")}
#: What a locustfile has of the load: its users are its own closed loops.
OF_LOCUSTFILES = ("duration", "connections", "workers", "environment", "arguments")
#: Models that have no use for load.rate.
RATELESS = ("steps", "closed")


def _word(key: str) -> BeforeValidator:
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def _think_word(value: Any) -> Any:
    """``tpcc``, ``none``, or a mean such as 100ms."""
    if value == 0 and not isinstance(value, bool):
        return {"distribution": "none"}
    if isinstance(value, str):
        return {"distribution": value} if value in ("none", "tpcc") else {"mean": value}
    return value


def _ascend(points: list[list[float]]) -> bool:
    if len(points) < 2 or not all(len(point) == 2 and 0 <= point[1] < 1e6 for point in points):
        return False
    times = [point[0] for point in points]
    return times == sorted(times) and times[0] < times[-1] and any(value for _, value in points)


class StepSection(Section):
    rate: Rate
    duration: PositiveDuration


class ThinkSection(Section):
    distribution: Distribution = "exponential"
    mean: PositiveDuration | None = None

    @model_validator(mode="after")
    def _mean_fits(self) -> Self:
        fixed = self.distribution in ("constant", "exponential")
        if fixed and self.mean is None:
            raise MisfitError(("mean",), f"{self.distribution} needs it, such as 100ms")
        if not fixed and self.mean is not None:
            raise MisfitError(("mean",), f"does not apply to {self.distribution}; leave it out")
        return self

    def think(self) -> Think:
        return Think(kind=self.distribution, mean_s=self.mean or 0.0)


class PolicySection(Section):
    """A policy, whose first ``mode`` does nothing, so that the other keys then mean nothing."""

    @model_validator(mode="after")
    def _keys_fit_the_mode(self) -> Self:
        fields = dict(type(self).model_fields)
        idle = fields.pop("mode").default
        values = dict(self)
        for key, field in fields.items():
            if values["mode"] == idle and values[key] != field.default:
                raise MisfitError((key,), f"does not apply to mode {idle}; leave it out, or choose another mode")
        return self


class RetrySection(PolicySection):
    mode: Retry = Policy.retry
    attempts: int = Field(default=Policy.retry_attempts, ge=1, le=100)
    backoff: PositiveDuration = Policy.retry_backoff_s
    cap: PositiveDuration = Policy.retry_cap_s


class ReconnectSection(PolicySection):
    mode: Reconnect = Policy.reconnect
    backoff: PositiveDuration = Policy.reconnect_backoff_s
    cap: PositiveDuration = Policy.reconnect_cap_s


def _never(value: Any) -> Any:
    return None if value == "never" else value


class PoolSection(Section):
    """``never``, the default of both: no session is too old, and an operation waits as long as it takes."""

    max_lifetime: Annotated[PositiveDuration | None, BeforeValidator(_never)] = None
    connection_timeout: Annotated[PositiveDuration | None, BeforeValidator(_never)] = None


#: Load pods of one run at most.
MAX_WORKERS = 8


class LoadSection(Section):
    """rate: None where the model has none. points: of a diurnal curve, (time, factor of rate), once they are read."""

    model: Model = "poisson"
    rate: Rate | None = None
    duration: PositiveDuration = 60.0
    connections: int = Field(default=32, ge=1, le=PROCESSES_PER_WORKER)
    workers: int = Field(default=1, ge=1, le=MAX_WORKERS)
    backlog: int = Field(default=10_000, ge=1)
    drain: Duration = 10.0
    statement_timeout: PositiveDuration = 10.0
    batch: bool = False
    spacing: Literal["poisson", "constant"] | None = None
    steps: list[StepSection] | None = Field(default=None, min_length=1, max_length=1_000)
    end_rate: Rate | None = None
    burst_rate: Rate | None = None
    burst_every: PositiveDuration | None = None
    burst_for: PositiveDuration | None = None
    curve: Annotated[Path | None, Field(strict=False)] = None
    points: list[list[float]] | None = None
    users: int | None = Field(default=None, ge=1, le=100_000)
    think_time: Annotated[ThinkSection | None, BeforeValidator(_think_word)] = None
    calibrate: PositiveDuration | None = None
    retry: Annotated[RetrySection, _word("mode")] = RetrySection()
    reconnect: Annotated[ReconnectSection, _word("mode")] = ReconnectSection()
    pool: PoolSection = PoolSection()
    environment: Environment = Field(default_factory=dict)
    arguments: Arguments = Field(default_factory=list)

    @property
    def argument_list(self) -> tuple[str, ...]:
        return argument_list(self.arguments)

    @model_validator(mode="before")
    @classmethod
    def _steps_last_as_long_as_they_last(cls, value: Any) -> Any:
        """The duration of steps is their sum."""
        if (
            not isinstance(value, dict)
            or value.get("model") != "steps"
            or not isinstance(value.get("steps"), list)
            or not value["steps"]
        ):
            return value
        try:
            total_s = sum(parse_duration(step["duration"]) for step in value["steps"])
            given_s = parse_duration(value.get("duration") or show_duration(total_s))
        except (ValueError, KeyError, TypeError):
            return value  # the fields themselves say what is wrong
        if abs(given_s - total_s) > 1e-6:
            raise MisfitError(
                ("duration",), f"the steps take {show_duration(total_s)} together; leave it out, or set it to null"
            )
        return {**value, "duration": show_duration(total_s)}

    @model_validator(mode="after")
    def _keys_fit_the_model(self) -> Self:
        mine = OWN_KEYS.get(self.model, ())
        for model, keys in OWN_KEYS.items():
            for key in keys:
                if getattr(self, key) is not None and key not in mine:
                    raise MisfitError((key,), f"does not apply to model {self.model}, only to {model}; leave it out")
        for key in NEEDED.get(self.model, ()):
            if getattr(self, key) is None:
                raise MisfitError((key,), f"model {self.model} needs {', '.join(NEEDED[self.model])}")
        if self.model == "diurnal" and self.curve is None and self.points is None:
            raise MisfitError(
                ("curve",), "model diurnal needs it: a CSV file with the columns time,rate or time,relative"
            )
        if self.points is not None and not _ascend(self.points):
            raise MisfitError(("points",), "expected at least two [time, value] in ascending time, values from 0")
        if self.model in RATELESS and self.rate is not None:
            raise MisfitError(("rate",), f"model {self.model} has none; leave it out, or set it to null")
        if self.burst_for and self.burst_every and self.burst_for >= self.burst_every:
            raise MisfitError(("burst_for",), f"must be shorter than burst_every ({show_duration(self.burst_every)})")
        for key in ("connections", "backlog", "users"):
            if (getattr(self, key) or self.workers) < self.workers:
                raise MisfitError((key,), f"{self.workers} workers need at least {self.workers}, one each")
        shares = any(is_share(rate) for rate in self.rates())
        if self.calibrate is not None and not shares:
            raise MisfitError(("calibrate",), "no rate is a share of the measured maximum, such as 70%; leave it out")
        found = self.model_copy(update=self._defaults(shares=shares))
        found.model_fields_set.intersection_update(self.model_fields_set)  # what was written, not what follows from it
        return found

    def _defaults(self, *, shares: bool) -> dict[str, Any]:
        """What the model makes of keys that were left out."""
        found: dict[str, Any] = {}
        if self.rate is None and self.model not in (*RATELESS, "diurnal"):
            found["rate"] = 200.0
        if self.spacing is None and "spacing" in OWN_KEYS.get(self.model, ()):
            found["spacing"] = "poisson"
        if self.model == "closed":
            found["users"] = self.users or self.connections
            found["think_time"] = self.think_time or ThinkSection(distribution="none")
            found["backlog"] = max(self.backlog, found["users"])
        if shares and self.calibrate is None:
            found["calibrate"] = 10.0
        return found

    def policy(self) -> Policy:
        """What clients do when something fails."""
        return Policy(
            retry=self.retry.mode,
            retry_attempts=self.retry.attempts,
            retry_backoff_s=self.retry.backoff,
            retry_cap_s=self.retry.cap,
            reconnect=self.reconnect.mode,
            reconnect_backoff_s=self.reconnect.backoff,
            reconnect_cap_s=self.reconnect.cap,
            max_lifetime_s=self.pool.max_lifetime,
            connection_timeout_s=self.pool.connection_timeout,
        )

    def rates(self) -> list[Rate]:
        """Every rate it names."""
        steps = [step.rate for step in self.steps or []]
        return [rate for rate in (self.rate, self.end_rate, self.burst_rate, *steps) if rate is not None]


def default_load() -> LoadSection:
    return LoadSection.model_validate({})
