"""disk-slow: a node's disk takes no more than so many bytes, or writes, a second.

The kernel throttles what the container's cgroup does on the loop device of each file system, each for itself: by
blkio.throttle in cgroup v1, by io.max in v2. In v1 that covers reads, direct writes, and writes that a process waits
for (fsync); what the kernel writes back later is nobody's. Bites when the limits stand and direct I/O beside mysqld is
no faster. Heals by taking the limits away; they end with the container in any case.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaos.disk.file_systems import DISK, MOUNTS, of_parts, parts, run
from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Setting, Victim
from chaos.probes import answers, process
from chaos.targets import NODES
from cluster.errors import HarnessError
from cluster.keys import Mistake, rate, whole
from cluster.platform.platform import RUNNING

TOLERANCE = 0.15
#: How long a measurement of one limit takes where it holds.
MEASURE_S = 1.5
PROBE = "meshbench-speed"
#: Key -> the file of cgroup v1, the word of io.max in v2; in the order of measuring: what is read was written.
LIMITS: Mapping[str, tuple[str, str]] = {
    "writes": ("blkio.throttle.write_bps_device", "wbps"),
    "reads": ("blkio.throttle.read_bps_device", "rbps"),
    "operations": ("blkio.throttle.write_iops_device", "wiops"),
}
#: Mostly quiet first: what mysqld does meanwhile is taken from what can be measured.
_MEASURED = ("tmp", "binlog", "data")
_CGROUPS = "$(find /sys/fs/cgroup/blkio /sys/fs/cgroup -type d -name '*{container}*' 2>/dev/null | sort --unique)"
_LIMIT = """
    if [ -e "$cgroup/{file}" ]; then echo "{device} {value}" > "$cgroup/{file}"
    elif [ -e "$cgroup/io.max" ]; then echo "{device} {word}={word_value}" > "$cgroup/io.max"; fi || exit 1"""
_COPIED = re.compile(r"^(\w+) (\d+) bytes.* copied, ([0-9.e-]+) s", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class DiskSlow(Fault):
    reads: float | None = rate("bytes read in a second (mbit: bits)", default=None, at_least=64e3, at_most=50e6)
    writes: float | None = rate(
        "bytes written a second at most (mbit: bits)", default=None, at_least=64e3, at_most=50e6
    )
    operations: int | None = whole("how many writes a second at most", default=None, at_least=5, at_most=1000)
    of: str = of_parts("which file systems are slow")

    name = "disk-slow"
    does = "a slow disk, which no health check notices: commits wait for it, and everybody who waits for them"
    bites = "the limits stand on every device, and direct I/O beside mysqld is no faster"
    heals = "the limits are taken away"
    good = "a slow replica costs the writers nothing; of a slow primary the outage is bounded, or it is replaced"
    known_as = "Chaos Mesh IOChaos latency; Docker --device-write-bps; roachtest disk-stall (cgroup)"
    example: ClassVar[Mapping[str, Any]] = {"writes": "1mbps", "reads": "1mbps"}
    targets = NODES
    needs = ("loop file systems", "disk throttle")
    extras = (DISK,)
    refuted_by = Refutations(bitten={"limited": (False,)}, clean={"limited": (True,)})

    def on(self, victim: Victim, context: Context) -> Throttled:
        return Throttled(fault=self, victim=victim, context=context)

    def misfit(self, target: str, setting: Setting) -> Mistake | None:
        del target, setting
        return None if self.limits() else Mistake(key="writes", why=f"give {', '.join(LIMITS)}, or one of them")

    def limits(self) -> dict[str, float]:
        """Key -> what is allowed a second, of those that were given."""
        return {key: value for key in LIMITS if (value := getattr(self, key)) is not None}


class Throttled(Injection[DiskSlow]):
    def inject(self) -> None:
        self._set({device: self.fault.limits() for device in self._devices(parts(self.fault.of))})

    def effect(self) -> Evidence:
        if process(self.cluster, self.victim).state() != RUNNING:
            return Evidence(ok=False, seen={"limited": False})
        limited = self._limited()
        if not set(self._devices(parts(self.fault.of))) <= limited:
            return Evidence(ok=False, seen={"limited": False})
        measures, fsync_ms = self._measured()
        return Evidence(
            ok=all(measure.measured <= measure.promised * (1 + TOLERANCE) for measure in measures),
            seen={"limited": True, "fsync_ms": fsync_ms},
            measures=measures,
        )

    def heal(self) -> None:
        if process(self.cluster, self.victim).state() == RUNNING and (limited := self._limited()):
            self._set({device: dict.fromkeys(LIMITS) for device in limited})

    def residue(self) -> Evidence:
        limited, answered = bool(self._limited()), answers(self.cluster, self.victim)
        return Evidence(ok=not limited and answered, seen={"limited": limited, "answers": answered})

    def _devices(self, of: tuple[str, ...]) -> list[str]:
        """``7:3``, the device of each of these file systems."""
        numbers = run(self.cluster, self.pod, f"stat -c %d {' '.join(MOUNTS[part] for part in of)}").split()
        return [f"{os.major(int(number))}:{os.minor(int(number))}" for number in numbers]

    def _set(self, limits: Mapping[str, Mapping[str, float | None]]) -> None:
        """Device -> key -> what is allowed a second; None takes the limit away."""
        lines = [
            _LIMIT.format(
                file=LIMITS[key][0],
                word=LIMITS[key][1],
                device=device,
                value=0 if value is None else round(value),
                word_value="max" if value is None else round(value),
            )
            for device, of_device in limits.items()
            for key, value in of_device.items()
        ]
        self._on_cgroups("\n".join(lines))

    def _limited(self) -> set[str]:
        """The devices that the container may use no more than so much."""
        told = self._on_cgroups('cat "$cgroup"/blkio.throttle.*_device "$cgroup/io.max" 2>/dev/null || true')
        lines = [line.split() for line in told.splitlines()]
        return {words[0] for words in lines if any(word != "0" and not word.endswith("=max") for word in words[1:])}

    def _on_cgroups(self, commands: str) -> str:
        """Run commands for each cgroup of mysqld's container, which they call ``$cgroup``; returns what they print."""
        container = process(self.cluster, self.victim).id
        script = f"for cgroup in {_CGROUPS.format(container=container)}; do\n{commands}\ndone"
        code, said = self.cluster.platform.on_host(script)
        if code != 0:
            raise HarnessError(f"{self.pod}: its cgroup could not be used: {said.strip()[-300:]}")
        return said

    def _measured(self) -> tuple[tuple[Measure, ...], float]:
        """What direct I/O gets of each limit, and how many milliseconds a small synced write takes."""
        limits, part = self.fault.limits(), next(part for part in _MEASURED if part in parts(self.fault.of))
        file = f"{MOUNTS[part]}/{PROBE}"
        words = {key: _direct_io(key, value, file) for key, value in limits.items()}
        if "reads" in words and "writes" not in words:
            words = {"filled": _direct_io("writes", limits["reads"], file), **words}
        words["synced"] = f"if=/dev/zero of={file} bs=4096 count=1 conv=notrunc,fsync"
        script = [f"printf '{key} ' && dd {word} 2>&1 | tail -n 1 || exit 1" for key, word in words.items()]
        told = run(self.cluster, self.pod, "\n".join([*script, f"rm -f {file}"]))
        took = {key: (int(size), float(took_s)) for key, size, took_s in _COPIED.findall(told)}
        measures = tuple(_measure(key, value, *took[key]) for key, value in limits.items())
        return measures, round(took["synced"][1] * 1e3, 1)


def _block(key: str, limit: float) -> int:
    """So small that a measurement has many of them."""
    return 4096 if key == "operations" or limit < 1e6 else 65536


def _direct_io(key: str, limit: float, file: str) -> str:
    """dd's arguments for what a limit lets through in MEASURE_S."""
    block = _block(key, limit)
    count = math.ceil(limit * MEASURE_S / (1 if key == "operations" else block))
    way = f"if={file} of=/dev/null iflag=direct" if key == "reads" else f"if=/dev/zero of={file} oflag=direct"
    return f"{way} bs={block} count={count}"


def _measure(key: str, limit: float, size: int, took_s: float) -> Measure:
    amount = size / 4096 if key == "operations" else size
    what = "direct writes" if key == "operations" else f"direct {key}"
    return Measure(
        what=what,
        unit="a second" if key == "operations" else "bytes/s",
        promised=limit,
        measured=round(amount / took_s, 1),
        tolerance=TOLERANCE * limit,
    )
