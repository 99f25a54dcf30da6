"""CPU time as the kernel accounts for it: of the whole machine, of each container of a run, and time waited for a CPU;
and the memory of each container.

Reads proc(5) stat, pressure stall information (PSI) and cgroups of both versions. What a kernel does not keep is None.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from cluster.errors import EngineError
from cluster.platform import ownership

_ROOT = Path("/sys/fs/cgroup")
_TICKS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


class Spent(NamedTuple):
    """Of one container since its cgroup began: CPU seconds, and seconds in which a task of it waited for a CPU."""

    usage_s: float
    some_s: float | None

    def since(self, before: Spent | None) -> tuple[float, float | None]:
        """A container that came anew, or was started again meanwhile, has a cgroup that began at 0."""
        if before is None or self.usage_s < before.usage_s:
            return self
        some_s = None if self.some_s is None or before.some_s is None else self.some_s - before.some_s
        return self.usage_s - before.usage_s, some_s


class Containers:
    """The cgroups of a run's containers. One that comes later is found by the next reading."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._cgroups: dict[str, Cgroup] = {}

    def read(self) -> dict[str, Spent]:
        with suppress(EngineError, OSError):  # an engine that is too busy to answer: those known are read
            for container, pid in ownership.pids(self._run_id, known=self._cgroups):
                self._cgroups[container] = cgroup_of(container, Path(f"/proc/{pid}/cgroup").read_text())
        read = {name: cgroup.read() for name, cgroup in self._cgroups.items()}
        return {name: spent for name, spent in read.items() if spent is not None}

    def working_sets(self) -> dict[str, int]:
        """Bytes, of the containers that the last reading found."""
        read = {name: cgroup.working_set() for name, cgroup in self._cgroups.items()}
        return {name: size for name, size in read.items() if size is not None}


class Cgroup(NamedTuple):
    """Where the kernel accounts for a container. unified: its cgroup v2. cpuacct, memory: its v1; None where there is
    none."""

    unified: Path | None
    cpuacct: Path | None
    memory: Path | None = None

    def read(self) -> Spent | None:
        """None while the container does not run, and where nothing is accounted."""
        some_us = None if self.unified is None else _total(self.unified / "cpu.pressure", "some")
        usage_us = None if self.unified is None else _word(self.unified / "cpu.stat", "usage_usec")
        if usage_us is None and self.cpuacct is not None:
            usage_ns = _word(self.cpuacct / "cpuacct.usage", "")
            usage_us = None if usage_ns is None else usage_ns / 1000
        return None if usage_us is None else Spent(usage_us / 1e6, None if some_us is None else some_us / 1e6)

    def working_set(self) -> int | None:
        """Bytes charged less those of files that nobody has used lately, which the kernel takes back first: what
        cAdvisor and Kubernetes call the working set."""
        for folder, used, idle in (
            (self.unified, "memory.current", "inactive_file"),
            (self.memory, "memory.usage_in_bytes", "total_inactive_file"),
        ):
            if folder is None:
                continue
            charged, idle_bytes = _word(folder / used, ""), _word(folder / "memory.stat", f"{idle} ")
            if charged is not None and idle_bytes is not None:
                return max(0, int(charged - idle_bytes))
        return None


def cgroup_of(container: str, lines: str, *, root: Path = _ROOT) -> Cgroup:
    """By the lines of /proc/PID/cgroup of a process in it. A path without the container's id is not its own cgroup."""
    unified = cpuacct = memory = None
    for line in lines.splitlines():
        number, controllers, path = line.split(":", 2)
        if container not in path:
            continue
        if number == "0":
            hybrid = root / "unified"
            unified = (hybrid if hybrid.is_dir() else root) / path.lstrip("/")
        elif "cpuacct" in controllers.split(","):
            cpuacct = root / controllers / path.lstrip("/")
        elif "memory" in controllers.split(","):
            memory = root / controllers / path.lstrip("/")
    return Cgroup(unified, cpuacct, memory)


def cpu_ticks() -> dict[str, int]:
    """First line of proc(5) stat; empty where there is none."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return {}
    return dict(zip(_TICKS, map(int, stat.read_text().splitlines()[0].split()[1:]), strict=False))


def spent_by(pid: int) -> Spent | None:
    """Of one process and all of its threads, by proc(5) stat; None where there is none."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return Spent((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), None)  # utime, stime
    return None


def used_s(ticks: dict[str, int]) -> float:
    """CPU seconds of processes. Interrupts are left out: most are for the run's own packets, and no cgroup has them."""
    return sum(ticks.get(kind, 0) for kind in ("user", "nice", "system")) / os.sysconf("SC_CLK_TCK")


def busy_s(ticks: dict[str, int]) -> float:
    """CPU seconds in which the processors had no room for more: interrupts and what a hypervisor took included."""
    return sum(ticks.get(kind, 0) for kind in _TICKS if kind not in ("idle", "iowait")) / os.sysconf("SC_CLK_TCK")


def stalled_s(file: Path = Path("/proc/pressure/cpu")) -> dict[str, float | None]:
    """``some`` and ``full``: seconds in which a task, or all of them, waited for a CPU; None where nobody counts."""
    totals = {name: _total(file, name) for name in ("some", "full")}
    return {name: None if total is None else total / 1e6 for name, total in totals.items()}


def lacking() -> list[str]:
    """What this kernel does not tell, without which nobody can say whether others had the CPU that pods needed."""
    accounts = ("cgroup.controllers", "unified/cgroup.controllers", "cpuacct", "cpu,cpuacct")
    there = {
        "pressure stall information (/proc/pressure/cpu)": stalled_s()["some"] is not None,
        "CPU time by cgroup (/sys/fs/cgroup)": any((_ROOT / one).exists() for one in accounts),
    }
    return [what for what, is_there in there.items() if not is_there]


def _total(file: Path, name: str) -> float | None:
    """``total=`` of a line of a PSI file, in microseconds."""
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return int(line.rpartition("total=")[2])
    return None


def _word(file: Path, name: str) -> float | None:
    """The number after a name at the begin of a line."""
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            if line.startswith(name):
                return int(line.removeprefix(name))
    return None
