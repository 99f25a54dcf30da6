"""A container that goes down and comes up again and again, until it is healed: what `flap` and `crash-loop` have in
common.

Nothing in a pod can start its own containers, so a thread of the harness does. It is known by the container's name, so
that any injection on the pod can end it; where the harness is gone, so is the thread, and heal has only to bring up
what is down.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chaos.fault import Evidence, Fault, Injection
from chaos.probes import answers, process
from chaos.process.kill import stands_again, start_again
from cluster.errors import EngineError
from cluster.platform.platform import CanFreeze, Process
from cluster.wait import wait_until

#: What is down and up again this often goes up and down.
LEAST = 2


@dataclass(kw_only=True)
class Cycles:
    """down: takes the container down; True where it is seen to be down. down_s, up_s: how long it stays so.

    downs, ups: how often it was seen so. answered: how often it answered before it went down again. error: what has
    ended it.
    """

    down: Callable[[], bool]
    up: Callable[[], None]
    answers: Callable[[], bool]
    down_s: float
    up_s: float
    downs: int = 0
    ups: int = 0
    answered: int = 0
    error: EngineError | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="cycles", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self.downs += self.down()
                if self._over.wait(self.down_s):
                    return
                self.up()
                self.ups += 1
                self._over.wait(self.up_s)
                self.answered += self.answers()
        except EngineError as error:
            self.error = error


def killed(container: Process) -> bool:
    """Kill it, if it runs; whether it has exited."""
    if container.state().word == "running":
        container.kill()
    return container.state().word == "exited"


#: Those that run, by the name of their container.
_running: dict[str, Cycles] = {}

F = TypeVar("F", bound=Fault)


class Cycling(Injection[F], Generic[F]):
    """A fault that lasts for as long as the cycles go on."""

    @abstractmethod
    def cycles(self, container: Process) -> Cycles:
        """Those of this fault, not started yet."""

    def inject(self) -> None:
        """Returns when the container has come up twice: so long it takes to show that it goes up and down."""
        container = process(self.cluster, self.victim)
        _running[container.name] = cycles = self.cycles(container)
        cycles.start()
        whole_s = cycles.down_s + cycles.up_s

        def seen() -> bool:
            if cycles.error is not None:
                raise cycles.error
            return cycles.ups >= LEAST

        wait_until(f"{self.pod} has gone down and up {LEAST} times", seen, timeout_s=60.0 + LEAST * 2 * whole_s)

    def effect(self) -> Evidence:
        cycles = _running.get(process(self.cluster, self.victim).name)
        if cycles is None:
            return Evidence(ok=False, seen={"downs": 0, "ups": 0})
        seen = {"downs": cycles.downs, "ups": cycles.ups, "answered_between": cycles.answered}
        return Evidence(ok=min(cycles.downs, cycles.ups) >= LEAST and cycles.error is None, seen=seen)

    def heal(self) -> None:
        container = process(self.cluster, self.victim)
        if (cycles := _running.pop(container.name, None)) is not None:
            cycles.stop()
        if container.state().word == "frozen" and isinstance(container, CanFreeze):
            container.thaw()
        start_again(self)

    def residue(self) -> Evidence:
        cycling = process(self.cluster, self.victim).name in _running
        stands = stands_again(self)
        return Evidence(ok=stands.ok and not cycling, seen={**stands.seen, "cycling": cycling})

    def _answers(self) -> bool:
        return answers(self.cluster, self.victim)
