"""``meshbench nightly``: from the suite's name to the exit code of the night."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cluster.platform import ownership
from cluster.platform.docker_platform import DockerPlatform
from cluster.platform.platform import Platform
from reports.nightly.console import lines
from reports.nightly.nightly_types import Gate, Nightly
from reports.nightly.write import write_pages
from reports.text.visible import visible
from scenarios.compare.rerun import InTurns
from scenarios.nightly import ci, sentinel, state
from scenarios.nightly.compare import against_earlier, capacity_known
from scenarios.nightly.night import Night
from scenarios.nightly.plan import NightPlan, night_plan
from scenarios.nightly.start import begin
from scenarios.nightly.suite import read_suite, suite_file
from scenarios.run.needs import require_needs
from scenarios.run.run import require_images
from scenarios.run.run_folder import point
from scenarios.signals import interruptible
from scenarios.trials.loop import Trials, say
from scenarios.user_code.pod import look


def run_suite(
    name: str, *, budget: str | None, again: bool | None, settings: Sequence[str], runs: Path, command: Sequence[str]
) -> int:
    """Raises ConfigurationError before anything is started, and KeyboardInterrupt with what there is written."""
    file = suite_file(name)
    plan = night_plan(read_suite(file, budget=budget), file=file, settings=settings, look=look)
    platform = DockerPlatform()
    for cell in plan.cells:
        if cell.run is not None:
            require_images(cell.run, platform)
            require_needs(cell.run, platform)
    folder, content = begin(plan, runs=runs, command=command, again=again)
    with state.held(folder), interruptible():
        for gone in ownership.reap():
            say(f"left by a dead run, removed: {gone}")
        night = _night(content, plan, folder=folder, runs=runs, platform=platform)
        done = night.execute()
        point(runs / "nightly" / "latest", folder)
    print("\n".join(visible(line) for line in lines(done, folder=folder)))
    print("".join(f"{line}\n" for line in ci.told(done, environment=os.environ)), end="")
    if night.interrupted is not None:
        raise night.interrupted
    return done["exit_code"]


def _night(content: Nightly, plan: NightPlan, *, folder: Path, runs: Path, platform: Platform) -> Night:
    measure = partial(sentinel.measure, runs)
    trials = Trials(
        runs=runs,
        platform=platform,
        kind="nightly",
        name=content["name"],
        id=content["id"],
        sentinel=measure,
        count=sum(1 for _ in plan.order()) - len(content["trials"]),
    )
    wanted = plan.suite.compare

    def compare(night: Nightly) -> Gate | None:
        rerun = InTurns(runs=runs, platform=platform, trials=wanted.rerun, sentinel=measure) if wanted.rerun else None
        return against_earlier(night, folder=folder, runs=runs, wanted=wanted, rerun=rerun)

    return Night(
        content,
        plan,
        folder=folder,
        trials=trials,
        compare=compare,
        capacity=partial(capacity_known, folder=folder, runs=runs, wanted=wanted),
        write_pages=write_pages,
    )
