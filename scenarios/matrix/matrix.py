"""``meshbench matrix``: the same fault and the same seeds under every topology, every mesh and every value of a varied
key, one trial after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from cluster.errors import ConfigurationError
from cluster.platform.docker_platform import DockerPlatform
from cluster.platform.platform import Platform
from history.json_files import HistoryError
from reports.matrix import matrix_types
from reports.matrix.experiment import Cell, Effective, Experiment, Varied
from reports.matrix.write import write_matrix
from reports.text.units import duration
from reports.trials.trial import Trial
from scenarios.matrix.plan import Plan
from scenarios.matrix.read_back import read_back, unlike
from scenarios.run.needs import require_needs
from scenarios.run.remember import renew_console
from scenarios.run.run import require_images
from scenarios.run.run_folder import fresh, point
from scenarios.schema.read import OPTIONS
from scenarios.schema.user_keys import without_values
from scenarios.signals import undisturbed
from scenarios.trials.loop import Planned, Trials, say


class Matrix:
    """One matrix under way; `execute` runs it. folder: where its page will be."""

    def __init__(self, plan: Plan, *, name: str, runs: Path, command: Sequence[str]) -> None:
        """Raises ConfigurationError when an image is missing or the folder cannot be made. name: of the scenario as
        given on the command line."""
        platform = DockerPlatform()
        _require_all(plan, platform)
        self._plan, self._name, self._runs, self._command = plan, name, runs, command
        now = datetime.now(UTC)
        self._started_at = now.isoformat(timespec="seconds")
        self.folder = fresh(runs / "matrix", now.strftime("%Y%m%dT%H%M%SZ"))
        self._order = list(plan.order())
        self._trials = Trials(
            runs=runs,
            platform=platform,
            kind="matrix",
            name=plan.base.name,
            id=self.folder.name,
            count=len(self._order),
        )
        self._begin = time.monotonic()
        self._effective: dict[int, list[Effective]] = {}
        #: What ended it before its last trial.
        self.interrupted: KeyboardInterrupt | None = None

    def execute(self) -> matrix_types.Matrix:
        """Run every trial, write the page, and return the content of matrix.json.

        Ctrl-C ends the trial under way and removes it; the page is written with what there is, and ``interrupted`` is
        set.
        """
        done: list[Trial] = []
        try:
            for order, (number, cell) in enumerate(self._order, start=1):
                say(f"[{order} of {len(self._order)}] trial {number}, {cell.name} …")
                done.append(self._as_asked(self._trials.run(self._planned(number, cell)), cell))
                say(f"[{order} of {len(self._order)}] {self._ended(done)}")
        except KeyboardInterrupt as ended:
            self.interrupted = ended
        with undisturbed():
            matrix = write_matrix(self._experiment([*done, *self._not_run(len(done))]))
            point(self._runs / "matrix" / "latest", self.folder)
            renew_console(self._runs)
        return matrix

    def _planned(self, number: int, cell: Cell) -> Planned:
        one = self._plan.runnable[cell]
        return Planned(
            scenario=one.scenario.with_seed(self._plan.seed(number)),
            name=self._name,
            settings=one.settings,
            cell=cell.name,
            number=number,
        )

    def _as_asked(self, trial: Trial, cell: Cell) -> Trial:
        """The trial as one of its cell: void where a varied key did not take effect. What mysqld makes of an option is
        held against it before there is load, and such a run ends there."""
        if trial.broke and any(_not_in_effect(one) in trial.broke for one in cell.varied):
            return replace(trial, not_as_asked=trial.broke)
        if trial.summary is None or trial.folder is None or not cell.varied:
            return trial
        try:
            found = read_back(trial.folder, self._plan.runnable[cell].scenario, cell.varied)
        except HistoryError as error:
            return replace(trial, not_as_asked=f"what was in force cannot be read: {error}")
        self._effective[trial.order] = found
        return replace(trial, not_as_asked=unlike(found))

    def _not_run(self, done: int) -> list[Trial]:
        rest = list(enumerate(self._order, start=1))[done:]
        return [
            Trial(cell=cell.name, number=number, order=at, seed=self._plan.seed(number)) for at, (number, cell) in rest
        ]

    def _experiment(self, trials: Sequence[Trial]) -> Experiment:
        return Experiment(
            scenario=self._plan.base.name,
            description=self._plan.base.description,
            command=without_values(list(self._command)),
            started_at=self._started_at,
            seed=self._plan.base.seed,
            trials=self._plan.trials,
            cells=self._plan.cells,
            results=trials,
            folder=self.folder,
            took_s=time.monotonic() - self._begin,
            interrupted=self.interrupted is not None,
            effective=self._effective,
        )

    def _ended(self, done: Sequence[Trial]) -> str:
        """The trial that ended last, and how long the rest takes at the pace so far."""
        last = done[-1]
        outage = f", writes stopped {duration(last.summary['write_outage_ms'])}" if last.summary else ""
        outage += f": {last.broke or last.not_as_asked}" if last.broke or last.not_as_asked else ""
        left = len(self._order) - len(done)
        left_ms = (time.monotonic() - self._begin) * 1000 / len(done) * left
        eta = f"; about {duration(left_ms)} left" if left else ""
        return f"{last.verdict.upper()} {last.cell}{outage}, took {duration((last.took_s or 0) * 1000)}{eta}"


def _require_all(plan: Plan, platform: Platform) -> None:
    """What every cell needs is there; raises ConfigurationError with everything that is wrong."""
    problems = list[str]()
    for cell in plan.runnable.values():
        try:
            require_images(cell.scenario, platform)
            require_needs(cell.scenario, platform)
        except ConfigurationError as error:
            problems += str(error).splitlines()
    if problems:
        raise ConfigurationError("\n".join(dict.fromkeys(problems)))


def _not_in_effect(one: Varied) -> str:
    """How a run says that an option of mysqld is not in effect (`cluster.mysqld.options`)."""
    return f"mysql.config: {one.key.removeprefix(OPTIONS)}: asked "
