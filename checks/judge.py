"""The judgement of a run: all checks in order, and one verdict out of theirs.

``fail``  money was lost or made, whatever else went wrong: a safety check failed, even in a void trial.
``void``  the trial proves nothing: a fault was not injected, did not bite or was not shown to be healed, the record is
          not that of the trial (`checks.plausible`) or is cut (`checks.complete`), the observer did not look while a
           check needs it, a pod in service could not be read, the run could not record something, a user's locustfile
           did not run the load that was asked for, a check broke off, the generator ran late or died, the host was
           noisy or a gate on that cannot be decided, or no check could be.
``fail``  any other check failed, one that gate ``require`` names stayed unknown, or a gate cannot be decided.
``pass``  otherwise. ``unknown`` alone fails nothing (Jepsen).

The order of these four is the precedence. A fault that was not shown clean after healing voids the trial unless
convergence passed: equal pods are the better evidence. A check that crashes is ``unknown`` with its exception, hides no
other check, and lets no run pass: what it would have found is not known. Pure: reads nothing but the history.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from checks.availability import availability
from checks.complete import incomplete
from checks.conservation import conservation
from checks.convergence import convergence
from checks.duplicates import duplicates
from checks.durability import durability
from checks.evidence.blind import blind_stretches
from checks.evidence.ledger import not_read, serves
from checks.evidence.unread import unasked
from checks.evidence.unseen import unseen
from checks.gates import GATES, Gate, assert_readable, gate, given, required, undecided
from checks.latency import latency
from checks.locustfile import locustfile, not_as_asked
from checks.plausible import implausible, name_of
from checks.replication import replication
from checks.torn import torn
from checks.verdict import Verdict, unknown
from checks.workloads.append import append
from checks.workloads.registers import registers
from checks.workloads.smallbank import smallbank
from checks.workloads.staleness import staleness
from checks.workloads.tpcb import tpcb
from checks.workloads.tpcc import tpcc
from history.history import History, HistoryError

Check = Callable[[History], Verdict]

CHECKS: dict[str, Check] = {
    "durability": durability,
    "conservation": conservation,
    "duplicates": duplicates,
    "torn": torn,
    "availability": availability,
    "latency": latency,
    "convergence": convergence,
    "replication": replication,
    "tpcb": tpcb,
    "smallbank": smallbank,
    "tpcc": tpcc,
    "append": append,
    "registers": registers,
    "staleness": staleness,
    "locustfile": locustfile,
}

#: Checks that say something about one workload only. A run of another one that cannot decide them does not list them.
OF_WORKLOAD = {
    "conservation": "transfer",
    "torn": "transfer",
    "tpcb": "tpcb",
    "smallbank": "smallbank",
    "tpcc": "tpcc",
    "append": "append",
    "registers": "mixed-read",
    "staleness": "mixed-read",
    # No workload has this name: it is listed where a user's file has given a verdict of its own, and nowhere else.
    "locustfile": "",
}

#: Checks whose failure is lost or invented money: they fail a run that is void for other reasons.
SAFETY = frozenset(
    {"durability", "conservation", "duplicates", "torn", "convergence", "replication"}
    | {"tpcb", "smallbank", "tpcc", "append", "registers"}
)

#: Checks that rest on what the observer saw.
OBSERVED = ("replication",)

#: What is expected of a check that broke off.
TO_FINISH = "the check to finish"
#: Of the machine's CPU in the worst ten seconds, what other processes had while pods were short of it (decision 0015).
CPU_PRESSURE_PERCENT = 25.0
#: Gates on the trial itself, and what holds of each where a run sets none.
HELD_BY_DEFAULT: Mapping[Gate, float] = {
    **{one: one.default for one in GATES.values() if one.check is None and one.default is not None},
    GATES["cpu_pressure"]: CPU_PRESSURE_PERCENT,
}


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
    checks = [_checked(name, check, history) for name, check in CHECKS.items()]
    checks = [one for one in checks if _concerns(one, history)]
    outcomes = {verdict.name: verdict.verdict for verdict in checks}
    failed = [name for name, outcome in outcomes.items() if outcome == "fail"]
    unanswered = [name for name in required(history) if outcomes.get(name, "unknown") == "unknown"]
    gates = undecided(history, checks)
    void_reasons = [
        *(f"check {one.name} broke off, so what it guards is not known" for one in checks if broke_off(one)),
        *_unproven_faults(history, converged=outcomes["convergence"] == "pass"),
        *implausible(history),
        *incomplete(history),
        *not_as_asked(history),
        *_not_seen(history, outcomes),
        *_not_recorded(history),
        *_noise(history),
        *(
            f"gate {one.key} cannot be decided: manifest.json has no {'.'.join(one.path)}"
            for one in gates
            if not one.check
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
        undecided=[one.key for one in gates if one.check],
    )


def _checked(name: str, check: Check, history: History) -> Verdict:
    try:
        return check(history)
    except HistoryError:
        raise  # what is recorded cannot be read: that is not for the check to decide
    except Exception as error:  # noqa: BLE001  a crashed check is unknown and must not hide the others
        return unknown(name, expected=TO_FINISH, reason=f"it broke off on this evidence ({what_broke(error)})")


def broke_off(verdict: Verdict) -> bool:
    """Whether a check did not come to its end: it has decided nothing."""
    return verdict.verdict == "unknown" and verdict.expected == TO_FINISH


def what_broke(error: Exception) -> str:
    """An exception for those who fix the check: its kind, what it says, and where it was raised."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error}, at {Path(place.filename).name}:{place.lineno}"


def _concerns(verdict: Verdict, history: History) -> bool:
    """Whether a verdict belongs to this run: one that is decided, required, or not of another workload."""
    if verdict.verdict != "unknown" or verdict.name not in OF_WORKLOAD or verdict.name in required(history):
        return True
    # A folder that does not say is taken for what design and tools write most: transfers.
    return OF_WORKLOAD[verdict.name] == (history.run.workload or "transfer")


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
    needed = [name for name in OBSERVED if name in required(history) and outcomes.get(name) == "unknown"]
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


def _noise(history: History) -> list[str]:
    reasons: list[str] = []
    load, host = history.run.load, history.run.host
    if load.is_cut:
        codes = load.exit_codes
        names = [f"{name} (exit code {codes[name]})" if name in codes else name for name in load.dead]
        who = f"load pod {', '.join(names)}" if names else "the load generator"
        if load.dead or not load.unrecorded:  # else the run has said which operations it could not record
            reasons.append(f"{who} exited early, so its record is incomplete")
    lateness_ms = load.lateness_ms.get("p99")
    limit_ms = _limit(history, "lateness_p99")
    if lateness_ms is not None and lateness_ms > limit_ms:
        reasons.append(f"the generator ran late: p99 {lateness_ms:g} ms, limit {limit_ms:g} ms")
    steal = host.steal_percent
    limit = _limit(history, "steal_percent")
    if steal is not None and steal > limit:
        reasons.append(f"the host was noisy: {steal:g} % of CPU time stolen, limit {limit:g} %")
    pressure = host.cpu_pressure_percent
    limit = _limit(history, "cpu_pressure")
    if pressure is not None and pressure > limit:
        reasons.append(
            f"other processes took {pressure:g} % of this machine's CPU for ten seconds of the load, while pods waited "
            f"for it; limit {limit:g} %"
        )
    return reasons


def _limit(history: History, name: str) -> float:
    """Of a gate on the trial itself, which holds for a folder that sets none, too."""
    limit = gate(history, GATES[name].key)
    return HELD_BY_DEFAULT[GATES[name]] if limit is None else limit
