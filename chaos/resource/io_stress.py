"""io-stress: processes beside mysqld write and sync without pause to the disk of the engine's host, which is the one
that mysqld has, unless its data are on another.

Bites when all workers run and the kernel has counted what they wrote. Heals by ending them and removing their files.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.fault import Context, Evidence, Refutations, Victim
from chaos.resource.stress import Seen, Stress, Stressed
from chaos.targets import NODES
from cluster.keys import whole


@dataclass(frozen=True, kw_only=True)
class IoStress(Stress):
    workers: int = whole("how many processes write", default=1, at_least=1, at_most=64)
    size: int = whole("how large the file of each is", unit="MiB", default=64, at_least=1, at_most=10_240)

    name = "io-stress"
    does = "a neighbour that writes and syncs without pause: every commit of mysqld waits for the same disk"
    bites = "all workers run, and the kernel has counted bytes that they wrote"
    heals = "the workers are ended, and their files removed"
    good = "commits take longer, and nothing else: no health check waits for the disk"
    known_as = "stress-ng --hdd; fio beside the database"
    targets = NODES
    refuted_by = Refutations(bitten={"workers": (0,), "written_bytes": (0,)})
    worker = "stress-ng-hdd"

    @property
    def options(self) -> tuple[str, ...]:
        return ("--hdd", str(self.workers), "--hdd-bytes", f"{self.size}M", "--hdd-opts", "wr-seq,fsync")

    def on(self, victim: Victim, context: Context) -> Writing:
        return Writing(fault=self, victim=victim, context=context)


class Writing(Stressed[IoStress]):
    def shown(self, before: Seen, after: Seen, lasted_s: float) -> Evidence:
        written = after.written_bytes - before.written_bytes
        seen = {
            "workers": after.workers,
            "written_bytes": written,
            "mib_per_s": round(written / lasted_s / 2**20, 1),
        }
        return Evidence(ok=after.workers == self.fault.workers and written > 0, seen=seen)
