"""What the machine of a run is, and how noisy it was: part of every manifest, and why a trial may be void."""

from __future__ import annotations

import os
import platform
import time
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("locust", "pymysql", "testcontainers", "pandas", "pyarrow", "matplotlib", "pytest")


def describe() -> dict[str, Any]:
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


def clock() -> dict[str, int]:
    """The wall clock at monotonic zero, so that any CLOCK_MONOTONIC time of the run can be told as a date."""
    monotonic_ns = time.monotonic_ns()
    return {"monotonic_zero_unix_ns": time.time_ns() - monotonic_ns}


class Noise:
    """Measures between start and stop what other tenants took: stolen CPU time, and stalls for want of a CPU (PSI)."""

    def __init__(self) -> None:
        self._begin = _cpu_ticks()
        self._stalled_us = _pressure_us()

    def stop(self) -> dict[str, Any]:
        """``steal_percent`` of all CPU time; ``cpu_pressure_s``: seconds in which a task waited for a CPU."""
        end, stalled_us = _cpu_ticks(), _pressure_us()
        spent = {name: end[name] - self._begin[name] for name in end}
        total = sum(spent.values()) or 1
        pressure = None if stalled_us is None or self._stalled_us is None else (stalled_us - self._stalled_us) / 1e6
        return {
            "steal_percent": round(100 * spent.get("steal", 0) / total, 2),
            "busy_percent": round(100 * (total - spent.get("idle", 0) - spent.get("iowait", 0)) / total, 1),
            "cpu_pressure_s": pressure,
        }


def _cpu_ticks() -> dict[str, int]:
    """First line of proc(5) stat; empty where there is none."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return {}
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    values = stat.read_text().splitlines()[0].split()[1:]
    return dict(zip(names, map(int, values), strict=False))


def _pressure_us() -> int | None:
    """Total stall time in microseconds from the kernel's PSI file, None where the kernel keeps none."""
    try:
        line = Path("/proc/pressure/cpu").read_text().splitlines()[0]
    except OSError:
        return None
    return int(line.rpartition("total=")[2])
