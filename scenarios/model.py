"""A scenario as a typed document: every key, its default, its bounds. Reading YAML is `scenarios.read`.

Durations are written with a unit (``250ms``, ``15s``, ``2m``) and kept in seconds. Shorthands are accepted where one
word says it all: ``topology: group``, ``mesh: envoy``, ``mesh: direct``, ``workload: transfer``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from chaos import FAULTS
from chaos.injector import PlannedFault
from chaos.targets import Target, needs_replicas
from checks.judge import CHECKS
from cluster.mysqld import RESERVED
from cluster.topology import MAX_PODS, Kind, Topology
from loadgen.config import PROCESSES_PER_WORKER
from mesh.spec import MeshSpec, Mode

_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: Any) -> float:
    """``"250ms"`` -> 0.25. A bare number has no unit and is refused, except 0."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(us|ms|s|m|h)", value.strip()) if isinstance(value, str) else None
    if match:
        return float(match[1]) * _UNITS_S[match[2]]
    if value == 0 and not isinstance(value, bool):
        return 0.0
    raise ValueError("expected a duration with a unit, such as 250ms, 15s or 2m")


def show_duration(seconds: float) -> str:
    """The inverse of parse_duration, in the largest unit that stays whole."""
    if seconds >= 1 and seconds == int(seconds):
        return f"{int(seconds)}s"
    return f"{seconds * 1000:g}ms"


Duration = Annotated[float, BeforeValidator(parse_duration), PlainSerializer(show_duration)]
PositiveDuration = Annotated[Duration, Field(gt=0)]


class Section(BaseModel):
    """A part of a scenario: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _word(key: str) -> BeforeValidator:
    """Accept a bare word for a section: it fills ``key``."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def _mesh_word(value: Any) -> Any:
    if value == "direct":
        return {"mode": "direct"}
    return {"mode": "gateway", "proxy": value} if isinstance(value, str) else value


class TopologySection(Section):
    kind: Kind
    pods: int = Field(default=0, ge=1, le=MAX_PODS)

    @model_validator(mode="before")
    @classmethod
    def _default_pods(cls, value: Any) -> Any:
        if isinstance(value, dict) and "pods" not in value:
            return {**value, "pods": 1 if value.get("kind") == "single" else 3}
        return value

    @model_validator(mode="after")
    def _single_is_one(self) -> Self:
        if self.kind == "single" and self.pods != 1:
            raise ValueError(f"pods must be 1 for kind single, not {self.pods}; every other kind takes 1 to {MAX_PODS}")
        return self


class MySQLSection(Section):
    image: str = "default"
    my_cnf: Path | None = None
    config: dict[str, str | int | float | bool] = Field(default_factory=dict)
    isolation: Literal["read-uncommitted", "read-committed", "repeatable-read", "serializable"] = "repeatable-read"

    @model_validator(mode="after")
    def _not_ours(self) -> Self:
        for key in self.config:
            if not re.fullmatch(r"[a-z][a-z0-9_-]*", key):
                raise ValueError(f"config: {key!r} is not the name of a mysqld option")
            if key.replace("-", "_") in RESERVED:
                raise ValueError(f"config.{key} is set by meshbench itself; leave it out")
        return self


class MeshSection(Section):
    mode: Literal["direct", "gateway"]
    proxy: Literal["envoy"] | None = None
    check_interval: PositiveDuration = 0.25
    check_timeout: PositiveDuration = 1.0
    fall: int = Field(default=2, ge=1)
    rise: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _proxy_fits(self) -> Self:
        if self.mode == "gateway" and self.proxy is None:
            raise ValueError("mode gateway needs a proxy; allowed: envoy")
        if self.mode == "direct" and self.model_fields_set - {"mode"}:
            strange = sorted(self.model_fields_set - {"mode"})[0]
            raise ValueError(f"{strange} has no meaning in mode direct, which has no proxy; leave it out")
        return self


def mesh_words() -> list[str]:
    """Every word that ``mesh: WORD`` may be: of all modes and proxies those that say enough alone."""
    section = TypeAdapter[MeshSection](Annotated[MeshSection, BeforeValidator(_mesh_word)])
    proxies = get_args(get_args(MeshSection.model_fields["proxy"].annotation)[0])
    words = []
    for word in (*get_args(Mode), *proxies):
        with suppress(ValidationError):  # such as gateway, which needs a proxy beside it
            section.validate_python(word)
            words.append(word)
    return words


class WorkloadSection(Section):
    name: Literal["transfer"]
    accounts: int = Field(default=10_000, ge=2, le=10_000_000)
    opening: int = Field(default=1_000_000, ge=0)
    read_share: float = Field(default=0.2, ge=0, lt=1)


class LoadSection(Section):
    model: Literal["poisson", "constant"] = "poisson"
    rate: float = Field(default=200, gt=0, le=100_000)
    duration: PositiveDuration = 60.0
    connections: int = Field(default=32, ge=1, le=PROCESSES_PER_WORKER)
    workers: Literal[1] = 1
    backlog: int = Field(default=10_000, ge=1)
    drain: Duration = 10.0
    statement_timeout: PositiveDuration = 10.0


def _fault_name(value: Any) -> Any:
    if value not in FAULTS:
        raise ValueError(f"unknown fault {value!r}; known: {', '.join(FAULTS)}")
    return value


class FaultSection(Section):
    at: Duration
    fault: Annotated[str, BeforeValidator(_fault_name)]
    target: Target
    heal_after: PositiveDuration | None = None


class GatesSection(Section):
    """Thresholds. Those with a default hold in every run; a gate left out is measured, not judged."""

    lost: int = Field(default=0, ge=0)
    duplicated: int = Field(default=0, ge=0)
    write_outage: PositiveDuration | None = None
    min_acked: int | None = Field(default=None, ge=0)
    response_p99: PositiveDuration | None = None
    response_p99_before: PositiveDuration | None = None
    response_p99_after: PositiveDuration | None = None
    lateness_p99: PositiveDuration = 0.1
    steal_percent: float = Field(default=25, gt=0, le=100)
    require: list[str] = ["durability", "conservation", "duplicates", "torn", "availability", "convergence"]

    @model_validator(mode="after")
    def _known_checks(self) -> Self:
        for name in self.require:
            if name not in CHECKS:
                raise ValueError(f"require: unknown check {name!r}; known: {', '.join(CHECKS)}")
        return self

    def numbers(self) -> dict[str, Any]:
        """The gates as the checks read them: units last, durations in ``_ms``."""
        durations = ("write_outage", "response_p99", "response_p99_before", "response_p99_after", "lateness_p99")
        numbers: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is not None:
                numbers |= {f"{name}_ms": value * 1000} if name in durations else {name: value}
        return numbers


class Scenario(Section):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    teaches: str = Field(min_length=1)
    topology: Annotated[TopologySection, _word("kind")]
    mysql: MySQLSection = MySQLSection()
    mesh: Annotated[MeshSection, BeforeValidator(_mesh_word)]
    workload: Annotated[WorkloadSection, _word("name")]
    load: LoadSection = LoadSection()
    faults: list[FaultSection] = []
    gates: GatesSection = GatesSection()
    seed: int = Field(default=1, ge=0, lt=2**63)

    @model_validator(mode="after")
    def _faults_fit(self) -> Self:
        for number, step in enumerate(self.faults):
            if step.at >= self.load.duration:
                raise ValueError(
                    f"faults[{number}].at: {show_duration(step.at)} is not within load.duration "
                    f"({show_duration(self.load.duration)})"
                )
            if needs_replicas(step.target) and self.topology.pods < 2:
                raise ValueError(
                    f"faults[{number}].target: {step.target} needs a replica; topology {self.topology.kind} with "
                    f"{self.topology.pods} pod has none"
                )
        return self

    def topology_spec(self) -> Topology:
        return Topology(
            kind=self.topology.kind,
            pods=self.topology.pods,
            image=None if self.mysql.image == "default" else self.mysql.image,
            config=self.mysql.config,
            my_cnf=self.mysql.my_cnf,
        )

    def mesh_spec(self) -> MeshSpec:
        mesh = self.mesh
        return MeshSpec(
            mode=mesh.mode,
            check_interval_s=mesh.check_interval,
            check_timeout_s=mesh.check_timeout,
            fall=mesh.fall,
            rise=mesh.rise,
        )

    def timeline(self) -> list[PlannedFault]:
        return [
            PlannedFault(fault=one.fault, target=one.target, at_s=one.at, heal_after_s=one.heal_after)
            for one in self.faults
        ]
