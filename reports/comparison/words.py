"""A comparison in words: one line a finding, in the same words in a terminal, in Markdown and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from reports.comparison.comparison_types import (
    ComparisonContent,
    FindingContent,
    PairContent,
    SamplesContent,
    SideContent,
)
from reports.text.units import count, label, listed, measured
from reports.trends.comparison import FAILED, OUTAGE, Outcome
from reports.trends.machine import SLOWER_MAX
from reports.trends.metrics import METRICS

#: What an outcome is called in front of its line.
CALLED: dict[Outcome, str] = {
    "worse": "WORSE",
    "machine": "slower machine",
    "better": "better",
    "too_small": "too small to matter",
    "undecided": "undecided",
    "not_shown": "no change shown",
}
#: Fixed work beside each trial, in words.
_WORK = {"cpu_s": "CPU work", "fsync_ms": "writes to the disk"}
_UNITS = {"tps": "/s", "us": " us"}


class Line(NamedTuple):
    """One line about a pair: what it is called, and what there is to say."""

    outcome: str
    text: str


def headline(content: ComparisonContent) -> str:
    """The answer in a sentence."""
    confirmation = content["confirmation"]
    worse = [(pair, finding) for pair in content["pairs"] for finding in pair["findings"] if _is(finding, "worse")]
    if content["verdict"] == "regression":
        shown = [(pair, finding) for pair, finding in worse if finding["confirmed"]]
        return f"B is worse than A, and a rerun shows it again: {_named(shown)}."
    if content["verdict"] == "flagged":
        return f"B is worse than A, which was not run again: {_named(worse)}."
    if content["verdict"] == "not_confirmed":
        note = confirmation["note"] if confirmation else ""
        why = "a rerun does not show it again" if confirmation and confirmation["ran"] != "none" else note
        return f"B looked worse than A ({_named(worse)}), and that is not confirmed: {why}."
    undecided = [pair for pair in content["pairs"] if pair["undecided"]]
    if undecided:
        needed = max((_needed(pair) for pair in undecided), default=0)
        return f"Undecided: too few trials to show anything; needs at least {needed} trials each."
    return "Nothing shows that B is worse than A."


def side_line(name: str, side: SideContent) -> str:
    """``A, 4f2a91c: 12 trials (1 void left out) of 2026-11-27, commit 4f2a91c0b1``."""
    first, last = side["first"][:10], side["last"][:10]
    void = f" ({side['void']} void left out)" if side["void"] else ""
    commits = [f"{one[:10]}{' and changes' if one.endswith('+') else ''}" for one in side["commits"]]
    of = f", commit{'' if len(commits) == 1 else 's'} {listed(commits)}" if commits else ""
    when = first if first == last else f"{first} to {last}"
    return f"{name}, {side['words']}: {_trials(side['trials'])}{void} of {when}{of}"


def pair_title(pair: PairContent) -> str:
    """``primary-kill, group / envoy: 12 pass against 11 pass, 1 fail``."""
    of_a, of_b = (
        ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items(), reverse=True))
        for verdicts in (pair["verdicts_a"], pair["verdicts_b"])
    )
    return f"{pair['scenario']}, {pair['cell']}: {of_a} against {of_b}"


def pair_lines(pair: PairContent) -> Iterator[Line]:
    """What there is to say of a pair, what is worse first."""
    yield from _differences(pair)
    if not pair["findings"]:
        yield Line(CALLED["undecided"], "one side has no trial that counts")
    for finding in pair["findings"]:
        if finding["outcome"] in ("worse", "machine", "better", "too_small"):
            yield Line(CALLED[finding["outcome"]], finding_words(finding))
            if finding["metric"] == OUTAGE:
                yield from _steps(pair, finding)
            if finding["confirmed"] is not None:
                yield _again(finding)
    undecided = [finding for finding in pair["findings"] if _is(finding, "undecided")]
    if undecided:
        yield Line(CALLED["undecided"], _undecided_words(undecided))
    if quiet := [finding for finding in pair["findings"] if _is(finding, "not_shown")]:
        yield Line(CALLED["not_shown"], ", ".join(_metric(finding["metric"]) for finding in quiet))


def finding_words(finding: FindingContent) -> str:
    """``write outage: 4.2 s -> 5.5 s, +1.3 s (95 %: +0.8 s to +1.8 s), +31 %; larger in 97 % of pairs``."""
    name = finding["metric"]
    relative = "" if finding["relative"] is None or name == FAILED else f", {percent_words(finding['relative'])}"
    least = f" (matters from {_least(finding)})" if _is(finding, "too_small") else ""
    superiority = finding["samples"]["superiority"]
    more = max(superiority, 1 - superiority)
    which = "larger" if superiority >= 0.5 else "smaller"
    pairs = "" if name == FAILED else f"; {which} in {100 * more:.0f} % of pairs"
    return f"{_metric(name)}: {samples_words(name, finding['samples'])}{relative}{pairs}{least}"


def samples_words(name: str, samples: SamplesContent) -> str:
    """``4.2 s -> 5.5 s, +1.3 s (95 %: +0.8 s to +1.8 s)``."""
    interval = ""
    if samples["low"] is not None and samples["high"] is not None:
        interval = f" (95 %: {_signed(samples['low'], name)} to {_signed(samples['high'], name)})"
    levels = f"{level_words(samples['level_a'], name)} -> {level_words(samples['level_b'], name)}"
    return f"{levels}, {_signed(samples['shift'], name)}{interval}"


def confirmation_line(content: ComparisonContent) -> str | None:
    """What was run again; None where nothing had to be."""
    confirmation = content["confirmation"]
    if confirmation is None:
        return None
    note = f"; {confirmation['note']}" if confirmation["note"] else ""
    if confirmation["ran"] == "none":
        return f"not run again: {confirmation['note']}"
    if confirmation["ran"] == "b":
        return f"run again: {_trials(confirmation['trials_b'])} of B, held against the trials of A{note}"
    return (
        f"run again in turns: {_trials(confirmation['trials_a'])} of A, {_trials(confirmation['trials_b'])} of B{note}"
    )


def _again(finding: FindingContent) -> Line:
    fresh = finding["fresh"]
    said = "no fresh trial has this number" if fresh is None else samples_words(finding["metric"], fresh)
    trials = "" if fresh is None else f" ({fresh['trials_a']} against {fresh['trials_b']} trials)"
    return Line(
        "confirmed" if finding["confirmed"] else "not confirmed", f"{_metric(finding['metric'])}: {said}{trials}"
    )


def _differences(pair: PairContent) -> Iterator[Line]:
    if not pair["same_scenario"]:
        sides = [
            f"{name} has {' '.join(only)}" for name, only in (("A", pair["only_a"]), ("B", pair["only_b"])) if only
        ]
        yield Line("settings", "; ".join(sides) or "the scenario itself differs, not by --set")
    if hosts := pair["machine"]["hosts"]:
        yield Line("machines", f"trials are of different machines: {listed(hosts)}")
    slower = {name: share for name, share in pair["machine"]["slower"].items() if share > SLOWER_MAX[name]}
    if slower:
        how = ", ".join(f"{_WORK[name]} took {percent_words(share)}" for name, share in slower.items())
        yield Line("machine", f"it was slower for B: {how}")


def _steps(pair: PairContent, outage: FindingContent) -> Iterator[Line]:
    for moved in pair["steps"]:
        yield Line("step", f"{label(moved['step'])} moved: {samples_words('step_ms', moved['samples'])}")
    if not pair["steps"] and outage["outcome"] != "too_small":
        yield Line("step", "no single step of the recovery is shown to have moved")


def _undecided_words(findings: list[FindingContent]) -> str:
    """``too few trials (3 against 3): needs at least 4 each for write outage; at least 7 each for boot``."""
    samples = findings[0]["samples"]
    by_need: dict[int, list[str]] = {}
    for finding in findings:
        by_need.setdefault(finding["needed"], []).append(_metric(finding["metric"]))
    needs = "; ".join(f"at least {needed} each for {listed(names)}" for needed, names in sorted(by_need.items()))
    return f"too few trials ({samples['trials_a']} against {samples['trials_b']}): needs {needs}"


def _needed(pair: PairContent) -> int:
    """Trials of each side, for what a failover is about; for all else where that is not known."""
    needs = {finding["metric"]: finding["needed"] for finding in pair["findings"] if _is(finding, "undecided")}
    return needs.get(OUTAGE) or max(needs.values(), default=2)


def _named(found: list[tuple[PairContent, FindingContent]]) -> str:
    """``write outage and brownout of primary-kill, group / envoy (step rerouted)``; the pairs one after the other."""
    of_pair: dict[str, list[str]] = {}
    steps: dict[str, str] = {}
    for pair, finding in found:
        name = f"{pair['scenario']}, {pair['cell']}"
        of_pair.setdefault(name, []).append(_metric(finding["metric"]))
        if finding["metric"] == OUTAGE and pair["steps"]:
            moved = [label(one["step"]) for one in pair["steps"]]
            steps[name] = f" (step{'' if len(moved) == 1 else 's'} {listed(moved)})"
    return "; ".join(f"{listed(metrics)} of {name}{steps.get(name, '')}" for name, metrics in of_pair.items())


def _is(finding: FindingContent, outcome: Outcome) -> bool:
    return finding["outcome"] == outcome


def _trials(number: int) -> str:
    return f"{number} trial{'' if number == 1 else 's'}"


def _metric(name: str) -> str:
    return "share of failed trials" if name == FAILED else label(name)


def level_words(value: float, name: str) -> str:
    """A value of a metric in its unit: ``4.2 s``, ``640/s``, ``12 %``."""
    if name == FAILED:
        return f"{100 * value:.0f} %"
    if name.endswith(("_ms", "_s")):
        return measured(value, name)
    if name == "success_ratio":
        return f"{value:.4f}"
    return f"{count(value)}{_UNITS.get(METRICS[name].unit, '')}"


def _signed(value: float, name: str) -> str:
    return f"{'+' if value >= 0 else '-'}{level_words(abs(value), name)}"


def percent_words(share: float) -> str:
    """``+31 %``"""
    return f"{'+' if share >= 0 else '-'}{abs(100 * share):.0f} %"


def _least(finding: FindingContent) -> str:
    parts = [f"{100 * finding['least_relative']:g} %"] if finding["least_relative"] else []
    parts += [level_words(finding["least_absolute"], finding["metric"])] if finding["least_absolute"] else []
    return " and ".join(parts)
