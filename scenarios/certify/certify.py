"""``meshbench certify``: trial after trial of a frozen plan, until it is certified, refused, or cannot be told.

Which trial is next, and when it ends, is asked of `reports.certificate.standing` alone: the same that judges the
finished certificate. Here they are run, written down one by one, and gone on with after a crash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from os.path import relpath
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError
from cluster.platform import ownership
from cluster.platform.docker_platform import DockerPlatform
from history.json_files import HistoryError, read_object
from reports.certificate.certificate_types import Certificate
from reports.certificate.decide import decide
from reports.certificate.outcome import Outcome, TrialVerdict, judged
from reports.certificate.plan import Plan, earlier_attempts_of, earlier_words
from reports.certificate.progress import next_line, outcome_line, standing_line
from reports.seal import alterations
from reports.trends.row import seal_of
from reports.trials.trial import Trial
from scenarios.certify.bundle import write_bundle
from scenarios.certify.folder import PLAN, CertificateFolder, newest, require_same
from scenarios.certify.plan_file import Resolved, System
from scenarios.run.needs import require_needs
from scenarios.run.remember import renew_console
from scenarios.run.run import require_images
from scenarios.signals import interruptible, undisturbed
from scenarios.trials.loop import Planned, Trials, say

#: Runs a trial as this attempt; raises KeyboardInterrupt and nothing else.
RunTrial = Callable[[Planned, int], Trial]
CUT = "it was begun and did not end: meshbench was interrupted or killed in it"


def certified(
    resolved: Resolved, *, file: Path, runs: Path, new: bool = False, key: Path | None = None
) -> tuple[Certificate, Path, Path | None]:
    """Certify a plan on the engine: the certificate, its folder, and the bundle, which there is once it is decided.

    Goes on with the last one of this name where that has not ended, unless new. file: PLAN.yaml. key: to sign with.
    Raises ConfigurationError where something is missing, or the plan is not the one that was begun; the interruption
    that ended it, if one did.
    """
    platform = DockerPlatform()
    for system in resolved.systems.values():
        require_images(system.scenario, platform)
        require_needs(system.scenario, platform)
    folder = opened(resolved.plan, file=file, runs=runs, new=new)
    try:
        trials = Trials(runs=runs, platform=platform, kind="certify", name=resolved.plan.name, id=folder.path.name)
        certifying = Certifying(folder, resolved.systems, runs=runs, run=trials.run)
        with interruptible():
            ownership.reap()
            certificate = certifying.execute()
        renew_console(runs)
        if certifying.interrupted is not None:
            say(f"{certificate['why']}; the same command goes on in {folder.path}")
            raise certifying.interrupted
        return certificate, folder.path, write_bundle(folder.path, key=key)
    finally:
        folder.close()
        renew_console(runs)


def opened(plan: Plan, *, file: Path, runs: Path, new: bool) -> CertificateFolder:
    """The folder of the last certificate of this name where that has not ended, else a new one."""
    last = None if new else newest(plan.name, runs=runs)
    if last is not None and last.standing.ended is None:
        try:
            require_same(plan, last)
        except ConfigurationError:
            last.close()
            raise
        say(f"going on with {last.path}, begun before: {last.standing.counted} trials are done")
        return last
    if last is not None:
        last.close()
    folder = CertificateFolder.frozen(plan, runs=runs, file=file)
    earlier = earlier_attempts_of(read_object(folder.path / PLAN) or {}, place=str(folder.path / PLAN))
    say(f"the plan is frozen in {folder.path / PLAN}; {earlier_words(earlier)}")
    return folder


class Certifying:
    """One plan under way. interrupted: what ended it before its last trial."""

    def __init__(self, folder: CertificateFolder, systems: Mapping[str, System], *, runs: Path, run: RunTrial) -> None:
        """systems: what stands behind the plan's cells, by name. runs: where run folders are."""
        self._folder, self._systems, self._runs, self._run = folder, systems, runs, run
        self.interrupted: KeyboardInterrupt | None = None

    def execute(self) -> Certificate:
        """Go on from wherever the plan stands, and write certificate.json. Ctrl-C ends the trial under way."""
        try:
            self._settle()
            while self._folder.standing.ended is None:
                self._next_trial()
        except KeyboardInterrupt as ended:
            self.interrupted = ended
        with undisturbed():
            self._settle()
            certificate = decide(self._folder.plan, self._folder.outcomes)
            self._folder.conclude(certificate)
        return certificate

    def _next_trial(self) -> None:
        planned, attempt = self._planned(), self._folder.standing.attempt
        say(standing_line(self._folder.plan, self._folder.outcomes))
        say(next_line(self._folder.plan, self._folder.outcomes))
        self._folder.begin(planned.number, attempt)
        trial = self._run(planned, attempt)
        with undisturbed():
            self._ended(trial.summary, trial.verdict, trial.why, folder=trial.folder, took_s=trial.took_s)

    def _planned(self) -> Planned:
        """The trial that is next."""
        number = self._folder.standing.number
        cell = self._folder.plan.cell_of(number)
        system = self._systems[cell.name]
        return Planned(
            scenario=system.scenario.with_seed(self._folder.plan.seed_of(number)),
            name=system.name,
            settings=system.settings,
            cell=cell.name,
            number=number,
        )

    def _settle(self) -> None:
        """Write down what became of a trial that was begun and of which no line says how it ended.

        Where its run was sealed before the end came it counts as any other: a trial must not be left out because of
        what it shows. Else it was cut off.
        """
        if self._folder.standing.ended is not None or not self._folder.was_begun():
            return
        run = self._sealed_run()
        if run is None:
            self._ended(None, "cut", CUT, folder=None, took_s=None)
        else:
            summary: Any = read_object(run / "summary.json")
            self._ended(summary, summary["verdict"], summary["why"], folder=run, took_s=None)

    def _sealed_run(self) -> Path | None:
        """The run of the trial that is next, as its manifest says; None where it has none that is whole."""
        planned, attempt = self._planned(), self._folder.standing.attempt
        ours = {"kind": "certify", "id": self._folder.path.name, "trial": planned.number, "attempt": attempt}
        for manifest in sorted((self._runs / planned.scenario.name).glob(f"*-{planned.scenario.seed}*/manifest.json")):
            try:
                part = json.loads(manifest.read_text()).get("part_of") or {}
                if {key: part.get(key) for key in ours} == ours and alterations(manifest.parent) == []:
                    return manifest.parent
            except (ValueError, AttributeError, HistoryError):
                continue  # half a file of another run that was cut off
        return None

    def _ended(self, summary: Any, verdict: str, why: str, *, folder: Path | None, took_s: float | None) -> None:
        planned, attempt = self._planned(), self._folder.standing.attempt
        verdicts: dict[str, TrialVerdict] = {one: one for one in ("pass", "fail", "void", "broken", "cut")}
        outcome = Outcome(
            number=planned.number,
            attempt=attempt,
            cell=planned.cell or "",
            seed=planned.scenario.seed,
            verdict=verdicts[verdict],
            why=why,
            claims=judged(self._folder.plan.claims, summary),
            folder=None if folder is None else Path(relpath(folder, self._folder.path)).as_posix(),
            seal=None if folder is None or summary is None else seal_of(folder),
            took_s=took_s,
        )
        self._folder.append(outcome)
        say(outcome_line(self._folder.plan, outcome))
