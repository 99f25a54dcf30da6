"""How much room a whole system takes: its pods without load, and what each hundred operations a second add.

The slope is that of least squares through the measured rates, the idle system among them at 0. Per GiB and per core is
told of idle systems; what a core carries at the rate at which systems are started beside each other stands in words.
The load generator is not part of a system.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from reports.capacity.content import DensityRow, PodDensity, SystemsStep
from reports.capacity.usage import POD_KINDS, PodKind, PodUsage, Usage

MIB_PER_GIB = 1024
#: What its users bring.
NOT_OF_A_SYSTEM: tuple[PodKind, ...] = ("load",)


class Loaded(NamedTuple):
    """A system at a rate: acknowledged operations a second; 0 without any load."""

    tps: float
    usage: Usage


def pod_density(measured: Sequence[Loaded]) -> dict[str, PodDensity]:
    """By kind. measured: the first is the idle system."""
    idle = measured[0].usage
    kinds = [kind for kind in POD_KINDS if kind in idle.pods and kind not in NOT_OF_A_SYSTEM]

    def slope(kind: PodKind, value: Callable[[PodUsage], float | None]) -> float | None:
        return per_100_tps([(one.tps, value(one.usage.pods[kind])) for one in measured if kind in one.usage.pods])

    return {
        kind: {
            "pods": idle.pods[kind].pods,
            "idle_cpu_cores": idle.pods[kind].cpu_cores,
            "idle_memory_mib": idle.pods[kind].memory_mib,
            "cpu_cores_per_100_tps": slope(kind, lambda pod: pod.cpu_cores),
            "memory_mib_per_100_tps": slope(kind, lambda pod: pod.memory_mib),
        }
        for kind in kinds
    }


def per_100_tps(points: Sequence[tuple[float, float | None]]) -> float | None:
    """Slope of (operations a second, value), per hundred; None where all are at one rate, or a value is not known."""
    known = [(tps, value) for tps, value in points if value is not None]
    if len(known) < len(points) or len({tps for tps, _ in known}) < 2:
        return None
    return float(np.polyfit([tps for tps, _ in known], [value for _, value in known], 1)[0]) * 100


def density_row(
    topology: str,
    mesh: str,
    measured: Sequence[Loaded],
    *,
    tps_each: float,
    systems: Sequence[SystemsStep],
    stopped: str,
) -> DensityRow:
    """tps_each: what systems that stand beside each other are offered. systems: how it went with so many at once.
    stopped: why no more were started."""
    pods = pod_density(measured)
    idle_cores, idle_mib = (_sum([pod[key] for pod in pods.values()]) for key in ("idle_cpu_cores", "idle_memory_mib"))
    per_100 = _sum([pod["cpu_cores_per_100_tps"] for pod in pods.values()])
    cores = None if idle_cores is None or per_100 is None else idle_cores + per_100 * tps_each / 100
    carried = [step["systems"] for step in systems if step["holds"]]
    return {
        "topology": topology,
        "mesh": mesh,
        "pods": pods,
        "idle_mib": idle_mib,
        "idle_cpu_cores": idle_cores,
        "clusters_per_gib": MIB_PER_GIB / idle_mib if idle_mib else None,
        "clusters_per_core": 1 / idle_cores if idle_cores else None,
        "systems": list(systems),
        "systems_max": max(carried, default=0) if systems else None,
        "words": f"{_at_work(cores, tps_each)} {stopped}",
    }


def _at_work(cores: float | None, tps_each: float) -> str:
    if not cores or cores <= 0:
        return f"What a system needs at {tps_each:g} operations a second could not be measured."
    return f"At {tps_each:g} operations a second a system needs {cores:.2f} cores, so that a core has {1 / cores:.1f}."


def _sum(values: Sequence[float | None]) -> float | None:
    """None where one is not known, and of nothing."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
