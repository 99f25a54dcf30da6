"""What a step used, pod kind by pod kind: CPU and memory from cgroups, and what the servers counted meanwhile.

`scenarios.capacity.usage` gathers it. What could not be read is None or left out, which is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

PodKind = Literal["primary", "replica", "agent", "proxy", "load", "control", "observer"]


@dataclass(frozen=True, kw_only=True)
class PodUsage:
    """Of all pods of a kind together. pods: how many. cpu_cores: mean over the step; cpu_us_per_txn: CPU time by
    acknowledged operation; memory_mib: working set at the end."""

    pods: int
    cpu_cores: float
    cpu_us_per_txn: float | None
    memory_mib: float


@dataclass(frozen=True, kw_only=True)
class Usage:
    """pods: by kind. host_cpus: processors of the machine; host_cpu_cores: how many were busy, with whatever else ran
    on it. generator_late_p99_ms: how late operations were sent that were due and had a free client. server: of the
    servers together, a second, by the counter's name.
    """

    host_cpus: int
    host_cpu_cores: float | None = None
    pods: Mapping[PodKind, PodUsage] = field(default_factory=dict)
    generator_late_p99_ms: float | None = None
    server: Mapping[str, float] = field(default_factory=dict)
