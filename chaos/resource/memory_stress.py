"""memory-stress: a process beside mysqld keeps memory and writes to it all the time, as a batch job on the same host
does: page cache goes, and memory is slower.

A host that has enough gives it without a murmur; what mysqld may use itself is limited by `memory-pressure` and `oom`.
Bites when the worker keeps as much as was promised. Heals by ending it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Measure, Refutations, Victim
from chaos.resource.squeeze import MIB
from chaos.resource.stress import Seen, Stress, Stressed
from chaos.targets import NODES
from cluster.keys import whole

TOLERANCE = 0.15


@dataclass(frozen=True, kw_only=True)
class MemoryStress(Stress):
    size: int = whole("how much memory it keeps", unit="MiB", default=256, at_least=16, at_most=1_048_576)

    name = "memory-stress"
    does = "a neighbour that keeps memory and writes to all of it: less page cache, and slower memory for mysqld"
    bites = "the worker keeps as much memory as was promised"
    heals = "the worker is ended, and its memory is free"
    good = "slower at most; nobody is killed as long as the host has memory left"
    known_as = "Chaos Mesh StressChaos memory; stress-ng --vm"
    targets = NODES
    refuted_by = Refutations(bitten={"workers": (0,), "kept_bytes": (0,)})
    worker = "stress-ng-vm"

    @property
    def options(self) -> tuple[str, ...]:
        return ("--vm", "1", "--vm-bytes", f"{self.size}M", "--vm-keep", "--vm-method", "write64")

    def on(self, victim: Victim, context: Context) -> Crowded:
        return Crowded(fault=self, victim=victim, context=context)


class Crowded(Stressed[MemoryStress]):
    def shown(self, before: Seen, after: Seen, lasted_s: float) -> Evidence:
        del before, lasted_s
        asked, kept = self.fault.size, after.kept_bytes / MIB
        measure = Measure(
            what="memory kept",
            unit="MiB",
            promised=asked,
            measured=round(kept, 1),
            tolerance=TOLERANCE * asked,
        )
        seen = {"workers": after.workers, "kept_bytes": after.kept_bytes}
        return Evidence(ok=measure.kept, seen=seen, measures=(measure,))
