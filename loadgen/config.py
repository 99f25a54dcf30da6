"""What one load worker is told to do, as one JSON file the runner writes and the pod reads.

Holds no defaults for anything that belongs to a scenario (rate, isolation); only the generator's own limits
have them. Imports neither Locust nor gevent, so the host side can use it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from loadgen.arrivals.curve import Curve, Piece
from loadgen.arrivals.think import Think
from loadgen.errors import ConfigError, require, require_one_of
from loadgen.policy import Policy

Isolation = Literal["read-uncommitted", "read-committed", "repeatable-read", "serializable"]
#: When clients speak TLS to the server: where it demands that, always, never.
Tls = Literal["auto", "required", "disabled"]
#: Open loops with random and with even arrivals, and the closed loop.
Model = Literal["poisson", "constant", "closed"]

#: Process numbers of worker n start at n times this, so no two workers of a run share one.
PROCESSES_PER_WORKER = 10_000


@dataclass(frozen=True, kw_only=True)
class WorkloadConfig:
    """name: one of registry.WORKLOADS, or ``path/to/file.py:ClassName`` of a user's own. options:
    the workload's own keys; `registry.create` checks them."""

    name: str
    isolation: Isolation
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(isinstance(self.name, str), "workload.name", "a name", self.name)
        require(isinstance(self.options, dict), "workload.options", "a JSON object", self.options)
        require_one_of(Isolation, "workload.isolation", self.isolation)


@dataclass(frozen=True, kw_only=True)
class LoadConfig:
    """One worker's part of the load.

    endpoints: (host, port) to connect to for writes: one for a gateway or sidecar, every pod in direct mode.
    read_endpoints: the same for operations that go to the read port.
    rate: offered arrivals a second of this worker. shape: pieces of a curve that rate multiplies
    and that take duration_s together; empty: no change. users: of a closed loop, which asks for no rate; think: their
    pauses. connections: concurrent clients. policy: what these do when something fails.
    backlog_cap: arrivals that may wait for a client; one more is recorded as overflow.
    drain_s: how long work may go on after the last arrival.
    connect_timeout_s: for TCP connect and the server's greeting. statement_timeout_s: for the answer to a statement.
    batch: statements that can wait for company share a round trip; latencies then are no longer those of an application
    that sends them one by one.
    worker: index of this worker among the workers of the run.
    out_dir: existing folder of this worker alone, for ``ops.jsonl``.
    """

    endpoints: tuple[tuple[str, int], ...]
    user: str
    password: str = field(repr=False)
    database: str
    workload: WorkloadConfig
    model: Model
    rate: float
    duration_s: float
    connections: int
    seed: int
    out_dir: str
    read_endpoints: tuple[tuple[str, int], ...] = ()
    shape: tuple[Piece, ...] = ()
    users: int = 0
    think: Think = field(default_factory=Think)
    policy: Policy = field(default_factory=Policy)
    worker: int = 0
    workers: int = 1
    backlog_cap: int = 10_000
    drain_s: float = 10.0
    connect_timeout_s: float = 2.0
    statement_timeout_s: float = 10.0
    batch: bool = False
    tls: Tls = "auto"

    def __post_init__(self) -> None:
        require(len(self.endpoints) >= 1, "endpoints", "at least one [host, port]", self.endpoints)
        require_one_of(Model, "model", self.model)
        for name in ("rate", "duration_s", "connect_timeout_s", "statement_timeout_s"):
            require(getattr(self, name) > 0, name, "above 0", getattr(self, name))
        for name in ("drain_s", "worker"):
            require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        require_one_of(Tls, "tls", self.tls)
        require(self.worker < self.workers, "worker", f"below workers ({self.workers})", self.worker)
        require(self.backlog_cap >= 1, "backlog_cap", "at least 1", self.backlog_cap)
        require(
            1 <= self.connections <= PROCESSES_PER_WORKER,
            "connections",
            f"1 to {PROCESSES_PER_WORKER}",
            self.connections,
        )
        closed = self.model == "closed"
        require(
            1 <= self.users <= self.backlog_cap if closed else self.users == 0,
            "users",
            "1 to backlog_cap for model closed, else 0",
            self.users,
        )
        if self.shape:
            lasts_s = self.curve().duration_s
            require(
                abs(lasts_s - self.duration_s) < 1e-6, "shape", f"pieces of {self.duration_s:g} s", f"{lasts_s:g} s"
            )
            require(all(min(piece[1:]) >= 0 for piece in self.shape), "shape", "rates of 0 or more", self.shape)
            require(self.curve().total > 0, "shape", "a rate above 0 somewhere", self.shape)

    def curve(self) -> Curve:
        """The offered arrivals a second over the run."""
        return Curve(self.shape or ((self.duration_s, 1.0, 1.0),)).scaled(self.rate)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> LoadConfig:
        """The inverse of to_json. Raises ConfigError for anything else than one complete configuration."""
        try:
            raw = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"load configuration: not JSON ({error})") from None
        _check_keys(cls, raw, "load configuration")
        _check_keys(WorkloadConfig, raw.get("workload"), "workload")
        _check_keys(Think, raw.get("think", {}), "think")
        _check_keys(Policy, raw.get("policy", {}), "policy")
        try:
            addresses = {
                name: tuple((str(host), int(port)) for host, port in raw[name])
                for name in ("endpoints", "read_endpoints")
                if name in raw
            }
            parts = {
                "workload": WorkloadConfig(**raw["workload"]),
                "shape": tuple((float(one), float(first), float(last)) for one, first, last in raw.get("shape", ())),
                "think": Think(**raw.get("think", {})),
                "policy": Policy(**raw.get("policy", {})),
            }
            return cls(**raw | addresses | parts)
        except (TypeError, ValueError) as error:
            raise ConfigError(str(error)) from None


def _check_keys(cls: type[Any], raw: Any, where: str) -> None:
    if not isinstance(raw, dict):
        raise ConfigError(f"{where}: expected a JSON object")
    known = {f.name for f in fields(cls)}
    if strange := sorted(set(raw) - known):
        raise ConfigError(f"{where}: unknown key {strange[0]!r}; known are {', '.join(sorted(known))}")
