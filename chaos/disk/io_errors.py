"""io-errors: a node's disk fails: everything that is read from it anew, written or synced fails with EIO.

The file system is shut down, as the kernel does when its device is gone. Single errors among many operations that
succeed are not what this does.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.disk.failed import Failed, FailedDisk
from chaos.disk.file_systems import MOUNTS, parts
from chaos.disk.shut_down import shut_down
from chaos.fault import Context, Victim
from chaos.probes import process


@dataclass(frozen=True, kw_only=True)
class IoErrors(FailedDisk):
    name = "io-errors"
    does = "a disk that is gone: every read, write and sync fails with an input/output error"
    bites = "a write fails with EIO; or mysqld has ended, and said that there was an input/output error"
    known_as = "Chaos Mesh IOChaos fault errno 5; xfstests godown"
    error = "Input/output error"

    def on(self, victim: Victim, context: Context) -> Broken:
        return Broken(fault=self, victim=victim, context=context)


class Broken(Failed):
    def inject(self) -> None:
        mounts = [MOUNTS[part] for part in parts(self.fault.of)]
        shut_down(self.cluster, process(self.cluster, self.victim), mounts)
