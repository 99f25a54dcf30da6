"""The members of ``certificate.json`` by name and type, as ``certificate.schema.json`` promises them.

A test holds these and the schema to the same names. Shares are from 0 to 1; None means not known.
"""

from __future__ import annotations

from typing import Literal, TypedDict

CertificateVerdict = Literal["certified", "refused", "incomplete"]


class FailedTrial(TypedDict):
    """measured: in the unit of the claim's metric. why: what the run ended with, in its own words."""

    number: int
    folder: str | None
    measured: float | None
    why: str


class ClaimRow(TypedDict):
    """One claim over the trials that count.

    limit: in the unit of the metric. n: trials that count. unknown: of the failures, those that did not show the
    number. void: attempts that showed nothing. bound: the largest share of bad trials that is not excluded at the
    confidence, None where it is not certified. error_rate: the chance that this plan certifies a system of which just
    too many trials are bad; None where a bad one is never to be seen. worst, median: of the measured numbers.
    """

    text: str
    metric: str
    unit: str
    limit: float
    share: float
    confidence: float
    n: int
    failures: int
    unknown: int
    void: int
    bound: float | None
    bound_words: str
    error_rate: float | None
    verdict: CertificateVerdict
    worst: float | None
    median: float | None
    failed: list[FailedTrial]


class LookRow(TypedDict):
    """After so many trials certified, if at most so many were bad."""

    trials: int
    failures: int


class TrialCounts(TypedDict):
    """counted: trials by which claims are judged. attempts: all that were begun. at_most: the plan's last look."""

    counted: int
    attempts: int
    void: int
    broken: int
    cut: int
    voids_at_most: int
    at_most: int


class CellCounts(TypedDict):
    """failures: of each claim, in their order."""

    name: str
    n: int
    failures: list[int]
    void: int


class OperatingPoint(TypedDict):
    """certified: the chance of it, of one claim on a system with this share of bad trials. trials: expected number."""

    bad_share: float
    certified: float
    trials: float


class Certificate(TypedDict):
    """decided_at: after how many counted trials. family, sampling, assumptions: what the numbers rest on, in words."""

    schema: str
    verdict: CertificateVerdict
    why: str
    name: str
    plan_digest: str
    commit: str | None
    dirty: bool | None
    decided_at: int | None
    trials: TrialCounts
    claims: list[ClaimRow]
    cells: list[CellCounts]
    looks: list[LookRow]
    operating: list[OperatingPoint]
    family: str
    sampling: str
    assumptions: list[str]
