"""``manifest.json`` as typed records: what a run was asked for, what it was made of, and what it says of itself.

Everything in it may be missing or null: then the run says less. What is there and not of its kind is refused, because
a limit that cannot be held against it would quietly be kept; so is what contradicts itself. Fields are the keys of the
file; the file may hold more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from history.fields import (
    TEXT,
    TEXT_OR_OBJECT,
    Anything,
    Count,
    Flag,
    Number,
    Object,
    Text,
    Whole,
    Words,
    one_of,
    read,
    spelt,
    taken_if_there,
)
from history.json_files import HistoryError
from history.load_account import LoadAccount
from history.older.topologies import BY_KIND, ReplicationFacts
from history.vocabulary import OPERATIONS_OF, WorkloadFacts, is_locustfile, is_own, operations_of

#: What ``schema`` says; null in a folder of another tool.
SCHEMA = "meshbench/manifest/1"
#: What a run can be a trial of.
PartOfKind = Literal["trials", "matrix", "nightly", "certify", "compare", "capacity"]
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h)")
_UNITS_S = {"us": "0.000001", "ms": "0.001", "s": "1", "m": "60", "h": "3600"}


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """A step of the timeline in the scenario; its other keys are the fault's."""

    fault: Text | None = None
    target: Anything = None
    peer: Anything = None
    at: Anything = None
    after: Anything = None
    heal_after: Anything = None


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What a scenario that is made to fail is to end in, and by which checks."""

    verdict: Anything = None
    checks: Anything = None


@dataclass(frozen=True, kw_only=True)
class MysqlSection:
    config: Object = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LoadSection:
    """duration, drain: in words, such as ``50s``."""

    duration: Anything = None
    drain: Anything = None

    @property
    def duration_s(self) -> float | None:
        return seconds_in(self.duration)

    @property
    def with_drain_s(self) -> float | None:
        """How long the load and its drain were to last; None where the duration is not told in words."""
        return None if self.duration_s is None else self.duration_s + (seconds_in(self.drain) or 0.0)


@dataclass(frozen=True, kw_only=True)
class ScenarioSection:
    """The scenario as it was resolved. A topology, mesh or workload that is given as one word is that word."""

    name: Text | None = None
    teaches: Text | None = None
    topology: Annotated[str | dict[str, Any], TEXT_OR_OBJECT] | None = None
    mesh: Annotated[str | dict[str, Any], TEXT_OR_OBJECT] | None = None
    workload: Annotated[str | dict[str, Any], TEXT_OR_OBJECT] | None = None
    mysql: MysqlSection = MysqlSection()
    load: LoadSection = LoadSection()
    gates: Object | None = None
    faults: tuple[PlannedStep, ...] | None = None
    expect: Expectation = Expectation()
    survivable: Flag | None = None


@dataclass(frozen=True, kw_only=True)
class WorkloadSection:
    """What the workload says of itself (`history.vocabulary.WorkloadFacts`)."""

    operations: Words | None = None
    reads: Words | None = None
    refusals: Words | None = None
    keyed: Flag = True
    read_port: Words | None = None


@dataclass(frozen=True, kw_only=True)
class TopologySection:
    """What the cluster was made of, with the answer for a folder that does not say. pods_at_end: after scale-out and
    scale-in. primaries: how many take writes at once. can_lose: how many nodes may be gone at the same time, whoever
    they are, so that writes go on or go on again by themselves."""

    kind: Text | None = None
    pods: Count | None = None
    pods_at_end: Count | None = None
    primaries: Count | None = None
    can_lose: Count | None = None
    replication: ReplicationFacts | None = None

    @property
    def facts(self) -> ReplicationFacts | None:
        """How its pods replicate; None of a kind that nobody knows."""
        return self.replication or BY_KIND.get(self.kind or "")

    @property
    def is_source_replica(self) -> bool:
        return self.facts is not None and self.facts.promoted

    @property
    def is_group(self) -> bool:
        return self.facts is not None and self.facts.elects_by_itself

    @property
    def primaries_meant(self) -> int:
        """How many pods are meant to be primary at once: 1 unless the manifest says otherwise, of a kind that has
        more."""
        one = self.facts is not None and not self.facts.multi_primary
        return 1 if one else self.primaries or 1

    @property
    def pods_meant_at_end(self) -> int | None:
        """How many pods there are meant to be at the end; None if nothing says so."""
        return self.pods if self.pods_at_end is None else self.pods_at_end


@dataclass(frozen=True, kw_only=True)
class MeshSection:
    """title: of the proxy, for people. routing, routes: how it finds its destinations, in a word and in a sentence.
    caveat: what to know before it is compared with others. settings: proxy -> the settings it worked with, asked at the
    end."""

    mode: Text | None = None
    proxy: Text | None = None
    title: Text | None = None
    routing: Text | None = None
    routes: Text | None = None
    caveat: Text | None = None
    settings: dict[str, Object] = field(default_factory=dict)

    @property
    def is_direct(self) -> bool:
        """Whether clients reached the pods without a proxy."""
        return self.mode == "direct"


@dataclass(frozen=True, kw_only=True)
class HostSection:
    """How noisy the machine was, in percent of its CPU."""

    steal_percent: Number | None = None
    cpu_pressure_percent: Number | None = None
    foreign_cpu_percent: Number | None = None


@dataclass(frozen=True, kw_only=True)
class LoadModel:
    """What was asked of the generator. loop: ``open`` or ``closed``. shape: of a locustfile."""

    loop: Text | None = None
    shape: Anything = None


@dataclass(frozen=True, kw_only=True)
class Sentinel:
    """How long a fixed piece of work took beside the run: of the CPU, and of writes that reach the disk."""

    cpu_s: Number
    fsync_ms: Number


@dataclass(frozen=True, kw_only=True)
class PartOf:
    """Of which whole a run is a trial. name: of the scenario, suite or plan. id: the whole's folder name. cell: such as
    ``group / envoy``. trial: from 1; equal numbers have equal seeds. attempt: from 1, 2 when a void one is repeated."""

    kind: Annotated[PartOfKind, one_of(get_args(PartOfKind))]
    name: Text
    id: Text
    cell: Text | None = None
    trial: Count
    attempt: Count = 1
    sentinel: Sentinel | None = None


@dataclass(frozen=True, kw_only=True)
class NotRecorded:
    """What could not be recorded, and why not."""

    what: Text | None = None
    why: Text | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """variables: pod -> SHOW GLOBAL VARIABLES. options: every mysqld option that was asked for, with what came of it.
    opened: what set-up filled, by final table. monotonic_zero_unix_ns: the wall clock at CLOCK_MONOTONIC zero.
    evidence: names of the files that the run recorded; None in a folder that no run of ours left. part_of: None of a
    run on its own."""

    schema: Annotated[str, one_of([SCHEMA])] | None = None
    scenario: ScenarioSection = ScenarioSection()
    gates: Object | None = None
    workload: WorkloadSection | None = None
    seed: Whole | None = None
    command: Words | None = None
    part_of: PartOf | None = None
    started_at: Text | None = None
    boot_s: Number | None = None
    monotonic_zero_unix_ns: Whole | None = None
    durations_s: dict[str, Number] = field(default_factory=dict)
    topology: TopologySection = TopologySection()
    mesh: MeshSection = MeshSection()
    host: HostSection = HostSection()
    load: LoadAccount = field(default_factory=LoadAccount)
    load_model: LoadModel = LoadModel()
    versions: Object = field(default_factory=dict)
    images: Object = field(default_factory=dict)
    variables: dict[str, Object] = field(default_factory=dict)
    options: Anything = None
    opened: Object | None = None
    evidence: Words | None = None
    missing: tuple[NotRecorded, ...] = ()
    notes: Words = ()

    @property
    def workload_name(self) -> str | None:
        """Of the scenario; None where that names none."""
        name = self.workload_options.get("name")
        return name if isinstance(name, str) else None

    @property
    def workload_options(self) -> Mapping[str, Any]:
        """The workload's keys in the scenario, ``name`` among them."""
        workload = self.scenario.workload or {}
        return {"name": workload} if isinstance(workload, str) else workload

    @property
    def of_locustfile(self) -> bool:
        """Whether the load was a user's own locustfile, whose users ask when they like."""
        return is_locustfile(self.workload_name or "")

    @property
    def workload_facts(self) -> WorkloadFacts:
        """What judging must know of the workload; in a folder that does not say, what held of those there were."""
        if self.workload is None:
            return WorkloadFacts(operations=operations_of(self.workload_name))
        return WorkloadFacts.read(vars(self.workload))


def read_manifest(content: Mapping[str, Any], *, name: str = "manifest.json") -> Manifest:
    """The typed manifest. name: the file, for messages. Raises HistoryError when a value is not of its kind."""
    return read(Manifest, content, place=name)


def assert_consistent(manifest: Manifest, *, name: str = "manifest.json") -> None:
    """Raise HistoryError where a manifest contradicts itself, or names a workload that nobody knows."""
    named = manifest.workload_options.get("name")
    workload = taken_if_there({"scenario.workload.name": named}, "scenario.workload.name", TEXT, place=name)
    known = workload is None or workload in OPERATIONS_OF or is_own(workload) or manifest.workload is not None
    if not known:
        expected = f"one of {', '.join(OPERATIONS_OF)}, path/to/file.py:ClassName, or the path of a locustfile"
        raise HistoryError(f"{name}: 'scenario.workload.name' must be {expected}, not {spelt(workload)}")
    _require_sums(manifest.load, name)
    _require_one_story(manifest, name)


def _require_sums(load: LoadAccount, place: str) -> None:
    """What the generator counted is part of what it offered. What expired need not have failed: an earlier attempt
    may have happened."""
    for whole, parts in (("offered", ("ok", "fail", "unknown")), ("fail", ("overflow", "refused"))):
        counts = {part: number for part in parts if (number := getattr(load, part)) is not None}
        limit = getattr(load, whole)
        if limit is not None and sum(counts.values()) > limit:
            counted = ", ".join(f"{part} {number}" for part, number in counts.items())
            raise HistoryError(f"{place}: 'load.{whole}' is {limit}, and of these are {counted}")
    if load.offered is not None and (load.overflow or 0) > load.offered:
        raise HistoryError(f"{place}: 'load.overflow' is {load.overflow}, of {load.offered} offered")


def _require_one_story(manifest: Manifest, place: str) -> None:
    """What the scenario asked for and what the run says it was are the same where both are told."""
    topology, mesh = manifest.topology, manifest.mesh
    asked = manifest.scenario.topology or {}
    asked = {"kind": asked} if isinstance(asked, str) else asked
    asked_mesh = manifest.scenario.mesh or {}
    # a shorthand may name the mode or the proxy
    asked_mesh = {} if isinstance(asked_mesh, str) else asked_mesh
    for path, wanted, was in (
        ("topology.kind", asked.get("kind"), topology.kind),
        ("topology.pods", asked.get("pods"), topology.pods),
        ("mesh.mode", asked_mesh.get("mode"), mesh.mode),
        ("mesh.proxy", asked_mesh.get("proxy"), mesh.proxy),
    ):
        if None not in (wanted, was) and wanted != was:
            told = f"{spelt(was)}, and 'scenario.{path}' {spelt(wanted)}"
            raise HistoryError(f"{place}: {path!r} is {told}; expected the same")
    several = topology.facts is not None and topology.facts.multi_primary
    if topology.kind is not None and not several and (topology.primaries or 0) > 1:
        told = f"{topology.primaries}, but kind {topology.kind} has one primary"
        raise HistoryError(f"{place}: 'topology.primaries' is {told}")


def seconds_in(duration: object) -> float | None:
    """``"50s"`` -> 50.0; None for what is no duration in words."""
    matched = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    return None if matched is None else float(Decimal(matched[1]) * Decimal(_UNITS_S[matched[2]]))
