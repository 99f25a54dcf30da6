"""What one trial of a certificate came to: a line of ``trials.jsonl``, and how a claim is judged by one run.

A trial is counted for all claims or for none. Whatever a counted trial does not show is held against the claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from history.fields import Count, Kind, Number, Text, Whole, is_number, one_of, read
from history.json_files import read_lines
from reports.certificate.plan import Claim
from reports.summary_types import Summary
from reports.trends.metrics import METRICS

#: ``broken``: meshbench failed and nothing was judged. ``cut``: it was begun and never ended.
TrialVerdict = Literal["pass", "fail", "void", "broken", "cut"]
ClaimVerdict = Literal["ok", "failed", "void"]
#: Money that is gone is gone, whatever else went wrong in the trial.
MONEY = ("lost", "duplicated", "torn")


@dataclass(frozen=True, kw_only=True)
class ClaimOutcome:
    """measured: in the unit of the metric; None where the trial does not show it."""

    outcome: Annotated[ClaimVerdict, one_of(get_args(ClaimVerdict))]
    measured: Annotated[float, Kind("a number", is_number)] | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An attempt that ended. number: of the trial, from 1; attempt: 2 where the one before showed nothing. cell: its
    name. verdict, why: of the run, by its scenario's own gates. folder: of the run, relative to that of the
    certificate. seal: SHA-256 of its SHA256SUMS. claims: in the order of the plan."""

    number: Count
    attempt: Count
    cell: Text
    seed: Whole
    verdict: Annotated[TrialVerdict, one_of(get_args(TrialVerdict))]
    why: Text
    claims: tuple[ClaimOutcome, ...]
    folder: Text | None = None
    seal: Text | None = None
    took_s: Number | None = None

    @property
    def counts(self) -> bool:
        """Whether it is one of the trials that the looks count."""
        return any(claim.outcome != "void" for claim in self.claims)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def outcomes_of(file: Path) -> list[Outcome]:
    """The lines of a ``trials.jsonl``; none where there is no such file. Raises HistoryError, naming the line."""
    return [read(Outcome, row, place=place) for place, row in read_lines(file, what="trial of a certificate")]


def judged(claims: Sequence[Claim], summary: Summary | None) -> tuple[ClaimOutcome, ...]:
    """What a run says of each claim. summary: None where the run was not judged.

    A void trial says nothing, unless money is gone that a claim says never is: then it counts, and shows nothing good.
    In any other trial a number that is not known is a failure: the limit was not seen to be kept, and a trial that was
    dropped for it would leave only those that went well.
    """
    if summary is None:
        return tuple(ClaimOutcome(outcome="void") for _ in claims)
    rows = tuple(_by_its_number(claim, summary) for claim in claims)
    if summary["verdict"] != "void" and not summary["void_reasons"]:
        return rows
    gone = [
        claim.metric in MONEY and row.outcome == "failed" and row.measured is not None
        for claim, row in zip(claims, rows, strict=True)
    ]
    if any(gone):
        return tuple(row if money else ClaimOutcome(outcome="failed") for row, money in zip(rows, gone, strict=True))
    return tuple(ClaimOutcome(outcome="void", measured=row.measured) for row in rows)


def _by_its_number(claim: Claim, summary: Summary) -> ClaimOutcome:
    metric = METRICS[claim.metric]
    measured = metric.of(summary)
    if measured is None:
        return ClaimOutcome(outcome="failed")
    kept = measured <= claim.limit if metric.better == "lower" else measured >= claim.limit
    return ClaimOutcome(outcome="ok" if kept else "failed", measured=measured)
