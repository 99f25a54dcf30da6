"""cpu-stress: busy processes beside mysqld take the CPUs that it would have, as a noisy neighbour or a backup that
compresses does.

Bites when all workers run and took CPU time. Heals by ending them.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Refutations, Victim
from chaos.resource.stress import Seen, Stress, Stressed
from chaos.targets import NODES
from cluster.keys import whole

#: Of a worker's second, at least: on a host that is busy it shares its CPU with mysqld, and with others.
LEAST_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class CpuStress(Stress):
    workers: int = whole("how many processes are busy, each on one CPU", default=2, at_least=1, at_most=128)

    name = "cpu-stress"
    does = "a noisy neighbour: mysqld gets the CPU time that is left"
    bites = "all workers run, and each took CPU time"
    heals = "the workers are ended"
    good = "slower, and nothing else: health checks have time to spare, and no failover comes of it"
    known_as = "Chaos Mesh StressChaos cpu; stress-ng --cpu"
    targets = NODES
    refuted_by = Refutations(bitten={"workers": (0,), "cores": (0.0,)})
    worker = "stress-ng-cpu"

    @property
    def options(self) -> tuple[str, ...]:
        return ("--cpu", str(self.workers), "--cpu-method", "int64")

    def on(self, victim: Victim, context: Context) -> Busy:
        return Busy(fault=self, victim=victim, context=context)


class Busy(Stressed[CpuStress]):
    def shown(self, before: Seen, after: Seen, lasted_s: float) -> Evidence:
        cores = (after.cpu_s - before.cpu_s) / lasted_s
        asked = self.fault.workers
        seen = {"workers": after.workers, "cores": round(cores, 2)}
        return Evidence(ok=after.workers == asked and cores >= asked * LEAST_SHARE / 2, seen=seen)
