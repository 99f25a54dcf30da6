"""``meshbench run NAME --trials N``: one scenario with N seeds, and how its numbers spread over them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cluster.errors import ConfigurationError
from cluster.platform.platform import Platform
from reports.text.units import duration
from reports.trials.series import Series
from reports.trials.trial import Trial
from reports.trials.trials_types import TrialsContent
from reports.trials.write import write_trials
from scenarios.run.needs import require_needs
from scenarios.run.remember import renew_console
from scenarios.run.run import require_images
from scenarios.run.run_folder import fresh, point
from scenarios.schema.scenario import Scenario
from scenarios.schema.user_keys import without_values
from scenarios.signals import undisturbed
from scenarios.trials.loop import ATTEMPTS_MAX, Planned, Trials, say, with_repeats


class Repeated:
    """Trials of one scenario under way; `execute` runs them. folder: where their page will be."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        name: str,
        settings: Sequence[str],
        trials: int,
        platform: Platform,
        runs: Path,
        command: Sequence[str],
    ) -> None:
        """scenario: with the seed of trial 1. name, settings: as on the command line. trials: 1 or more.

        Raises ConfigurationError when an image is missing, a seed would be too large or the folder cannot be made.
        """
        require_images(scenario, platform)
        require_needs(scenario, platform)
        self._planned = [
            Planned(scenario=seeded(scenario, number), name=name, settings=settings, number=number)
            for number in range(1, trials + 1)
        ]
        #: Void trials are repeated so often in all: as many as were asked for, so that a noisy night has an end.
        self._repeats_max = trials
        self._scenario, self._runs, self._command = scenario, runs, command
        now = datetime.now(UTC)
        self._started_at = now.isoformat(timespec="seconds")
        self.folder = fresh(runs / "trials", now.strftime("%Y%m%dT%H%M%SZ"))
        self._trials = Trials(
            runs=runs, platform=platform, kind="trials", name=scenario.name, id=self.folder.name, count=trials
        )
        self._begin = time.monotonic()
        #: What ended it before its last trial.
        self.interrupted: KeyboardInterrupt | None = None

    def execute(self) -> TrialsContent:
        """Run every trial, write the page, and return the content of trials.json.

        Ctrl-C ends the trial under way and removes it; the page is written with what there is, and ``interrupted`` is
        set.
        """
        done: list[Trial] = []
        say(f"{len(self._planned)} trials, one after the other; each is a run with a report of its own")
        try:
            for trial in with_repeats(self._trials, self._planned, repeats_max=self._repeats_max):
                done.append(trial)
                say(self._ended(done))
        except KeyboardInterrupt as ended:
            self.interrupted = ended
        with undisturbed():
            content = write_trials(self._series(done))
            point(self._runs / "trials" / "latest", self.folder)
            renew_console(self._runs)
        return content

    def _series(self, done: Sequence[Trial]) -> Series:
        ran = {one.number for one in done}
        not_run = [one for one in self._planned if one.number not in ran]
        return Series(
            scenario=self._scenario.name,
            description=self._scenario.description,
            command=without_values(list(self._command)),
            started_at=self._started_at,
            seed=self._scenario.seed,
            trials=len(self._planned),
            repeats_max=self._repeats_max,
            results=[
                *done,
                *(
                    Trial(number=one.number, order=order, seed=one.scenario.seed)
                    for order, one in enumerate(not_run, start=len(done) + 1)
                ),
            ],
            folder=self.folder,
            took_s=time.monotonic() - self._begin,
            interrupted=self.interrupted is not None,
        )

    def _ended(self, done: Sequence[Trial]) -> str:
        """The trial that ended last, and how long the rest takes at the pace so far; repeats that may come aside."""
        last = done[-1]
        attempt = f", attempt {last.attempt} of at most {ATTEMPTS_MAX}" if last.attempt > 1 else ""
        told = f", writes stopped {duration(last.summary['write_outage_ms'])}" if last.summary else f": {last.broke}"
        left = len(self._planned) - len(done)
        left_ms = (time.monotonic() - self._begin) * 1000 / len(done) * left
        eta = f"; about {duration(left_ms)} left" if left > 0 else ""
        took = duration((last.took_s or 0) * 1000)
        return (
            f"[{last.number} of {len(self._planned)}{attempt}] {last.verdict.upper()}, seed {last.seed}{told}, "
            f"took {took}{eta}"
        )


def seeded(scenario: Scenario, number: int) -> Scenario:
    """The scenario of the trial with this number, from 1, whose first one it is. Raises ConfigurationError where a seed
    would be none."""
    seed = scenario.seed + number - 1
    if seed >= 2**63:
        raise ConfigurationError(f"trial {number} would have the seed {seed}, beyond 2^63 - 1; take a smaller --seed")
    return scenario.with_seed(seed)
