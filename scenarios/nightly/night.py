"""A night under way: trial after trial until all are done or the budget is used up, then the gate, then the pages.

Whatever ends the process in between, `resume` goes on where it was: trials that ended are kept, the one that was cut is
done again. The budget counts the time that was spent, not that in which the machine was off.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from os.path import relpath
from pathlib import Path
from typing import Protocol, cast

from history.json_files import HistoryError, read_object
from history.manifest import read_manifest
from reports.nightly.nightly_types import Capacity, CellRow, Gate, LeftOutRow, Nightly, RunningRow, TrialRow
from reports.nightly.outcome import outcome_of, progress, settle
from reports.seal import CHECKSUMS, MANIFEST
from reports.summary_types import Summary
from reports.trends.metrics import numbers
from reports.trials.trial import Trial
from scenarios.nightly import state
from scenarios.nightly.plan import Key, NightCell, NightPlan
from scenarios.run.remember import renew_console
from scenarios.signals import undisturbed
from scenarios.trials.loop import Planned, say


class Runner(Protocol):
    """`scenarios.trials.loop.Trials`, or a test's own."""

    def run(self, planned: Planned, attempt: int = 1) -> Trial: ...


Compares = Callable[[Nightly], Gate | None]
LooksUp = Callable[[Nightly], Capacity | None]


class Night:
    """night: nightly.json, fresh or of an earlier sitting. write_pages: renews the pages beside it. compare: the gate,
    after the last trial. capacity: what is known of it then."""

    def __init__(
        self,
        night: Nightly,
        plan: NightPlan,
        *,
        folder: Path,
        trials: Runner,
        compare: Compares,
        capacity: LooksUp,
        write_pages: Callable[[Nightly, Path], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.night, self._plan, self._folder = night, plan, folder
        self._trials, self._compare, self._capacity = trials, compare, capacity
        self._write_pages, self._clock = write_pages, clock
        self._spent_before_s, self._began_s = night["spent_s"], clock()
        self._left = state.Left(night, plan)
        #: What ended it before its last trial.
        self.interrupted: KeyboardInterrupt | None = None

    def execute(self) -> Nightly:
        """Run what is left; raises OSError where nightly.json cannot be written. After Ctrl-C the rest is listed as not
        run, and ``interrupted`` is set."""
        try:
            self._run_all()
            self._save()
            self.night["gate"] = self._compare(self.night)
            self.night["capacity"] = self._capacity(self.night)
            self.night["state"] = "ended"
        except KeyboardInterrupt as ended:
            self.interrupted = ended
            self.night["state"], self.night["running"] = "interrupted", None
            self._leave_out_the_rest()
        with undisturbed():
            self.night["ended_at"] = _now()
            self._save()
            renew_console(self._folder.parent.parent)
        return self.night

    def _run_all(self) -> None:
        while (up := self._left.next()) is not None:
            key, attempt = up
            if (why := self._left.why_not(key, spent_s=self._spent_s)) is not None:
                self.night["left_out"].append(_left_out(key, why))
                continue
            self._run(key, attempt)

    def _run(self, key: Key, attempt: int) -> None:
        planned = self._plan.planned(key)
        started_at = _now()
        self.night["running"] = {
            "scenario": key.scenario,
            "cell": key.cell,
            "number": key.number,
            "attempt": attempt,
            "seed": planned.scenario.seed,
            "started_at": started_at,
        }
        self._save()
        done = len(self.night["trials"])
        say(f"[{done + 1} of {self._planned_in_all}] {key.scenario}, {key.cell}, trial {key.number} …")
        trial = self._trials.run(planned, attempt)
        cell = self._plan.by_name[key.scenario, key.cell]
        row = trial_row(trial, cell, planned, order=done + 1, started_at=started_at, beside=self._folder)
        self.night["trials"].append(row)
        self.night["running"] = None
        self._save()
        say(f"[{done + 1} of {self._planned_in_all}] {progress(self.night)}")

    @property
    def _planned_in_all(self) -> int:
        """Repeats so far among them."""
        tried = self.night["trials"]
        return sum(1 for _ in self._plan.order()) + len(tried) - len(set(map(state.key_of, tried)))

    @property
    def _spent_s(self) -> float:
        return self._spent_before_s + self._clock() - self._began_s

    def _save(self) -> None:
        self.night["spent_s"] = round(self._spent_s, 3)
        settle(self.night)
        state.write(self.night, self._folder)
        self._write_pages(self.night, self._folder)

    def _leave_out_the_rest(self) -> None:
        tried = set(map(state.key_of, self.night["trials"]))
        known = {Key(row["scenario"], row["cell"], row["number"]) for row in self.night["left_out"]}
        rest = [key for key in self._plan.order() if key not in tried | known]
        self.night["left_out"] += [_left_out(key, "it was interrupted") for key in rest]


def resume(night: Nightly, plan: NightPlan, *, folder: Path, runs: Path) -> None:
    """Make an unfinished night ready to be gone on with: the trial that was under way is taken as it is where its run
    had been sealed, and else noted as cut."""
    night["resumed"] += 1
    night["state"], night["ended_at"], night["left_out"] = "running", None, []
    night["gate"] = night["capacity"] = None
    if (running := night["running"]) is None:
        return
    night["running"] = None
    left = _folder_of(running, night, runs=runs)
    if left is not None and (trial := _ended(left, running)) is not None:
        cell = plan.by_name[running["scenario"], running["cell"]]
        key = Key(running["scenario"], running["cell"], running["number"])
        order, started_at = len(night["trials"]) + 1, running["started_at"]
        row = trial_row(trial, cell, plan.planned(key), order=order, started_at=started_at, beside=folder)
        night["trials"].append(row)
        return
    night["cut"].append(
        {
            "scenario": running["scenario"],
            "cell": running["cell"],
            "number": running["number"],
            "attempt": running["attempt"],
            "folder": None if left is None else _link(left, folder),
        }
    )


def _folder_of(running: RunningRow, night: Nightly, *, runs: Path) -> Path | None:
    """The run folder that the trial under way had made: the last of its seed that is in no row, made since it began.
    The clock may have been set meanwhile, so a sealed one must also say that it is this trial."""
    since = datetime.fromisoformat(running["started_at"]).strftime("%Y%m%dT%H%M%SZ")
    named = sorted((runs / running["scenario"]).glob(f"*-{running['seed']}"))
    named += sorted((runs / running["scenario"]).glob(f"*-{running['seed']}.*"))  # two of one second
    taken = {Path(row["folder"]).name for row in (*night["trials"], *night["cut"]) if row["folder"]}
    made = [folder for folder in named if folder.name >= since and folder.name not in taken]
    return made[-1] if made else None


def _ended(folder: Path, running: RunningRow) -> Trial | None:
    """The trial of a run folder that had been sealed before the process was killed."""
    if not (folder / CHECKSUMS).exists():
        return None
    try:
        summary, manifest = read_object(folder / "summary.json"), read_object(folder / MANIFEST)
        part_of = read_manifest(manifest or {}).part_of
    except HistoryError:
        return None
    expected = running["cell"], running["number"], running["attempt"]
    if summary is None or part_of is None or (part_of.cell, part_of.trial, part_of.attempt) != expected:
        return None
    return Trial(
        number=running["number"],
        order=0,
        seed=running["seed"],
        attempt=running["attempt"],
        cell=running["cell"],
        summary=cast("Summary", summary),
        folder=folder,
        took_s=sum(read_manifest(manifest or {}).durations_s.values()),
    )


def trial_row(
    trial: Trial, cell: NightCell, planned: Planned, *, order: int, started_at: str, beside: Path
) -> TrialRow:
    """beside: the folder of nightly.json."""
    summary, verdict = trial.summary, trial.verdict
    assert verdict != "not run", trial
    part_of = None if summary is None else summary["part_of"]
    return {
        "scenario": cell.scenario,
        "cell": cell.name,
        "number": trial.number,
        "attempt": trial.attempt,
        "seed": trial.seed,
        "order": order,
        "started_at": started_at,
        "took_s": round(trial.took_s or 0.0, 3),
        "verdict": verdict,
        "outcome": outcome_of(verdict, expected=cell.expected),
        "why": trial.why,
        "void_reasons": [] if summary is None else summary["void_reasons"],
        "failed": [] if summary is None else _failed(summary),
        "counts": trial.counts,
        "numbers": {} if summary is None else numbers(summary),
        "folder": None if trial.folder is None else _link(trial.folder, beside),
        "command": planned.command,
        "sentinel": None if part_of is None else part_of["sentinel"],
    }


def _failed(summary: Summary) -> list[str]:
    gates = [gate["name"] for gate in summary["gates"] if gate["verdict"] == "fail"]
    return list(dict.fromkeys([*summary["failed"], *gates]))


def _link(folder: Path, beside: Path) -> str:
    return Path(relpath(folder, beside)).as_posix()


def _left_out(key: Key, why: str) -> LeftOutRow:
    return {"scenario": key.scenario, "cell": key.cell, "number": key.number, "why": why}


def cell_rows(plan: NightPlan) -> list[CellRow]:
    """Before anything was run."""
    return [
        {
            "scenario": cell.scenario,
            "cell": cell.name,
            "topology": cell.topology,
            "mesh": cell.mesh,
            "expected": cell.expected,
            "planned": 0 if cell.run is None else plan.suite.trials,
            "passed": 0,
            "failed": 0,
            "void": 0,
            "broken": 0,
            "left_out": 0,
            "verdict": "not run" if cell.run is not None else "not applicable",
            "not_applicable": cell.not_applicable,
            "medians": {},
        }
        for cell in plan.cells
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
