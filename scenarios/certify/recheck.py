"""The trials of a certificate judged again from what their runs recorded, and held against the plan."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from history.json_files import HistoryError, read_object
from reports.certificate.bundle import place_of
from reports.certificate.integrity import Problem
from reports.certificate.outcome import Outcome, judged
from reports.certificate.plan import Plan, comparable
from reports.seal import CHECKSUMS, MANIFEST
from scenarios.run.judging import judged_again
from scenarios.schema.gates import GatesSection

#: Attempts whose run was judged; of the others nobody can say more than that they were.
JUDGED = ("pass", "fail", "void")
#: Another machine's arithmetic may differ in the last digits.
_RELATIVE = 1e-9


def name_of(outcome: Outcome) -> str:
    return f"trial {outcome.number}, attempt {outcome.attempt}"


def attempt_problems(plan: Plan, outcome: Outcome, unpacked: Path) -> Iterator[Problem]:
    """What of an attempt is not as trials.jsonl says, or not as the plan says."""
    name = name_of(outcome)
    folder = None if outcome.folder is None else unpacked / place_of(outcome.folder)
    if outcome.verdict not in JUDGED:
        if folder is not None and (folder / CHECKSUMS).exists():
            yield Problem(name, f"is called {outcome.verdict}, but its run is whole and sealed: {outcome.folder}")
        if outcome.counts:
            yield Problem(name, f"is {outcome.verdict}, and still counts")
        return
    if folder is None or not folder.is_dir():
        yield Problem(name, f"has no run in the bundle that could be judged again ({outcome.folder})")
        return
    if outcome.seal != _seal(folder):
        yield Problem(name, f"has another {CHECKSUMS} than trials.jsonl says: {outcome.folder}")
    try:
        yield from (Problem(name, what) for what in _not_as_planned(plan, outcome, folder))
        summary = judged_again(folder, gates={})
        claims = judged(plan.claims, summary)
    except HistoryError as error:
        yield Problem(name, f"cannot be judged again: {str(error).replace(f'{unpacked}/', '')}")
        return
    if summary["verdict"] != outcome.verdict:
        yield Problem(name, f"is {summary['verdict']} when it is judged again, not {outcome.verdict}: {summary['why']}")
    for claim, again, told in zip(plan.claims, claims, outcome.claims, strict=False):
        if again.outcome != told.outcome or not same(again.measured, told.measured):
            yield Problem(
                name,
                f"judged again gives {again.outcome} ({again.measured}), not {told.outcome} ({told.measured}), "
                f"of the claim {claim.text!r}",
            )


def _not_as_planned(plan: Plan, outcome: Outcome, folder: Path) -> Iterator[str]:
    """How the run of an attempt is another than the plan draws."""
    manifest = read_object(folder / MANIFEST) or {}
    seed, cell = plan.seed_of(outcome.number), plan.cell_of(outcome.number)
    if manifest.get("seed") != seed:
        yield f"has seed {manifest.get('seed')}; the plan's is {seed}"
    scenario = manifest.get("scenario")
    if not isinstance(scenario, dict) or not same(comparable(manifest), cell.resolved):
        yield f"ran another scenario than the plan's cell {cell.name}"
    elif not _keeps_its_gates(scenario, manifest.get("gates")):
        yield "was judged by other gates than its scenario has"
    part = manifest.get("part_of")
    told = {key: part.get(key) for key in ("kind", "name", "trial", "attempt")} if isinstance(part, dict) else None
    expected = {"kind": "certify", "name": plan.name, "trial": outcome.number, "attempt": outcome.attempt}
    if told != expected:
        yield f"was run as {told}, not as this trial of this plan"


def _keeps_its_gates(scenario: Mapping[str, Any], gates: Any) -> bool:
    """Whether the limits that a run was judged by are those of its scenario."""
    try:
        return same(GatesSection.model_validate(scenario.get("gates") or {}).numbers(), gates)
    except ValidationError:
        return False


def order_problems(frozen_at: str, outcomes: Sequence[Outcome], unpacked: Path) -> Iterator[Problem]:
    """Runs that began before the plan was frozen or before the one that stands before them; runs that are used twice;
    and runs of several certificates."""
    before, after_what = _time(frozen_at), "the plan was frozen"
    used: dict[str, str] = {}
    wholes = set()
    for outcome in outcomes:
        name = name_of(outcome)
        if outcome.folder is None:
            continue
        if outcome.folder in used:
            yield Problem(name, f"is the same run as {used[outcome.folder]}: {outcome.folder}")
        used[outcome.folder] = name
        manifest = read_object(unpacked / place_of(outcome.folder) / MANIFEST) or {}
        started = _time(manifest.get("started_at"))
        if started is None and outcome.verdict in JUDGED:
            yield Problem(name, "does not say when it began")
        if started is not None:
            if before is not None and started < before:
                yield Problem(name, f"began {started.isoformat()}, before {after_what} ({before.isoformat()})")
            before, after_what = started, f"{name} did"
        part = manifest.get("part_of")
        wholes.add(part.get("id") if isinstance(part, dict) else None)
    if len(wholes) > 1:
        yield Problem("trials.jsonl", f"has runs of several certificates: {', '.join(sorted(map(str, wholes)))}")


def _time(text: Any) -> datetime | None:
    """In whole seconds, which is what a run tells; None for what is no time with a zone."""
    try:
        time = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return None if time.tzinfo is None else time.replace(microsecond=0)


def _seal(folder: Path) -> str | None:
    try:
        return hashlib.sha256((folder / CHECKSUMS).read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, numbers but for their last digits."""
    return next(differences(one, other), None) is None


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Where two JSON values differ: ``.claims[0].n is 30, and 29 computed anew``. A tuple is a list."""
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{where}[{at}]")
    elif not _equal(one, other):
        yield f"{where or 'it'} is {_short(one)}, and {_short(other)} computed anew"


def _equal(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    if not numbers or isinstance(one, bool) or isinstance(other, bool):
        return type(one) is type(other) and bool(one == other)
    return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-12)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
