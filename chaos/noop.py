"""noop: breaks nothing. It leaves marks in a MySQL pod's namespace, and so has everything that a fault has: the file to
copy for a new one (docs/adding-a-fault.md).

Bites when all marks are there. Heals by removing them, whoever left them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import pod_named
from chaos.targets import NODES
from cluster.keys import duration, whole

MARK = "/tmp/meshbench-noop"


@dataclass(frozen=True, kw_only=True)
class Noop(Fault):
    marks: int = whole("how many marks it leaves", default=1, at_least=1, at_most=100)
    takes: float = duration("how long it takes to leave them", default=0.0, at_most=10.0)

    name = "noop"
    does = "nothing: what a run shows anyway, with a fault in it that breaks nothing"
    bites = "all marks are in the pod"
    heals = "the marks are removed"
    good = "serves as if nothing had happened"
    targets = NODES
    refuted_by = Refutations(bitten={"marks": (0,)})

    def on(self, victim: Victim, context: Context) -> Marked:
        return Marked(fault=self, victim=victim, context=context)


class Marked(Injection[Noop]):
    def inject(self) -> None:
        time.sleep(self.fault.takes)
        marks = [f"{MARK}-{number}" for number in range(self.fault.marks)]
        pod_named(self.cluster, self.pod).run_in_namespace("touch", *marks)

    def effect(self) -> Evidence:
        marks = self._marks()
        return Evidence(ok=len(marks) == self.fault.marks, seen={"marks": len(marks)})

    def heal(self) -> None:
        if marks := self._marks():
            pod_named(self.cluster, self.pod).run_in_namespace("rm", "-f", *marks)

    def residue(self) -> Evidence:
        marks = self._marks()
        return Evidence(ok=not marks, seen={"left": marks})

    def _marks(self) -> list[str]:
        listing = pod_named(self.cluster, self.pod).run_in_namespace("find", "/tmp", "-name", "meshbench-noop-*")
        return listing.split()
