"""What several trials of one scenario say in words, and how much of it so many trials carry."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from reports.text.units import count, duration, label, listed, measured
from reports.trials.trials_types import AttemptRow, Distribution, QuantileRow, ShareRow, TrialsContent

#: So many trials without one beyond bound 95 of 100 runs at 95 % (Wilks 1941).
_LEAST_FOR_95 = 59
#: What a share as a float may be off.
_ROUNDING = 1e-9


def headline(content: TrialsContent) -> list[str]:
    """A few sentences, the most important first; never empty. content: all but its headline."""
    return [*_money(content), *_outage(content), *_passed(content), *_steps(content), *_left_out(content)]


def share_named(content: TrialsContent, name: str) -> ShareRow | None:
    return next((share for share in content["shares"] if share["name"] == name), None)


def spread_named(content: TrialsContent, name: str) -> Distribution | None:
    return next((one for one in content["distributions"] if one["name"] == name), None)


def middle(of: Distribution) -> QuantileRow:
    """The median."""
    return of["quantiles"][0]


def at_least(share: float) -> str:
    """``95 %``, ``77.9 %``: rounded down, so that it holds."""
    return _percent(math.floor(share * 1000 + _ROUNDING) / 10)


def at_most(share: float) -> str:
    """``5 %``, ``22.1 %``: rounded up."""
    return _percent(math.ceil(share * 1000 - _ROUNDING) / 10)


def _percent(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0") + " %"


def between(share: ShareRow) -> str:
    """Wilson's bounds: ``76 % to 100 %``."""
    return f"{at_least(share['low'])} to {at_most(share['high'])}"


def _trials(number: int) -> str:
    return "1 trial" if number == 1 else f"{count(number)} trials"


def _money(content: TrialsContent) -> Iterator[str]:
    money, loss = content["money"], share_named(content, "loss")
    if money is None or loss is None:
        return
    if loss["number"]:
        transfers = "1 transfer" if money["lost"] == 1 else f"{count(money['lost'])} transfers"
        yield (
            f"Acknowledged money was lost in {loss['number']} of {_trials(loss['of'])}: {transfers}, "
            f"{count(money['lost_amount'])} minor units; of all such runs {between(loss)} lose some."
        )
    else:
        yield (
            f"No acknowledged money was lost in {_trials(loss['of'])}: of all such runs at most "
            f"{at_most(loss['high'])} lose some (95 % confidence)."
        )


def _outage(content: TrialsContent) -> Iterator[str]:
    outage = spread_named(content, "write_outage_ms")
    if outage is None:
        yield "No trial that counts has measured how long writes stopped."
        return
    median, longest = middle(outage), duration(outage["max"])
    if outage["n"] == 1:
        yield f"Writes stopped for {longest} in the one trial that counts; how that spreads is not known from one."
        return
    told = f"Writes stopped for {duration(median['value'])}, median of {_trials(outage['n'])}"
    if median["high"] is None:
        told += f", and for {longest} at most; an interval needs {_trials(median['least_for_high'])}."
    else:
        told += f" (95 %: {duration(median['low'])} to {duration(median['high'])}), and for {longest} at most."
    yield told
    more = f"; {_LEAST_FOR_95} trials would carry 95 %" if outage["n"] < _LEAST_FOR_95 else ""
    within = at_least(outage["within_max"])
    yield f"At least {within} of such runs stop for no longer than {longest} (95 % confidence{more})."


def _passed(content: TrialsContent) -> Iterator[str]:
    passed = share_named(content, "pass")
    if passed is None:
        return
    yield f"{passed['number']} of {_trials(passed['of'])} passed: {between(passed)} of such runs would."
    checks = Counter(name for row in final_attempts(content) if row["verdict"] == "fail" for name in row["failed"])
    if checks:
        yield f"What failed: {', '.join(f'{name} in {_trials(times)}' for name, times in checks.most_common())}."


def _steps(content: TrialsContent) -> Iterator[str]:
    """Which step takes the longest, and which were not seen in every trial."""
    steps = [one for one in content["distributions"] if one["name"].startswith("step_")]
    until_first = [one for one in steps if step_of(one) in ("detected", "elected", "rerouted", "first_ack")]
    timed = [(value, one) for one in until_first if (value := middle(one)["value"]) is not None]
    if len(timed) > 1:
        value, longest = max(timed, key=lambda pair: pair[0])
        yield f"The longest step of an outage is {label(step_of(longest))}: {duration(value)}, median."
    rare = [f"{label(step_of(one))} in {one['n']}" for one in steps if one["n"] < content["counted"]]
    if rare:
        yield f"Not seen in all {content['counted']} trials that count: {listed(rare)}."


def step_of(one: Distribution) -> str:
    """``first_ack`` of ``step_first_ack_ms``."""
    return one["name"].removeprefix("step_").removesuffix("_ms")


def _left_out(content: TrialsContent) -> Iterator[str]:
    by_verdict, voids = content["trials_by_verdict"], content["void_attempts"]
    if content["interrupted"]:
        yield f"It was interrupted; {_trials(by_verdict['not run'])} of {content['trials']} did not end."
    if voids:
        stayed = by_verdict["void"]
        runs = "1 run was void and proves nothing" if voids == 1 else f"{voids} runs were void and prove nothing"
        yield f"{runs}; {_trials(stayed)} stayed void." if stayed else f"{runs}; repeated since."
    if broken := by_verdict["broken"]:
        yield f"{_trials(broken)} could not be judged: meshbench failed."
    if aside := [row for row in final_attempts(content) if row["verdict"] == "fail" and not row["counts"]]:
        yield f"{_trials(len(aside))} failed and would have been void: in no distribution."


def final_attempts(content: TrialsContent) -> list[AttemptRow]:
    """The last attempt of each trial, by number."""
    by_number = {row["number"]: row for row in sorted(content["attempts"], key=lambda row: row["attempt"])}
    return [by_number[number] for number in sorted(by_number)]


def value_words(value: float | None, one: Distribution) -> str:
    """A value of a distribution with its unit; ``n/a`` where it is not known."""
    return measured(value, f"_{one['unit']}")


def short_words(one: Distribution) -> str:
    """As a chart and a table name it: ``write outage``, ``step: elected``, ``p99 during the fault``."""
    name = one["name"]
    if name.startswith("step_"):
        return f"step: {label(step_of(one))}"
    if name.startswith("response_p99_"):
        return f"p99 {label(name.removeprefix('response_p99_'))} the fault"
    return "brown-out" if name == "brownout_ms" else label(name)
