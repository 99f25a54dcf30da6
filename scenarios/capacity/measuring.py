"""Steps on a system, each told as it ends and kept as a row of the page; one that others disturbed is taken again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from checks.noise import CPU_PRESSURE_PERCENT
from reports.capacity.content import StepRow
from reports.capacity.objective import Objective
from reports.capacity.stability import duration_s
from reports.capacity.step import Purpose, Step
from reports.capacity.steps import ALL_NODES, step_row
from reports.text.units import count, duration
from scenarios.capacity.system import System
from scenarios.trials.loop import say

#: Of what is counted with a closed loop.
CLOSED_S = 5.0


class NoisyError(Exception):
    """Others had the CPU that the pods needed, twice in a row: what was measured says nothing about the system."""


class Measuring:
    """rows: of all steps so far, for the page, which may share the list."""

    def __init__(self, objectives: Sequence[Objective], rows: list[StepRow]) -> None:
        self._objectives, self._rows = objectives, rows

    def on(self, system: System, *, setting: str = ALL_NODES) -> Callable[[float, Purpose], Step]:
        """What `scenarios.capacity.search.search` asks: a step of a rate."""
        return lambda rate_tps, purpose: self.step(system, rate_tps, purpose, setting=setting)

    def step(
        self,
        system: System,
        rate_tps: float,
        purpose: Purpose,
        *,
        setting: str = ALL_NODES,
        least_s: float = 0.0,
        meanwhile: Callable[[], None] | None = None,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> Step:
        """least_s: of what is counted. before, after: called around the step, and around its repetition. Raises
        NoisyError."""

        def measure() -> Step:
            before()
            step = system.measure(
                rate_tps,
                purpose=purpose,
                setting=setting,
                duration_s=max(least_s, duration_s(rate_tps, self._objectives)),
                meanwhile=meanwhile,
            )
            after()
            return step

        return self._undisturbed(system, measure)

    def closed(self, system: System, clients: int) -> Step:
        """A closed loop of so many clients, each of which has one operation in flight at a time. Raises NoisyError."""
        return self._undisturbed(
            system, lambda: system.measure(None, purpose="closed", clients=clients, duration_s=CLOSED_S)
        )

    def _undisturbed(self, system: System, measure: Callable[[], Step]) -> Step:
        for again in (False, True):
            step = measure()
            if system.taken_percent <= CPU_PRESSURE_PERCENT:
                self._rows.append(step_row(step, self._objectives))
                say(f"[step {len(self._rows)}] {self._told(step, self._rows[-1])}")
                return step
            what = f"other processes took {system.taken_percent:g} % of this machine's CPU while pods waited for it"
            if again:
                raise NoisyError(f"{what}, twice in a row at {_at(step)}; use a quiet machine")
            say(f"[step {len(self._rows) + 1}] {what}: measured again")
        raise AssertionError("unreachable")

    def _told(self, step: Step, row: StepRow) -> str:
        """``640/s: holds, p99 31 ms, primary's mysqld 1.2 cores``."""
        at = _at(step) + ("" if step.setting == ALL_NODES else f", {step.setting}")
        p99 = step.response_ms.get("p99")
        said = "holds" if row["holds"] else f"does not hold ({row['why']})"
        if step.purpose == "closed":
            said = f"{count(round(step.achieved_tps))}/s"
        p99_words = "no p99: too few were answered" if p99 is None else f"p99 {duration(p99)}"
        return f"{at}: {said}, {p99_words}, primary's mysqld {step.usage.cpu_cores('primary'):.1f} cores"


def _at(step: Step) -> str:
    """``640/s``, or ``8 clients`` of a closed loop."""
    if step.purpose == "closed":
        return f"{round(step.concurrency)} {'client' if round(step.concurrency) == 1 else 'clients'} in a closed loop"
    return f"{count(round(step.offered_tps))}/s"
