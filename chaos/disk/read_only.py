"""disk-readonly: a file system of a node turns read-only, as ext4 does by itself when its device fails it.

The kernel is told to give the file system up (mount option ``abort``), which is what it does on an error: every write
fails with EROFS from then on, reads go on. Nothing but a new mount mends that, so it heals by restarting mysqld's
container, which mounts its file systems anew. mysqld itself may well have ended by then: it does when it cannot write.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.disk.file_systems import DISK, MOUNTS, of_parts, parts, run, tried
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers, process
from chaos.targets import NODES
from cluster.platform.platform import RUNNING

READ_ONLY = "Read-only file system"
_LAST_LINES = 200
_STARTING = "starting as process"
_WRITE = "cd {mount} && touch meshbench-probe && rm -f meshbench-probe"


@dataclass(frozen=True, kw_only=True)
class DiskReadonly(Fault):
    of: str = of_parts("which file systems turn read-only")

    name = "disk-readonly"
    does = "the kernel gives a file system up after an error of its device: reads go on, every write fails"
    bites = "a write fails with EROFS; or mysqld has ended, and said that its file system is read-only"
    heals = "mysqld's container is restarted, which mounts its file systems anew"
    good = "a node that cannot write leaves, a replica takes over, and no acknowledged write is lost"
    known_as = "ext4 errors=remount-ro"
    targets = NODES
    needs = ("loop file systems",)
    extras = (DISK,)
    loses_node = True
    refuted_by = Refutations(bitten={"write_refused": (False,)}, clean={"write_refused": (True,)})

    def on(self, victim: Victim, context: Context) -> ReadOnly:
        return ReadOnly(fault=self, victim=victim, context=context)


class ReadOnly(Injection[DiskReadonly]):
    def inject(self) -> None:
        mounts = [MOUNTS[part] for part in parts(self.fault.of)]
        # the data last: mysqld ends soon after, and with it what could still be given up
        run(self.cluster, self.pod, " && ".join(f"mount -o remount,abort {mount}" for mount in reversed(mounts)))

    def effect(self) -> Evidence:
        container = process(self.cluster, self.victim)
        state = container.state()
        if state == RUNNING:
            said = [
                tried(self.cluster, self.pod, _WRITE.format(mount=MOUNTS[part])).said for part in parts(self.fault.of)
            ]
            refused = all(READ_ONLY in line for line in said)
        else:  # it has ended since: what it said then is told by its log
            last_life = container.logs(tail=_LAST_LINES).decode(errors="replace").rpartition(_STARTING)[2]
            refused = READ_ONLY in last_life
        return Evidence(ok=refused, seen={"container": state.word, "write_refused": refused})

    def heal(self) -> None:
        container = process(self.cluster, self.victim)
        if container.state() == RUNNING:
            if not self._given_up():
                return
            container.kill(grace_s=1)
        container.start()

    def residue(self) -> Evidence:
        refused, answered = self._given_up(), answers(self.cluster, self.victim)
        return Evidence(ok=not refused and answered, seen={"write_refused": refused, "answers": answered})

    def _given_up(self) -> bool:
        """Whether a write to any of the file systems fails."""
        return not all(tried(self.cluster, self.pod, _WRITE.format(mount=mount)).ok for mount in MOUNTS.values())
