"""One measured step of a capacity: a load of one rate on a system in one setting, and what it did.

What it says is counted after the warm-up, which a test excludes (`stability`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reports.capacity.usage import Usage

#: Why a step was run. The first four are those of the search for the highest rate.
Purpose = Literal["ramp", "bisect", "verify_below", "verify_above", "tax", "density", "idle"]
#: What can be the limit; ``generator``: the load itself, so that the system was never at its own.
LimitKind = Literal[
    "mysqld_cpu",
    "proxy_cpu",
    "host_cpu",
    "load_cpu",
    "fsync",
    "row_locks",
    "flow_control",
    "replica_apply",
    "connections",
    "generator",
]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """evidence: one sentence with the numbers that were measured."""

    what: LimitKind
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What operations alone say of a step. Rates are per second: arrived_tps was really due, achieved_tps was
    acknowledged. success_ratio: of the operations that arrived, those that were acknowledged or that the business
    refused, which is an answer. concurrency: mean number in flight by Little's law. duration_s: of what is counted;
    warm_up_s: what was cut off before it. response_ms, service_ms: p50, p95, p99, p999 of what was answered, None
    without any. operations: how many are counted. backlog_per_s: by how many operations a second the backlog grew;
    stable: it did not grow significantly.
    """

    arrived_tps: float
    achieved_tps: float
    success_ratio: float
    concurrency: float
    duration_s: float
    warm_up_s: float
    response_ms: Mapping[str, float | None]
    service_ms: Mapping[str, float | None]
    operations: int
    backlog_per_s: float
    stable: bool


@dataclass(frozen=True, kw_only=True)
class Step(Outcome):
    """setting: ``n``, ``n_minus_1``, ``rejoining``, ``reads``, ``reads_n_minus_1``, or a mesh's name. offered_tps:
    asked for a second; of a closed loop it is 0. folder: relative to capacity.json.
    """

    purpose: Purpose
    setting: str
    offered_tps: float
    usage: Usage
    limits: tuple[Limit, ...]
    folder: str
