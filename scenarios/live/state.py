"""One look at a run that is under way: its phase, its load, its pods and proxies, its faults, what was decided.

A run publishes a `Snapshot` twice a second (`scenarios.live.publisher`); the terminal's panel, the metrics and the live
page read the same one. Times are CLOCK_MONOTONIC nanoseconds of this machine, so that a reader can tell how old
something is. None is what is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

SCHEMA_ID = "meshbench/live/1"


@dataclass(frozen=True, kw_only=True)
class PhaseSeen:
    """name: ``boot``, ``set up``, ``load`` … ended_ns: None while it lasts. expected_s: how long it will last, where
    that is known beforehand."""

    name: str
    began_ns: int
    ended_ns: int | None = None
    expected_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class SecondSeen:
    """A second of the load, of all load pods together: `history.load_events.Second`. failed: without refusals of the
    business. response_p99_ms: of the operations acknowledged in it, at most 2 % too large."""

    t_s: float
    offered: int
    achieved: int
    failed: int
    refused: int
    unknown: int
    backlog: int
    in_flight: int
    response_p99_ms: float | None


@dataclass(frozen=True, kw_only=True)
class LoadSeen:
    """zero_ns: when it began; None until its first second is over. offered … unknown: operations since then.
    response_p50_ms, response_p99_ms: of the operations acknowledged in the last ``over_s`` seconds. seconds: the last
    ones, oldest first."""

    duration_s: float
    zero_ns: int | None = None
    offered: int = 0
    achieved: int = 0
    failed: int = 0
    refused: int = 0
    unknown: int = 0
    response_p50_ms: float | None = None
    response_p99_ms: float | None = None
    over_s: int = 0
    seconds: tuple[SecondSeen, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PodSeen:
    """What a MySQL pod said of itself last. at_ns: when. up: whether it answered; what follows is None where it did
    not. quarantined: why it is kept out of service, where somebody asked."""

    name: str
    at_ns: int
    up: bool
    role: str | None = None
    state: str | None = None
    read_only: bool | None = None
    lag_ms: float | None = None
    quarantined: str | None = None


@dataclass(frozen=True, kw_only=True)
class EndpointSeen:
    """A pod in a pool of a proxy. connections: open sessions from the proxy to it. cut: sessions that the proxy has
    closed because the pod failed, since it started; None where its product does not count them."""

    healthy: bool
    connections: int
    cut: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProxySeen:
    """pools: pool (``write``, ``read``) -> pod -> what the proxy says of it; empty where it did not answer."""

    name: str
    at_ns: int
    up: bool
    pools: dict[str, dict[str, EndpointSeen]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FaultSeen:
    """One fault on one pod so far. pod: None until it is known whom it hits. steps: step of its story (``planned``,
    ``injected``, ``bitten``, ``healed``, ``clean``) -> when, None where that is not known beforehand. ok: whether the
    last step showed what it should; None where it is no evidence. active: injected and not yet healed."""

    id: int
    kind: str | None
    fault: str
    target: str
    pod: str | None
    steps: dict[str, int | None]
    ok: bool | None
    active: bool


@dataclass(frozen=True, kw_only=True)
class DecisionSeen:
    """A decision of the control plane: `history.decisions.Decision`."""

    at_ns: int
    event: str
    epoch: int
    pod: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A run as it is at ``at_ns``. folder: of the run, inside the runs folder. mesh: its mode, and its proxy where it
    has one. owner: its process (`cluster.platform.ownership.owner`)."""

    run_id: str
    folder: str
    scenario: str
    topology: str
    mesh: str
    workload: str
    seed: int
    started_at: str
    owner: str
    at_ns: int
    load: LoadSeen
    phases: tuple[PhaseSeen, ...] = ()
    pods: tuple[PodSeen, ...] = ()
    proxies: tuple[ProxySeen, ...] = ()
    faults: tuple[FaultSeen, ...] = ()
    decisions: tuple[DecisionSeen, ...] = ()

    @property
    def phase(self) -> PhaseSeen | None:
        """The one it is in, the innermost and newest."""
        return next((phase for phase in reversed(self.phases) if phase.ended_ns is None), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ClusterSeen:
    """A cluster that `meshbench up` left running, as it is at ``at_ns``. problem: why nothing of it can be seen, or
    None."""

    name: str
    run_id: str
    at_ns: int
    topology: str = ""
    mesh: str = ""
    started_at: str = ""
    pods: tuple[PodSeen, ...] = ()
    proxies: tuple[ProxySeen, ...] = ()
    decisions: tuple[DecisionSeen, ...] = ()
    problem: str | None = None


_READER = TypeAdapter(Snapshot)


def snapshot_of(content: bytes | Mapping[str, Any]) -> Snapshot | None:
    """Of JSON, as text or read; None where another version of meshbench wrote it, or half of it is missing."""
    try:
        return _READER.validate_json(content) if isinstance(content, bytes) else _READER.validate_python(content)
    except ValidationError:
        return None
