"""What a step used, pod kind by pod kind: CPU and memory from cgroups, and what the servers counted meanwhile. Pure.

`scenarios.capacity.usage` gathers it. What could not be read is None or left out, which is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

#: What a container does. ``primary``, ``replica``: a mysqld that takes writes, and one that follows. ``proxy``: of the
#: mesh, wherever it runs: a sidecar's is in the load pod. ``pause``: holds the namespace of a pod. ``other``: of a
#: user's extras.
PodKind = Literal["primary", "replica", "agent", "proxy", "load", "control", "observer", "pause", "other"]
POD_KINDS: Final[tuple[PodKind, ...]] = get_args(PodKind)
#: Of the server that takes writes, unless said otherwise. ``fsyncs_per_s``: of InnoDB's files and the binary log.
#: ``fsync_share``: seconds a second that threads were within them; above 1 where several are at once.
#: ``row_lock_waits_per_s``, ``row_lock_wait_share``: waits, and how many sessions were in one at a time.
#: ``flow_control_share``: seconds a second that transactions were held back by the group. ``applier_queue``: the most
#: transactions that any replica was seen to have still to apply. ``threads_running``, ``threads_connected``: means of
#: what was seen, our own session included. ``max_connections``: the limit.
Counter = Literal[
    "fsyncs_per_s",
    "fsync_share",
    "row_lock_waits_per_s",
    "row_lock_wait_share",
    "flow_control_share",
    "applier_queue",
    "threads_running",
    "threads_connected",
    "max_connections",
]


@dataclass(frozen=True, kw_only=True)
class PodUsage:
    """Of all containers of a kind together. pods: how many. cpu_cores: mean over the step; busiest_cpu_cores: of the
    one that used the most; cpu_us_per_txn: CPU time by acknowledged operation, None without any; memory_mib: working
    set at the end, which is what the kernel charges less the file pages that it could take back at once."""

    pods: int
    cpu_cores: float
    busiest_cpu_cores: float
    cpu_us_per_txn: float | None
    memory_mib: float | None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """pods: by kind; a kind that the system has not is missing. host_cpus: processors of the machine; host_cpu_cores:
    how many were busy, with whatever else ran on it; harness_cpu_cores: of the process that measures.
    generator_late_p99_ms: how late operations were sent that were due and had a free client. server: what it counted.
    """

    host_cpus: int
    host_cpu_cores: float | None = None
    harness_cpu_cores: float | None = None
    pods: Mapping[PodKind, PodUsage] = field(default_factory=dict)
    generator_late_p99_ms: float | None = None
    server: Mapping[Counter, float] = field(default_factory=dict)

    def cpu_cores(self, *kinds: PodKind) -> float:
        """Of these kinds together (none given: of all); what the system has not is 0."""
        return sum(pod.cpu_cores for kind, pod in self.pods.items() if not kinds or kind in kinds)

    def memory_mib(self, *kinds: PodKind) -> float | None:
        """The same; None where that of one is not known."""
        found = [pod.memory_mib for kind, pod in self.pods.items() if not kinds or kind in kinds]
        return None if None in found else sum(one for one in found if one is not None)
