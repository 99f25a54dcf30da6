"""cpu-throttle: a node gets only so much CPU time, as a container with a small limit or a credit instance without
credits does.

The limit is the quota of the container's cgroup, set by the engine. Bites when the quota stands and a process in the
container that would take all CPUs gets no more than was promised, and had to wait for it. Heals by taking the quota
away.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Measure, Refutations, Victim
from chaos.probes import answers, limitable, process
from chaos.targets import NODES
from cluster.keys import number

#: Busy loops for as long as it takes to measure. A POSIX shell is in every image.
BURN_S = 1.0
BURN = f"for _ in 1 2 3 4; do timeout {BURN_S:g} sh -c 'while :; do :; done' & done; wait"
#: How much more than was promised may be measured.
TOLERANCE = 0.15


@dataclass(frozen=True, kw_only=True)
class CpuThrottle(Fault):
    cores: float = number("how much CPU time it may use", unit="cores", default=0.2, at_least=0.05, at_most=64.0)

    name = "cpu-throttle"
    does = "a node that is alive and slow: it answers its health checks, and all else waits for CPU time"
    bites = "a busy loop in the container gets the promised share of CPU time and no more, and was throttled"
    heals = "the quota is taken away"
    good = "a slow primary is replaced, or the outage is bounded; a slow replica costs the writers nothing"
    known_as = "Docker --cpus; Kubernetes resources.limits.cpu; roachtest cgroup cpu"
    targets = NODES
    needs = ("CPU quota",)
    refuted_by = Refutations(bitten={"quota_cores": (None,), "throttled_periods": (0,)}, clean={"limited": (True,)})

    def on(self, victim: Victim, context: Context) -> Throttled:
        return Throttled(fault=self, victim=victim, context=context)


class Throttled(Injection[CpuThrottle]):
    def inject(self) -> None:
        limitable(self.cluster, self.victim).limit_cpus(self.fault.cores)

    def effect(self) -> Evidence:
        quota = limitable(self.cluster, self.victim).limits().cpus
        if quota is None:
            return Evidence(ok=False, seen={"quota_cores": None})
        used, throttled = self._burn()
        share = Measure(
            what="CPU time a second",
            unit="cores",
            promised=self.fault.cores,
            measured=round(used, 4),
            tolerance=TOLERANCE * self.fault.cores,
        )
        # on a machine that is busy elsewhere it may get less than its quota
        bitten = throttled > 0 and used <= self.fault.cores * (1 + TOLERANCE)
        return Evidence(ok=bitten, seen={"quota_cores": quota, "throttled_periods": throttled}, measures=(share,))

    def _burn(self) -> tuple[float, int]:
        """The cores' worth of CPU time that the container used while it wanted more, and how often it had to wait."""
        container = limitable(self.cluster, self.victim)
        before, begin_s = container.usage(), time.monotonic()
        process(self.cluster, self.victim).exec("sh", "-c", BURN)
        after, end_s = container.usage(), time.monotonic()
        used_s = (after.cpu_ns - before.cpu_ns) / 1e9
        return used_s / (end_s - begin_s), after.throttled_periods - before.throttled_periods

    def heal(self) -> None:
        container = limitable(self.cluster, self.victim)
        if container.limits().cpus is not None:
            container.limit_cpus(None)

    def residue(self) -> Evidence:
        limited = limitable(self.cluster, self.victim).limits().cpus is not None
        answered = answers(self.cluster, self.victim)
        return Evidence(ok=not limited and answered, seen={"limited": limited, "answers": answered})
