"""A comparison of tonight with the nights before, as the gate of nightly.json. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.comparison.comparison_types import ComparisonContent, FindingContent, PairContent, Verdict
from reports.comparison.words import CALLED, finding_words, pair_lines
from reports.nightly.nightly_types import FindingRow, Gate, GateVerdict
from reports.text.units import label
from reports.trends.comparison import FAILED, OUTAGE
from reports.trends.metrics import METRICS

_VERDICT_OF: dict[Verdict, GateVerdict] = {
    "regression": "worse",
    "flagged": "not confirmed",
    "not_confirmed": "not confirmed",
    "undecided": "undecided",
    "nothing_found": "nothing moved",
}
#: What there is to say beside what got worse.
_ALSO = frozenset({CALLED["undecided"], CALLED["machine"]})


def gate_of(content: ComparisonContent, *, nights: Sequence[str]) -> Gate:
    """content: earlier nights as A, tonight as B. nights: ids of the earlier ones."""
    findings = [row for pair in content["pairs"] for row in _worse(pair)]
    undecided = [
        f"{pair['scenario']}, {pair['cell']}: {line.text}"
        for pair in content["pairs"]
        for line in pair_lines(pair)
        if line.outcome in _ALSO
    ]
    return {
        "verdict": _VERDICT_OF[content["verdict"]],
        "why": _why(content, findings),
        "nights": list(nights),
        "trials": {"before": content["a"]["trials"], "tonight": content["b"]["trials"]},
        "findings": findings,
        "undecided": undecided,
    }


def not_compared(why: str) -> Gate:
    """No alarm, and no claim either."""
    return {
        "verdict": "not compared",
        "why": why,
        "nights": [],
        "trials": {"before": 0, "tonight": 0},
        "findings": [],
        "undecided": [],
    }


def _why(content: ComparisonContent, findings: Sequence[FindingRow]) -> str:
    """One line."""
    confirmation = content["confirmation"]
    match content["verdict"]:
        case "regression":
            shown = [finding for finding in findings if finding["confirmed"]]
            return f"worse than the nights before, and a rerun shows it again: {_named(shown)}"
        case "flagged":
            return f"looks worse than the nights before, and was not run again: {_named(findings)}"
        case "not_confirmed":
            ran = confirmation is not None and confirmation["ran"] != "none"
            why = "a rerun does not show it again" if ran or confirmation is None else confirmation["note"]
            return f"looked worse than the nights before ({_named(findings)}), and that is not confirmed: {why}"
        case "undecided":
            return "whether anything moved is undecided: there are too few trials to tell"
        case "nothing_found":
            return "nothing shows that anything is worse than in the nights before"


def _named(findings: Sequence[FindingRow]) -> str:
    return "; ".join(
        f"{_metric(one['metric'])} of {one['scenario']}, {one['cell']}"
        + (f" (step {label(one['step'])})" if one["step"] else "")
        for one in findings
    )


def _worse(pair: PairContent) -> Iterator[FindingRow]:
    for finding in pair["findings"]:
        if finding["outcome"] == "worse":
            yield _row(pair, finding)


def _row(pair: PairContent, finding: FindingContent) -> FindingRow:
    name, samples = finding["metric"], finding["samples"]
    moved = pair["steps"][0]["step"] if name == OUTAGE and pair["steps"] else None
    return {
        "scenario": pair["scenario"],
        "cell": pair["cell"],
        "metric": name,
        "words": _metric(name) if name == FAILED else METRICS[name].words,
        "unit": "" if name == FAILED else METRICS[name].unit,
        "before": samples["level_a"],
        "tonight": samples["level_b"],
        "p": finding["p"],
        "effect": samples["superiority"],
        "confirmed": finding["confirmed"],
        "step": moved,
        "text": finding_words(finding),
    }


def _metric(name: str) -> str:
    return "share of failed trials" if name == FAILED else label(name)
