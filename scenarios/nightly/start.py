"""Where a night begins: anew, or where an unfinished one of the same suite was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError
from history.json_files import HistoryError
from reports.nightly.nightly_types import Nightly
from reports.nightly.outcome import settle
from reports.schema import NIGHTLY_ID
from reports.trends.row import host_words
from scenarios.nightly import state
from scenarios.nightly.night import cell_rows, resume
from scenarios.nightly.plan import NightPlan
from scenarios.run import host, versions
from scenarios.run.run_folder import fresh
from scenarios.trials.loop import say

#: An older night is not gone on with unless it is asked for: the machine, and what is on it, are others by now.
RESUMABLE = timedelta(hours=24)


def begin(plan: NightPlan, *, runs: Path, command: Sequence[str], again: bool | None) -> tuple[Path, Nightly]:
    """The folder and nightly.json of the night to run.

    again: True goes on with the newest unfinished night of this suite, False never does; None does where that was
    started within RESUMABLE, of the same suite and commit. Raises ConfigurationError where nothing can be gone on with,
    and no folder can be made.
    """
    folder = None if again is False else newest(runs, plan.suite.name)
    if folder is not None:
        night = state.read(folder)
        why_not = _why_not(night, plan)
        if again and why_not:
            raise ConfigurationError(f"--resume: {folder}: {why_not}; --fresh begins a new night")
        old = datetime.now(UTC) - datetime.fromisoformat(night["started_at"]) > RESUMABLE
        if again or not (why_not or old):
            resume(night, plan, folder=folder, runs=runs)
            night["budget_s"] = plan.suite.budget
            say(f"going on with {folder}: {len(night['trials'])} trials are done")
            return folder, night
        say(f"{folder} was not finished and is left: {why_not or 'it is older than a day'}")
    elif again:
        raise ConfigurationError(f"--resume: no unfinished night of suite {plan.suite.name} in {runs / 'nightly'}")
    now = datetime.now(UTC)
    folder = fresh(runs / "nightly", now.strftime("%Y%m%dT%H%M%SZ"))
    return folder, _new(plan, folder=folder, command=command, now=now)


def newest(runs: Path, name: str) -> Path | None:
    """The newest night of a suite, if that did not end."""
    for folder in sorted((runs / "nightly").glob("*/"), reverse=True):
        if folder.is_symlink():
            continue
        try:
            night = state.read(folder)
        except HistoryError:
            continue
        if night["name"] == name:
            return None if night["state"] == "ended" else folder
    return None


def digest(plan: NightPlan) -> str:
    """SHA-256 of what decides the trials of a night: each cell's scenario, how many, and from which seed."""
    cells = [
        [cell.scenario, cell.name, None if cell.run is None else cell.run.model_dump(mode="json")]
        for cell in plan.cells
    ]
    decisive = {"cells": cells, "trials": plan.suite.trials, "seed": plan.suite.seed}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _why_not(night: Nightly, plan: NightPlan) -> str | None:
    """Why it cannot be gone on with: its trials would not be of one kind."""
    if night["suite_digest"] != digest(plan):
        return "the suite is not what it was then"
    commit = versions.checkout()["commit"]
    if night["commit"] != commit:
        return f"the checkout was at {night['commit']} then, and is at {commit}"
    return None


def _new(plan: NightPlan, *, folder: Path, command: Sequence[str], now: datetime) -> Nightly:
    checkout = versions.checkout()
    description: dict[str, Any] = {**host.describe()}
    night: Nightly = {
        "schema": NIGHTLY_ID,
        "name": plan.suite.name,
        "id": folder.name,
        "suite": plan.suite.model_dump(mode="json"),
        "suite_digest": digest(plan),
        "command": list(command),
        "seed": plan.suite.seed,
        "started_at": now.isoformat(timespec="seconds"),
        "ended_at": None,
        "state": "running",
        "commit": checkout["commit"],
        "dirty": checkout["dirty"],
        "host": host_words(description),
        "budget_s": plan.suite.budget,
        "spent_s": 0.0,
        "resumed": 0,
        "verdict": "not run",
        "why": "",
        "exit_code": 0,
        "cells": cell_rows(plan),
        "trials": [],
        "left_out": [],
        "cut": [],
        "running": None,
        "gate": None,
        "capacity": None,
    }
    settle(night)
    return night
