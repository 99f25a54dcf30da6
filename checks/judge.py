"""The judgement of a run: all checks in order, and one verdict out of theirs.

``fail``  money was lost or made, whatever else went wrong: a safety check failed, even in a void trial.
``void``  the trial proves nothing: a fault was not injected, did not take effect or was not shown to be healed, the
          record is not that of the trial (`checks.plausible`) or is cut (`checks.complete`), the observer did not look
          while a check needs it, a node in service could not be read, the run could not record something, a user's
          locustfile did not run the load that was asked for, a check crashed, the generator ran late or died, the host
          was noisy or a gate on that cannot be decided, or no check could be.
``fail``  any other check failed, one that gate ``require`` names stayed unknown, or a gate cannot be decided.
``pass``  otherwise. ``unknown`` alone fails nothing (Jepsen).

The order of these four is the precedence. A fault that was not shown clean after healing voids the trial unless
convergence passed: equal pods are the better evidence. A check that crashes is ``unknown`` with its exception, hides no
other check, and lets no run pass: what it would have found is not known. Pure: reads nothing but the history.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from checks.check import Check
from checks.complete import incomplete
from checks.evidence.blind import blind_stretches
from checks.evidence.ledger import not_read, serves
from checks.evidence.unread import unasked
from checks.evidence.unseen import unseen
from checks.gates import assert_readable, given, required, undecided
from checks.locustfile import not_as_asked
from checks.noise import noise
from checks.plausible import implausible
from checks.registry import CHECKS, DECIDER, SAFETY
from checks.stories import name_of
from checks.verdict import Verdict, unknown
from history.history import History
from history.json_files import HistoryError

#: What is expected of a check that broke off.
TO_FINISH = "the check to finish"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """checks: one verdict a check, in the order of CHECKS. failed: names of checks that failed, or were required and
    stayed unknown. void_reasons: one line each; they are listed even when the verdict is ``fail``. undecided: keys of
    gates for which nothing was measured."""

    verdict: Literal["pass", "fail", "void"]
    checks: list[Verdict]
    void_reasons: list[str]
    failed: list[str]
    undecided: list[str] = field(default_factory=list)


def judge(history: History) -> Judgement:
    """Judge a run.

    Raises HistoryError when a gate in the manifest is not what it should be: a threshold must not quietly vanish.
    """
    assert_readable(history)
    verdicts = [(check, _checked(check, history)) for check in CHECKS.values()]
    checks = [verdict for check, verdict in verdicts if _concerns(check, verdict, history)]
    outcomes = {verdict.name: verdict.verdict for verdict in checks}
    failed = [name for name, outcome in outcomes.items() if outcome == "fail"]
    unanswered = [name for name in required(history) if outcomes.get(name, "unknown") == "unknown"]
    gates = undecided(history, checks)
    void_reasons = [
        *(f"check {one.name} crashed, so what it guards is not known" for one in checks if broke_off(one)),
        *_unproven_faults(history, converged=outcomes["convergence"] == "pass"),
        *implausible(history),
        *incomplete(history),
        *not_as_asked(history),
        *_not_seen(history, outcomes),
        *_not_recorded(history),
        *noise(history),
        *(
            f"gate {gate.key} cannot be decided: manifest.json has no {'.'.join(gate.path)}"
            for gate in gates
            if gate.name not in DECIDER
        ),
    ]
    if all(outcome == "unknown" for outcome in outcomes.values()):
        void_reasons.append("no check could be decided: the evidence is missing")

    verdict: Literal["pass", "fail", "void"] = "pass"
    if SAFETY.intersection(failed):
        verdict = "fail"
    elif void_reasons:
        verdict = "void"
    elif failed or unanswered or gates:
        verdict = "fail"
    return Judgement(
        verdict=verdict,
        checks=checks,
        void_reasons=void_reasons,
        failed=[*failed, *unanswered],
        undecided=[gate.key for gate in gates if gate.name in DECIDER],
    )


def _checked(check: Check, history: History) -> Verdict:
    try:
        return check.run(history)
    except HistoryError:
        raise  # what is recorded cannot be read: that is not for the check to decide
    except Exception as error:  # noqa: BLE001  a crashed check is unknown and must not hide the others
        return unknown(check.name, expected=TO_FINISH, reason=f"it crashed on this evidence ({what_broke(error)})")


def broke_off(verdict: Verdict) -> bool:
    """Whether a check did not come to its end: it has decided nothing."""
    return verdict.verdict == "unknown" and verdict.expected == TO_FINISH


def what_broke(error: Exception) -> str:
    """An exception for those who fix the check: its kind, what it says, and where it was raised."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error}, at {Path(place.filename).name}:{place.lineno}"


def _concerns(check: Check, verdict: Verdict, history: History) -> bool:
    """Whether a verdict belongs to this run: one that is decided, required, or not of another workload."""
    if verdict.verdict != "unknown" or check.workload is None or check.name in required(history):
        return True
    # A folder that does not say is taken for what design and tools write most: transfers.
    return check.workload == (history.run.workload_name or "transfer")


def _unproven_faults(history: History, *, converged: bool) -> list[str]:
    reasons: list[str] = []
    for fault in history.faults:
        name = name_of(fault)
        if fault.injected_ns is None:
            reasons.append(f"{name} was planned but never injected")
        elif not fault.bitten:
            reasons.append(f"{name} was injected, but nothing shows that it took effect")
        elif not fault.clean and not converged:
            reasons.append(f"{name}: heal not proven")
    return reasons


def _not_seen(history: History, outcomes: Mapping[str, str]) -> list[str]:
    """Where the observer did not look, if a check that the run needs rests on it and could not be decided; and whom it
    never saw, if a gate rests on when service was as before, which the recovery's steps tell."""
    needed = [
        name
        for name in required(history)
        if name in CHECKS and CHECKS[name].observed and outcomes.get(name) == "unknown"
    ]
    blind = blind_stretches(history) if needed else []
    struck = any(fault.injected_ns is not None for fault in history.faults)
    resting = [*needed, *(f"gate {one.key}" for one in given(history) if struck and one.needs == "fault")]
    return [
        f"the observer did not see {one.name} for {one.lasted_s:.1f} s of the load, on which {', '.join(needed)} rests"
        for one in blind
    ] + [f"{words}, and {', '.join(resting)} rests on what was to be seen" for words in unseen(history) if resting]


def _not_recorded(history: History) -> list[str]:
    """What the run could not record, in its own words; and pods in service that could not be asked for their rows."""
    silent = not_read(history)
    return [
        *(f"{missing.what} could not be recorded: {missing.why}" for missing in history.run.missing),
        *(
            f"{name} was in service at the end, and its rows could not be read: {silent[name]}"
            for name, node in (history.nodes or {}).items()
            if unasked(node) and serves(node)
        ),
    ]
