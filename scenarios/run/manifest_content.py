"""``manifest.json`` as a run writes it: its members by name and type. What is read of it is `history.manifest`; a test
holds the two to the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict


class TopologyContent(TypedDict):
    kind: str
    pods: int
    primaries: int
    can_lose: int
    replication: Mapping[str, bool | str]
    extras: list[str]
    pods_at_end: NotRequired[int]


class MeshContent(TypedDict):
    mode: str
    proxy: str | None
    title: NotRequired[str]
    routing: NotRequired[str]
    routes: NotRequired[str]
    caveat: NotRequired[str]
    settings: NotRequired[dict[str, dict[str, Any]]]


class NoiseContent(TypedDict, total=False):
    """What others took while the load ran; None where it could not be measured."""

    steal_percent: float
    busy_percent: float
    cpu_pressure_s: float | None
    cpu_pressure_some_percent: float | None
    cpu_pressure_full_percent: float | None
    own_cpu_percent: float | None
    foreign_cpu_percent: float | None
    pods_waited_percent: float | None
    cpu_pressure_percent: float | None


class HostContent(NoiseContent):
    cores: int | None
    memory_gib: float
    kernel: str
    machine: str


class ManifestContent(TypedDict):
    """What a run of ours writes. part_of: of which whole it is a trial. composed: the timeline as it was written, where
    it has compositions. own: of a user's own file, what came along."""

    schema: str
    scenario: dict[str, Any]
    gates: Mapping[str, Any]
    workload: dict[str, Any]
    seed: int
    composed: NotRequired[list[dict[str, Any]]]
    command: list[str]
    part_of: dict[str, Any] | None
    started_at: str
    monotonic_zero_unix_ns: int
    git_commit: str | None
    versions: dict[str, Any]
    host: HostContent
    topology: TopologyContent
    mesh: MeshContent
    durations_s: dict[str, float]
    own: NotRequired[dict[str, Any]]
    boot_s: NotRequired[float]
    calibration: NotRequired[dict[str, Any]]
    load_model: NotRequired[dict[str, Any]]
    load: NotRequired[dict[str, Any]]
    assisted_rejoins: NotRequired[list[str]]
    images: NotRequired[dict[str, str]]
    variables: NotRequired[dict[str, dict[str, str]]]
    options: NotRequired[list[dict[str, Any]]]
    opened: NotRequired[dict[str, Any]]
    missing: NotRequired[list[dict[str, str]]]
    notes: NotRequired[list[str]]
    evidence: NotRequired[list[str]]
