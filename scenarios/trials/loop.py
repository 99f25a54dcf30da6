"""Many runs, one after the other: the loop behind ``run --trials``, ``matrix``, ``nightly``, ``certify``, ``compare``.

Each trial is one ordinary run with a run folder of its own, in this process: a `Run` removes what it started whatever
happens, an interruption reaches it without a second process having to pass it on, and nothing is loaded again between
trials (importing takes a second, twelve times). A trial that breaks is caught here, and the rest goes on.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster.platform.platform import Platform
from history.manifest import PartOf, PartOfKind, Sentinel
from reports.summary_types import Summary
from reports.text.visible import visible
from reports.trials.trial import Trial
from scenarios.last_resort import in_one_line, is_defect
from scenarios.live.terminal import panel
from scenarios.run.run import Run
from scenarios.schema.scenario import Scenario

#: A void trial is run again so often that it has been tried this many times.
ATTEMPTS_MAX = 3


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A trial before it is run. scenario: with the seed of this trial. name, settings: as after ``meshbench run`` and
    ``--set``, from which the scenario was read. number: from 1."""

    scenario: Scenario
    name: str
    number: int
    settings: Sequence[str] = ()
    cell: str | None = None

    @property
    def command(self) -> list[str]:
        """How to run this trial alone."""
        settings = [word for setting in self.settings for word in ("--set", setting)]
        return ["meshbench", "run", self.name, *settings, "--seed", str(self.scenario.seed)]


#: More than anybody can wait for is a slip of the finger.
TRIALS_MAX = 10_000


class Trials:
    """The runs of one whole. The order of the trials and which of them are repeated is the caller's."""

    def __init__(
        self,
        *,
        runs: Path,
        platform: Platform,
        kind: PartOfKind,
        name: str,
        id: str,
        sentinel: Callable[[], Sentinel] | None = None,
        count: int | None = None,
    ) -> None:
        """kind, name, id: what the manifest of each run says it is part of. sentinel: measured before each run. count:
        how many trials there will be, for whoever looks at the terminal."""
        self._runs, self._platform, self._sentinel = runs, platform, sentinel
        self._count = count
        self._kind, self._name, self._id = kind, name, id
        self._order = 0

    def run(self, planned: Planned, attempt: int = 1) -> Trial:
        """One run, judged; raises KeyboardInterrupt and nothing else. attempt: 2 or more where a void one is
        repeated."""
        self._order += 1
        begin = time.monotonic()
        summary: Summary | None = None
        broke: str | None = None
        run: Run | None = None
        try:
            run = Run(
                planned.scenario,
                platform=self._platform,
                runs=self._runs,
                command=planned.command,
                part_of=self._part_of(planned, attempt),
            )
            with panel(run.live, ahead=self._ahead()):
                summary = run.execute(lambda _: None)
        except Exception as error:  # noqa: BLE001  whatever breaks one trial must not cost the others
            broke = in_one_line(error)
            if is_defect(error):
                traceback.print_exc()
                broke = f"internal error: {error!r}"
        return Trial(
            number=planned.number,
            order=self._order,
            seed=planned.scenario.seed,
            attempt=attempt,
            cell=planned.cell,
            summary=summary,
            broke=None if broke is None else " | ".join(broke.splitlines()),
            folder=None if run is None else run.folder,
            took_s=time.monotonic() - begin,
        )

    def _ahead(self) -> str:
        """``[3 of 12]``; repeated trials come on top."""
        return f"[{self._order} of {max(self._order, self._count)}]" if self._count else f"[{self._order}]"

    def _part_of(self, planned: Planned, attempt: int) -> PartOf:
        return PartOf(
            kind=self._kind,
            name=self._name,
            id=self._id,
            cell=planned.cell,
            trial=planned.number,
            attempt=attempt,
            sentinel=None if self._sentinel is None else self._sentinel(),
        )


def with_repeats(trials: Trials, planned: Iterable[Planned], *, repeats_max: int) -> Iterator[Trial]:
    """Every trial as it ends, in the order of ``planned``; then the void ones again, as often as their number allows.

    They come last, in rounds, because what made one void (a noisy neighbor) may be over by then. A trial is tried
    ATTEMPTS_MAX times at most. repeats_max: how many repeats there may be in all.
    """
    waiting = deque((one, 1) for one in planned)
    repeats = 0
    while waiting:
        one, attempt = waiting.popleft()
        trial = trials.run(one, attempt)
        if trial.verdict == "void" and attempt < ATTEMPTS_MAX and repeats < repeats_max:
            repeats += 1
            waiting.append((one, attempt + 1))
        yield trial


def say(line: str) -> None:
    """A line of progress, on standard error."""
    print(visible(line), file=sys.stderr, flush=True)
