"""A comparison as JSON: what ``meshbench compare --json`` prints, and what its text and its page are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reports.comparison.comparison_types import (
    ComparisonContent,
    FindingContent,
    PairContent,
    SamplesContent,
    SideContent,
    Verdict,
)
from reports.comparison.words import headline
from reports.schema import COMPARISON_ID
from reports.trends.comparison import Comparison, Finding, PairComparison
from reports.trends.correction import ALPHA
from reports.trends.row import TrialRow
from reports.trends.two_samples import TwoSamples


def side_of(words: str, rows: Sequence[TrialRow]) -> SideContent:
    """words: what was asked for, such as a commit. rows: what that is; at least one."""
    commits = {f"{row.commit}{'+' if row.dirty else ''}": None for row in rows if row.commit}
    began = sorted(row.started_at for row in rows)
    return {
        "words": words,
        "trials": sum(row.counts for row in rows),
        "void": sum(not row.counts for row in rows),
        "commits": list(commits),
        "first": began[0],
        "last": began[-1],
    }


def content(comparison: Comparison, *, a: SideContent, b: SideContent) -> ComparisonContent:
    """Keeps ``comparison.schema.json``."""
    confirmation = comparison.confirmation
    told: ComparisonContent = {
        "schema": COMPARISON_ID,
        "verdict": _verdict(comparison),
        "headline": "",
        "a": a,
        "b": b,
        "alpha": ALPHA,
        "pairs": [_pair(pair, undecided=pair in comparison.undecided) for pair in comparison.pairs],
        "left_out": list(comparison.left_out),
        "confirmation": None
        if confirmation is None
        else {
            "ran": confirmation.ran,
            "trials_a": confirmation.trials_a,
            "trials_b": confirmation.trials_b,
            "note": confirmation.note,
        },
    }
    return {**told, "headline": headline(told)}


def _verdict(comparison: Comparison) -> Verdict:
    if comparison.flagged():
        if comparison.confirmation is None:
            return "flagged"
        return "regression" if comparison.confirmed else "not_confirmed"
    return "undecided" if comparison.undecided else "nothing_found"


def _pair(compared: PairComparison, *, undecided: bool) -> PairContent:
    pair, machine = compared.pair, compared.machine
    return {
        "scenario": pair.scenario,
        "cell": pair.cell,
        "same_scenario": pair.same_scenario,
        "only_a": list(pair.only_a),
        "only_b": list(pair.only_b),
        "verdicts_a": dict(Counter(row.verdict for row in pair.a)),
        "verdicts_b": dict(Counter(row.verdict for row in pair.b)),
        "undecided": undecided,
        "findings": [_finding(finding) for finding in compared.findings],
        "steps": [{"step": moved.step, "samples": _samples(moved.samples)} for moved in compared.steps],
        "machine": {"slower": dict(machine.slower), "hosts": list(machine.hosts)},
    }


def _finding(finding: Finding) -> FindingContent:
    return {
        "metric": finding.metric,
        "outcome": finding.outcome,
        "samples": _samples(finding.samples),
        "relative": finding.relative,
        "p": finding.p,
        "exact": finding.samples.exact,
        "least_relative": finding.least.relative,
        "least_absolute": finding.least.absolute,
        "needed": finding.needed,
        "fresh": None if finding.fresh is None else _samples(finding.fresh),
        "confirmed": finding.confirmed,
    }


def _samples(samples: TwoSamples) -> SamplesContent:
    return {
        "trials_a": samples.n_a,
        "trials_b": samples.n_b,
        "level_a": samples.level_a,
        "level_b": samples.level_b,
        "shift": samples.shift,
        "low": samples.low,
        "high": samples.high,
        "superiority": samples.superiority,
    }
