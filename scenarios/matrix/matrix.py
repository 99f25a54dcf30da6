"""``meshbench matrix``: the same fault and the same seeds under every topology and mesh, one trial after the other.

Each trial is one ordinary run with a run folder of its own, in this process: a `Run` removes what it started whatever
happens, an interruption reaches it without a second process having to pass it on, and nothing is loaded again between
trials (importing takes a second, twelve times). A trial that breaks is caught here, shown as broken, and the rest goes
on.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from os.path import relpath
from pathlib import Path

from cluster.platform.docker_platform import DockerPlatform
from reports.matrix import matrix_types
from reports.matrix.trial import Cell, Experiment, Trial
from reports.matrix.write import write_matrix
from reports.summary_types import Summary
from reports.text.units import duration
from reports.text.visible import visible
from scenarios.last_resort import in_one_line, is_defect
from scenarios.matrix.plan import Plan
from scenarios.run.needs import require_needs
from scenarios.run.run import Run, require_images
from scenarios.run.run_folder import fresh, point
from scenarios.schema.user_keys import without_values
from scenarios.signals import undisturbed


class Matrix:
    """One matrix under way; `execute` runs it. folder: where its page will be."""

    def __init__(self, plan: Plan, *, name: str, runs: Path, command: Sequence[str]) -> None:
        """Raises ConfigurationError when an image is missing or the folder cannot be made. name: of the scenario as
        given on the command line."""
        self._platform = DockerPlatform()
        for cell in plan.runnable.values():
            require_images(cell.scenario, self._platform)
            require_needs(cell.scenario, self._platform)
        self._plan, self._name, self._runs, self._command = plan, name, runs, command
        now = datetime.now(UTC)
        self._started_at = now.isoformat(timespec="seconds")
        self.folder = fresh(runs / "matrix", now.strftime("%Y%m%dT%H%M%SZ"))
        self._begin = time.monotonic()
        self._order = list(plan.order())
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
                _say(f"[{order} of {len(self._order)}] trial {number}, {cell.topology} / {cell.mesh} …")
                done.append(self._trial(order, number, cell))
                _say(f"[{order} of {len(self._order)}] {self._ended(done)}")
        except KeyboardInterrupt as ended:
            self.interrupted = ended
        with undisturbed():
            matrix = write_matrix(self._experiment([*done, *self._not_run(len(done))]), self.folder)
            point(self._runs / "matrix" / "latest", self.folder)
        return matrix

    def _trial(self, order: int, number: int, cell: Cell) -> Trial:
        """One run; raises KeyboardInterrupt and nothing else."""
        begin = time.monotonic()
        seed = self._plan.seed(number)
        summary: Summary | None = None
        broke: str | None = None
        run: Run | None = None
        try:
            run = self._run(cell, seed)
            summary = run.execute(lambda _: None)
        except Exception as error:  # noqa: BLE001  whatever breaks one trial must not cost the others
            broke = in_one_line(error)
            if is_defect(error):
                traceback.print_exc()
                broke = f"internal error: {error!r}"
        return Trial(
            cell=cell,
            number=number,
            order=order,
            seed=seed,
            summary=summary,
            broke=None if broke is None else " | ".join(broke.splitlines()),
            folder=None if run is None else Path(relpath(run.folder, self.folder)).as_posix(),
            took_s=time.monotonic() - begin,
        )

    def _run(self, cell: Cell, seed: int) -> Run:
        one = self._plan.runnable[cell]
        settings = [word for setting in one.settings for word in ("--set", setting)]
        command = ["meshbench", "run", self._name, *settings, "--seed", str(seed)]
        scenario = one.scenario.with_seed(seed)
        return Run(scenario, platform=self._platform, runs=self._runs, command=command)

    def _not_run(self, done: int) -> list[Trial]:
        rest = list(enumerate(self._order, start=1))[done:]
        return [Trial(cell=cell, number=number, order=at, seed=self._plan.seed(number)) for at, (number, cell) in rest]

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
            took_s=time.monotonic() - self._begin,
            interrupted=self.interrupted is not None,
        )

    def _ended(self, done: Sequence[Trial]) -> str:
        """The trial that ended last, and how long the rest takes at the pace so far."""
        last = done[-1]
        outage = f", writes stopped {duration(last.summary['write_outage_ms'])}" if last.summary else f": {last.broke}"
        left = len(self._order) - len(done)
        left_ms = (time.monotonic() - self._begin) * 1000 / len(done) * left
        eta = f"; about {duration(left_ms)} left" if left else ""
        name = f"{last.cell.topology} / {last.cell.mesh}"
        return f"{last.verdict.upper()} {name}{outage}, took {duration((last.took_s or 0) * 1000)}{eta}"


def _say(line: str) -> None:
    print(visible(line), file=sys.stderr, flush=True)
