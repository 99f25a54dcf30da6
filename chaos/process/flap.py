"""flap: a node goes away and comes back, again and again, as with a host that reboots or a VM that is starved.

Bites when it was down twice and up twice. Heals by ending that, and by thawing or starting what is down.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from chaos.fault import Context, Fault, Refutations, Victim
from chaos.process.cycles import LEAST, Cycles, Cycling, killed
from chaos.targets import NODES
from cluster.errors import EngineRefusedError, HarnessError
from cluster.keys import duration, percent, word
from cluster.platform.platform import FROZEN, CanFreeze, Process


@dataclass(frozen=True, kw_only=True)
class Flap(Fault):
    how: str = word("pause: frozen and thawed; kill: killed and started", of=("pause", "kill"), default="pause")
    period: float = duration("how long one time down and up takes", default=3.0, at_least=0.2, at_most=60.0)
    duty: float = percent("how much of a period it is down", default=50.0, at_least=5.0, at_most=95.0)

    name = "flap"
    does = "a node that comes and goes: each time it is back, something may give it its part again, too early"
    bites = "it was seen down at least twice, and up again"
    heals = "the cycles end, and what is down is thawed or started"
    good = "after one failover the flapping node is left alone: no second failover back to it, and no write lost"
    known_as = "Jepsen db/pause! and db/resume! in turns; Chaos Mesh Schedule of a PodChaos"
    example = {"how": "kill"}  # noqa: RUF012
    targets = NODES
    needs = ("cgroup freezer",)
    loses_node = True
    crashes = True
    refuted_by = Refutations(
        bitten={"downs": (0, 1), "ups": (0,)},
        clean={"container": ("exited", "frozen"), "answers": (False,), "cycling": (True,)},
    )

    @property
    def proof_s(self) -> float:
        return LEAST * self.period

    def on(self, victim: Victim, context: Context) -> Flapping:
        return Flapping(fault=self, victim=victim, context=context)


class Flapping(Cycling[Flap]):
    def cycles(self, container: Process) -> Cycles:
        period_s, share = self.fault.period, self.fault.duty / 100
        down, up = _kill(container) if self.fault.how == "kill" else _freeze(container)
        return Cycles(down=down, up=up, answers=self._answers, down_s=period_s * share, up_s=period_s * (1 - share))


def _kill(container: Process) -> tuple[Callable[[], bool], Callable[[], None]]:
    return lambda: killed(container), container.start


def _freeze(container: Process) -> tuple[Callable[[], bool], Callable[[], None]]:
    if not isinstance(container, CanFreeze):
        raise HarnessError(f"{container.name}: nothing can be frozen where it runs")
    freezable = container

    def down() -> bool:
        with suppress(EngineRefusedError):  # on a busy machine runc may give up; the next time may be better
            freezable.freeze()
        return container.state() == FROZEN

    def up() -> None:
        if container.state() == FROZEN:
            freezable.thaw()

    return down, up
