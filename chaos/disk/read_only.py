"""disk-readonly: a file system of a node turns read-only, as ext4 does by itself when its device fails it.

The kernel is told to give the file system up (mount option ``abort``), which is what it does on an error: every write
fails with EROFS from then on, reads go on. A plain remount is refused while files are open for writing. mysqld itself
ends when it cannot write.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.disk.failed import Failed, FailedDisk
from chaos.disk.file_systems import MOUNTS, parts, run
from chaos.fault import Context, Victim


@dataclass(frozen=True, kw_only=True)
class DiskReadonly(FailedDisk):
    name = "disk-readonly"
    does = "the kernel gives a file system up after an error of its device: reads go on, every write fails"
    bites = "a write fails with EROFS; or mysqld has ended, and said that its file system is read-only"
    known_as = "ext4 errors=remount-ro"
    error = "Read-only file system"

    def on(self, victim: Victim, context: Context) -> ReadOnly:
        return ReadOnly(fault=self, victim=victim, context=context)


class ReadOnly(Failed):
    def inject(self) -> None:
        mounts = [MOUNTS[part] for part in parts(self.fault.of)]
        # the data last: mysqld ends soon after, and with it what could still be given up
        run(self.cluster, self.pod, " && ".join(f"mount -o remount,abort {mount}" for mount in reversed(mounts)))
