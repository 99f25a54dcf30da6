"""One run, or several trials, from a scenario that was read to the table of what was found and its exit code."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cluster.errors import ConfigurationError, HarnessError
from cluster.mysqld import option_file
from cluster.platform import ownership
from cluster.platform.docker_platform import DockerPlatform
from history.load_events import Second
from reports.formats.console import print_table
from reports.summary_types import Summary
from reports.trials.console import print_trials
from scenarios.cli.exit_codes import EXIT_OF
from scenarios.cli.mistakes import OF_THE_PLACE
from scenarios.live.terminal import panel
from scenarios.load.remote_workers import elsewhere
from scenarios.progress import Progress
from scenarios.run.needs import require_needs
from scenarios.run.run import Run, require_images
from scenarios.schema.scenario import Scenario
from scenarios.signals import interruptible
from scenarios.trials.loop import TRIALS_MAX
from scenarios.trials.repeated import Repeated

log = logging.getLogger("meshbench")


def run_scenario(
    scenario: Scenario,
    *,
    runs: Path,
    command: Sequence[str],
    live: bool = False,
    remote_workers: int = 0,
    bind: str | None = None,
) -> int:
    """Run it, print the table, and return the verdict's exit code. Raises as `Run.execute` does."""
    platform = DockerPlatform()
    require_images(scenario, platform)
    require_needs(scenario, platform)
    others = elsewhere(scenario, workers=remote_workers, bind=bind)
    progress = Progress(duration_s=scenario.load.duration)
    log.setLevel(logging.INFO)
    log.addHandler(progress)
    try:
        with interruptible():
            for told in brought_along(scenario):
                log.info("%s", told)
            for gone in ownership.reap():
                log.info("left by a dead run, removed: %s", gone)
            log.info("%s: %s", scenario.name, scenario.description)
            for said in scenario.notices():
                log.info("%s", said)
            run = Run(scenario, platform=platform, runs=runs, command=list(command), web_page=live, elsewhere=others)
            summary = _executed(run, progress)
    finally:
        log.removeHandler(progress)
    print_table(summary, folder=run.folder)
    return EXIT_OF[summary["verdict"]]


def require_trials(trials: int, *, alone: Mapping[str, object]) -> None:
    """Raise ConfigurationError for a number of trials that cannot be, or with an option that goes with one run alone.
    alone: those options and what was given."""
    if not 1 <= trials <= TRIALS_MAX:
        raise ConfigurationError(f"--trials {trials}: expected 1 to {TRIALS_MAX}")
    if trials > 1 and (given := [option for option, value in alone.items() if value]):
        raise ConfigurationError(f"--trials {trials}: does not go with {', '.join(given)}, for one run alone")


def run_trials(
    scenario: Scenario, *, name: str, settings: Sequence[str], trials: int, runs: Path, command: Sequence[str]
) -> int:
    """Run several trials, print what they say together, and return the exit code of the worst. scenario: with the seed
    of trial 1. name, settings: as on the command line. Raises what interrupted it, after it has printed."""
    repeated = Repeated(
        scenario, name=name, settings=settings, trials=trials, platform=DockerPlatform(), runs=runs, command=command
    )
    with interruptible():
        ownership.reap()
        content = repeated.execute()
    print_trials(content, folder=repeated.folder)
    if repeated.interrupted is not None:
        raise repeated.interrupted
    return EXIT_OF[content["verdict"]]


def ignored(second: Second) -> None:
    """A second of the load that is shown elsewhere."""
    del second


def brought_along(scenario: Scenario) -> Iterator[str]:
    """What of the user's files goes into the pods, a line each."""
    if scenario.workload.folder is not None:
        yield scenario.workload.folder.told()
    if (cnf := scenario.mysql.my_cnf) is not None and (included := option_file.read(cnf).files[1:]):
        yield f"{cnf.name} brings along: {', '.join(map(str, included))}"


def _executed(run: Run, progress: Progress) -> Summary:
    """The summary of a run; what goes wrong names its folder."""
    try:
        with panel(run.live) as shown:
            return run.execute(ignored if shown else progress.second)
    except HarnessError as error:
        raise HarnessError(f"{error} (logs of every container: {run.folder / 'logs'})") from error
    except OSError as error:
        if error.errno not in OF_THE_PLACE:
            raise
        raise ConfigurationError(
            f"the run folder cannot be written: {error}; the run has ended, what it had recorded until then is in "
            f"{run.folder}"
        ) from error
