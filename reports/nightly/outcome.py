"""How a night ended, from its trials: each cell, the whole, and the exit code. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import get_args

from reports.nightly.capacity import failing
from reports.nightly.nightly_types import CellRow, CellVerdict, Gate, Nightly, TrialRow, TrialVerdict
from reports.text.units import duration

#: The night has the worst of its cells. A failed gate is a finding about the system under test and must not hide behind
#: trouble of the harness.
WORST_FIRST: tuple[CellVerdict, ...] = ("fail", "broken", "void", "pass", "not run")
#: A night of which nothing was run has shown nothing.
EXIT_OF: dict[CellVerdict, int] = {"fail": 1, "broken": 4, "void": 3, "pass": 0, "not run": 3}
#: Of a cell: failed if one trial failed, passed if one passed and none failed; else why nothing was shown.
_DECISIVE: tuple[TrialVerdict, ...] = ("fail", "pass", "broken", "void")


def outcome_of(verdict: TrialVerdict, *, expected: str) -> TrialVerdict:
    """Whether a trial ended as its scenario is made to; a scenario may be made to fail."""
    if verdict == expected:
        return "pass"
    return "fail" if verdict == "pass" else verdict


def last_attempts(trials: Sequence[TrialRow]) -> list[TrialRow]:
    """Of each planned trial the attempt that counts: the last one, as only void and broken ones are repeated."""
    last = {(one["scenario"], one["cell"], one["number"]): one for one in trials}
    return list(last.values())


def settle(night: Nightly) -> None:
    """Set everything in ``night`` that follows from its trials, gate and capacity: cells, verdict, why, exit_code."""
    for cell in night["cells"]:
        _settle(cell, night)
    verdicts = [cell["verdict"] for cell in night["cells"]]
    gate = night["gate"]
    night["verdict"] = next((one for one in WORST_FIRST if one in verdicts), "not run")
    if (gate is not None and gate["verdict"] == "worse") or failing(night.get("capacity")):
        night["verdict"] = "fail"
    night["exit_code"] = EXIT_OF[night["verdict"]]
    night["why"] = _why(night)


def _settle(cell: CellRow, night: Nightly) -> None:
    if cell["not_applicable"] is not None:
        return
    tried = [one for one in night["trials"] if (one["scenario"], one["cell"]) == (cell["scenario"], cell["cell"])]
    last = last_attempts(tried)
    of = {verdict: sum(one["outcome"] == verdict for one in last) for verdict in get_args(TrialVerdict)}
    cell["passed"], cell["failed"], cell["void"], cell["broken"] = of["pass"], of["fail"], of["void"], of["broken"]
    cell["left_out"] = sum(
        (one["scenario"], one["cell"]) == (cell["scenario"], cell["cell"]) for one in night["left_out"]
    )
    cell["verdict"] = next((verdict for verdict in _DECISIVE if of[verdict]), "not run")
    counted = [one["numbers"] for one in tried if one["counts"]]
    names = dict.fromkeys(name for numbers in counted for name in numbers)
    cell["medians"] = {name: median(one[name] for one in counted if name in one) for name in names}


def _why(night: Nightly) -> str:
    """One line, the worst first."""
    last = last_attempts(night["trials"])
    good = sum(one["outcome"] == "pass" for one in last)
    parts = [f"{good} of {len(last)} trials ended as their scenarios expect"]
    for outcome, words in (("fail", "failed"), ("broken", "broke"), ("void", "void")):
        names = dict.fromkeys(f"{one['scenario']} ({one['cell']})" for one in last if one["outcome"] == outcome)
        if names:
            parts.append(f"{words}: {', '.join(names)}")
    if night["left_out"]:
        parts.append(f"{len(night['left_out'])} not run: {night['left_out'][0]['why']}")
    gate: Gate | None = night["gate"]
    if gate is not None:
        parts.append(gate["why"].rstrip("."))
    if (capacity := night.get("capacity")) and failing(capacity):
        parts.append(capacity["why"])
    return "; ".join(parts)


def progress(night: Nightly) -> str:
    """The trial that ended last, in a line."""
    last = night["trials"][-1]
    outage_ms = last["numbers"].get("write_outage_ms")
    told = last["why"] if outage_ms is None else f"writes stopped {duration(outage_ms)}"
    name = f"{last['scenario']}, {last['cell']}, trial {last['number']}"
    return f"{last['verdict'].upper()} {name}: {told}; took {duration(last['took_s'] * 1000)}"
