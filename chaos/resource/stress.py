"""What the stress faults have in common: stress-ng in the pause container of the node's pod.

That is beside mysqld, on the same CPUs, memory and disk, as a neighbour on the same host is, and not within mysqld's
own cgroup: the user's image need not have stress-ng. It is found by the names that its workers have, and ended by their
process group; a worker that lives shows what it takes.
"""

from __future__ import annotations

import shlex
import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from chaos.fault import Evidence, Fault, Injection
from chaos.probes import answers, pod_named
from cluster.wait import wait_until

WINDOW_S = 1.0
LOOK_TIMEOUT_S = 5.0
#: Of the kernel's accounting (USER_HZ), which is the same on every Linux that we know.
TICKS = 100
FOLDER = "/tmp/meshbench-stress"
#: How many workers there are, the CPU ticks that they took, the KiB that they keep, the bytes that they have written.
LOOK = r"""
workers=0 ticks=0 kept=0 written=0
for process in $(grep --files-with-matches --line-regexp NAME /proc/[0-9]*/comm 2>/dev/null); do
  process=${process%/comm}
  set -- $(sed 's/.*) //' $process/stat 2>/dev/null) ; [ "$#" -gt 20 ] || continue
  workers=$((workers + 1)) ticks=$((ticks + ${12} + ${13}))
  kept=$((kept + $(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' $process/status)))
  written=$((written + $(sed -n 's/^write_bytes: //p' $process/io)))
done
echo $workers $ticks $kept $written
"""
END = r"""
for process in $(grep --files-with-matches --line-regexp NAME /proc/[0-9]*/comm 2>/dev/null); do
  kill -KILL -- "-$(sed 's/.*) //' ${process%/comm}/stat | cut -d' ' -f3)" 2>/dev/null
done
rm -rf FOLDER
"""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the workers have taken since they began, and keep. cpu_s: seconds of CPU time."""

    workers: int
    cpu_s: float
    kept_bytes: int
    written_bytes: int


@dataclass(frozen=True, kw_only=True)
class Stress(Fault):
    """worker: how stress-ng names the processes of this kind."""

    worker: ClassVar[str]

    @property
    @abstractmethod
    def options(self) -> tuple[str, ...]:
        """Of stress-ng."""


S = TypeVar("S", bound=Stress)


class Stressed(Injection[S], Generic[S]):
    def inject(self) -> None:
        command = shlex.join(("stress-ng", *self.fault.options, "--temp-path", FOLDER))
        start = f"mkdir -p {FOLDER} && setsid nohup {command} > /dev/null 2>&1 &"
        pod_named(self.cluster, self.pod).run_in_namespace("bash", "-c", start)

    def effect(self) -> Evidence:
        begin_s, before = time.monotonic(), self._look()
        if before.workers == 0:
            return Evidence(ok=False, seen={"workers": 0})
        time.sleep(WINDOW_S)
        lasted_s, after = time.monotonic() - begin_s, self._look()
        return self.shown(before, after, lasted_s)

    @abstractmethod
    def shown(self, before: Seen, after: Seen, lasted_s: float) -> Evidence:
        """What workers took between two looks."""

    def heal(self) -> None:
        self._run(END)

    def residue(self) -> Evidence:
        left, answered = self._look().workers, answers(self.cluster, self.victim)
        return Evidence(ok=left == 0 and answered, seen={"workers": left, "answers": answered})

    def _look(self) -> Seen:
        def looked() -> Seen | None:
            numbers = [int(word) for word in self._run(LOOK).split()]
            if len(numbers) != 4:
                return None  # an engine that is busy may lose what a short command prints
            workers, ticks, kept, written = numbers
            return Seen(workers=workers, cpu_s=ticks / TICKS, kept_bytes=kept * 1024, written_bytes=written)

        return wait_until(f"{self.pod} tells what it is stressed with", looked, timeout_s=LOOK_TIMEOUT_S)

    def _run(self, script: str) -> str:
        script = script.replace("NAME", self.fault.worker).replace("FOLDER", FOLDER)
        return pod_named(self.cluster, self.pod).probe_in_namespace("bash", "-c", script)[1]
