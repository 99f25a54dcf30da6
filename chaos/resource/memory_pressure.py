"""memory-pressure: a node has hardly more memory than it cannot do without, as on a host where a neighbour takes the
rest.

The limit of the container comes down to a little above what mysqld cannot give back, so that its files leave the page
cache, and the kernel takes memory back again and again. Bites when the limit stands, a file that is read does not stay
in memory as a whole, and mysqld lives. Heals by taking the limit away. A mysqld that grows beyond it is
killed, which is the fault `oom`; heal starts it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import limitable, process
from chaos.resource.squeeze import MIB, lift, lifted, squeeze
from chaos.targets import NODES
from cluster.keys import whole

#: A file that is larger than what may stay in memory, to be written and read.
FILE = "/tmp/meshbench-pressure"
READ = f"head -c {{bytes}} /dev/zero > {FILE} && cat {FILE} > /dev/null"


@dataclass(frozen=True, kw_only=True)
class MemoryPressure(Fault):
    left: int = whole(
        "how much it may have beyond what it cannot give back when the fault strikes",
        unit="MiB",
        default=64,
        at_least=4,
        at_most=4096,
    )

    name = "memory-pressure"
    does = "a node that is short of memory: its files are read from disk again and again, and everything waits for that"
    bites = "the limit stands, a file that is read does not stay in memory as a whole, and mysqld lives"
    heals = "the limit is taken away; where the kernel has killed mysqld, it is started again"
    good = "slower, and nothing else: no failover back and forth"
    known_as = "Kubernetes resources.limits.memory; memory.high of cgroup v2"
    targets = NODES
    needs = ("memory limit",)
    refuted_by = Refutations(
        bitten={"limit_bytes": (None,), "reclaimed_bytes": (0,), "container": ("exited",)}, clean={"limited": (True,)}
    )

    def on(self, victim: Victim, context: Context) -> Pressed:
        return Pressed(fault=self, victim=victim, context=context)


class Pressed(Injection[MemoryPressure]):
    def inject(self) -> None:
        squeeze(limitable(self.cluster, self.victim), self.pod, left_bytes=self.fault.left * MIB)

    def effect(self) -> Evidence:
        container = limitable(self.cluster, self.victim)
        limit = container.limits().memory_bytes
        if limit is None:
            return Evidence(ok=False, seen={"limit_bytes": None})
        of_file = 2 * self.fault.left * MIB
        mysqld = process(self.cluster, self.victim)
        before = container.usage()
        try:
            mysqld.exec("sh", "-c", READ.format(bytes=of_file))
            after = container.usage()
        finally:
            mysqld.exec("rm", "-f", FILE)
        seen = {
            "limit_bytes": limit,
            "used_bytes": after.memory_bytes,
            "read_bytes": of_file,
            "reclaimed_bytes": before.cached_bytes + of_file - after.cached_bytes,
            "container": mysqld.state().word,
        }
        bitten = after.cached_bytes < of_file and after.memory_bytes <= limit
        return Evidence(ok=bitten and seen["container"] == "running", seen=seen)

    def heal(self) -> None:
        lift(self)

    def residue(self) -> Evidence:
        return lifted(self)
