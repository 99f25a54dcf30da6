"""What the machine of a run is, and how noisy it was: part of every manifest, and why a trial may be void."""

from __future__ import annotations

import os
import platform
import time
from importlib import metadata
from typing import cast

from cluster.platform.docker_engine import LIBRARIES
from scenarios.run.cpu_time import cpu_ticks, stalled_s
from scenarios.run.manifest_content import HostContent, NoiseContent
from scenarios.run.noise import Watch, difference, shares

PACKAGES = ("locust", "pymysql", *LIBRARIES, "pandas", "pyarrow", "matplotlib", "pytest")


def describe() -> HostContent:
    """Cores, memory (GiB) and kernel of this machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "kernel": platform.release(),
        "machine": platform.machine(),
    }


def package_versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def monotonic_zero_unix_ns() -> int:
    """The wall clock at monotonic zero, so that any CLOCK_MONOTONIC time of the run can be told as a date."""
    monotonic_ns = time.monotonic_ns()
    return time.time_ns() - monotonic_ns


class Noise:
    """Measures between start and stop what others took: stolen CPU time, stalls for want of a CPU (PSI), and CPU that
    the pods of a run needed. run_id: of that run; without it nothing is said of pods."""

    def __init__(self, run_id: str | None = None) -> None:
        self._begin_s = time.monotonic()
        self._begin = cpu_ticks()
        self._stalled_s = stalled_s()
        self._watch = None if run_id is None else Watch(run_id)

    def stop(self) -> NoiseContent:
        """``steal_percent`` of all CPU time. ``cpu_pressure_s``: seconds in which a task waited for a CPU, as a share
        ``cpu_pressure_some_percent``; ``cpu_pressure_full_percent``: all did. Then as `scenarios.run.noise.shares`."""
        intervals = None if self._watch is None else self._watch.stop()
        end, stalled = cpu_ticks(), stalled_s()
        lasted_s = time.monotonic() - self._begin_s
        spent = {name: end[name] - self._begin[name] for name in end}
        total = sum(spent.values()) or 1
        waited_s = {name: difference(now_s, self._stalled_s[name]) for name, now_s in stalled.items()}
        taken = {
            "steal_percent": round(100 * spent.get("steal", 0) / total, 2),
            "busy_percent": round(100 * (total - spent.get("idle", 0) - spent.get("iowait", 0)) / total, 1),
            "cpu_pressure_s": waited_s["some"],
            **{
                f"cpu_pressure_{name}_percent": None if waited is None else round(100 * waited / lasted_s, 1)
                for name, waited in waited_s.items()
            },
            **({} if intervals is None else shares(intervals, cores=os.cpu_count() or 1)),
        }
        return cast("NoiseContent", taken)
