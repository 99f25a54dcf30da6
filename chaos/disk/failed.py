"""What faults have in common after which a file system works again only once it is mounted anew.

mysqld cannot write, and ends or is ended. Healing restarts its container, which mounts its file systems.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaos.disk.file_systems import DISK, MOUNTS, Done, of_parts, parts, tried
from chaos.fault import Evidence, Fault, Injection, Refutations
from chaos.probes import answers, process
from chaos.targets import NODES
from cluster.platform.platform import RUNNING

_LAST_LINES = 200
_STARTING = "starting as process"
_WRITE = "cd {mount} && touch meshbench-probe && rm -f meshbench-probe"


@dataclass(frozen=True, kw_only=True)
class FailedDisk(Fault):
    """error: with which every write fails."""

    of: str = of_parts("which file systems fail")

    error: ClassVar[str]
    heals = "mysqld's container is restarted, which mounts its file systems anew"
    good = "a node that cannot write leaves, a replica takes over, and no acknowledged write is lost"
    targets = NODES
    needs = ("loop file systems",)
    extras = (DISK,)
    loses_node = True
    crashes = True
    refuted_by = Refutations(bitten={"write_failed": (False,)}, clean={"write_failed": (True,)})


class Failed(Injection[FailedDisk]):
    def effect(self) -> Evidence:
        container = process(self.cluster, self.victim)
        state = container.state()
        if state == RUNNING:
            said = [self._write(part).said for part in parts(self.fault.of)]
            failed = all(self.fault.error in line for line in said)
        else:  # it has ended since: what it said then is told by its log
            last_life = container.logs(tail=_LAST_LINES).decode(errors="replace").rpartition(_STARTING)[2]
            failed = self.fault.error in last_life
        return Evidence(ok=failed, seen={"container": state.word, "write_failed": failed})

    def heal(self) -> None:
        container = process(self.cluster, self.victim)
        if container.state() == RUNNING:
            # not whatever fails otherwise: a container that has just been started has not mounted all of them yet
            if not any(self.fault.error in self._write(part).said for part in MOUNTS):
                return
            container.kill(grace_s=1)
        container.start()

    def residue(self) -> Evidence:
        failed, answered = self._fails(), answers(self.cluster, self.victim)
        return Evidence(ok=not failed and answered, seen={"write_failed": failed, "answers": answered})

    def _fails(self) -> bool:
        """Whether a write to any of the file systems fails."""
        return not all(self._write(part).ok for part in MOUNTS)

    def _write(self, part: str) -> Done:
        return tried(self.cluster, self.pod, _WRITE.format(mount=MOUNTS[part]))
