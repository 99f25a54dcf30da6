"""What several trials of one scenario say: which of them are counted, and no number that so few do not carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from reports.schema import validate
from reports.trials.content import trials_content
from reports.trials.series import Series

Judged = Callable[..., dict[str, Any]]
MakeSeries = Callable[..., Series]


def content_of(made: Series) -> dict[str, Any]:
    """trials.json, which keeps its schema."""
    content: dict[str, Any] = dict(trials_content(made))
    validate(content, "trials")
    return content


def spread(content: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in content["distributions"] if one["name"] == name)
    return found


def share(content: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in content["shares"] if one["name"] == name)
    return found


def test_void_and_broken_trials_are_shown_and_in_no_distribution(
    judged: Judged, void: Judged, series: MakeSeries
) -> None:
    content = content_of(
        series([judged(outage_ms=2000), [void(outage_ms=90_000), judged(outage_ms=3000)], "gone", [void(), void()]])
    )
    assert spread(content, "write_outage_ms")["values"] == [2000, 3000]
    assert [row["verdict"] for row in content["attempts"]] == ["pass", "void", "pass", "broken", "void", "void"]
    assert content["trials_by_verdict"] == {"pass": 2, "fail": 0, "void": 1, "broken": 1, "not run": 0}
    assert (content["counted"], content["void_attempts"]) == (2, 3)
    assert "3 runs were void and prove nothing; 1 trial stayed void." in content["headline"]


def test_a_failed_trial_is_counted_and_its_money_is_told_first(judged: Judged, series: MakeSeries) -> None:
    content = content_of(series([judged(), judged(lost=3, lost_amount=450), judged(outage_ms=9000)]))
    assert content["counted"] == 3
    assert content["verdict"] == "fail"
    assert content["money"]["lost_amount"] == 450
    assert content["headline"][0].startswith(
        "Acknowledged money was lost in 1 of 3 trials: 3 transfers, 450 minor units; of all such runs "
    )
    assert "What failed: durability in 1 trial." in content["headline"]


def test_money_lost_in_a_trial_that_would_be_void_is_lost_but_its_times_are_not_counted(
    judged: Judged, series: MakeSeries
) -> None:
    content = content_of(series([judged(), judged(lost=1, lost_amount=9) | {"void_reasons": ["noise"]}]))
    assert (content["counted"], content["money"]["lost"], share(content, "loss")["number"]) == (1, 1, 1)
    assert share(content, "pass")["of"] == 2
    assert content["headline"][-1] == "1 trial failed and would have been void: in no distribution."


def test_three_trials_have_a_median_and_no_upper_bound(judged: Judged, series: MakeSeries) -> None:
    content = content_of(series([judged(outage_ms=outage) for outage in (2000, 9000, 3000)]))
    outage = spread(content, "write_outage_ms")
    assert [(row["share"], row["value"], row["low"], row["high"]) for row in outage["quantiles"]] == [
        (0.5, 3000, None, None),
        (0.9, None, 2000, None),
        (0.95, None, 3000, None),
        (0.99, None, 3000, None),
    ]
    assert "an interval needs 6 trials" in content["headline"][1]
    assert (
        "At least 36.8 % of such runs stop for no longer than 9 s (95 % confidence; 59 trials" in content["headline"][2]
    )


def test_with_more_trials_there_are_more_numbers_and_each_is_one_that_was_measured(
    judged: Judged, series: MakeSeries
) -> None:
    content = content_of(series([judged(outage_ms=1000.0 + 10 * number) for number in range(72)]))
    rows = spread(content, "write_outage_ms")["quantiles"]
    assert [row["value"] for row in rows] == [1355, 1640, 1680, None]
    assert rows[2]["high"] == 1710
    assert rows[3]["high"] is None
    assert rows[3]["least_for_high"] == 368
    assert spread(content, "write_outage_ms")["within_max"] > 0.95
    assert "would carry 95 %" not in " ".join(content["headline"])


def test_one_trial_has_no_spread(judged: Judged, series: MakeSeries) -> None:
    content = content_of(series([judged(), "gone"]))
    assert "how that spreads is not known from one" in content["headline"][1]
    assert content["verdict"] == "broken"


def test_steps_are_times_since_the_step_before(judged: Judged, series: MakeSeries) -> None:
    content = content_of(series([judged(outage_ms=1000), judged(outage_ms=2000)]))
    assert spread(content, "step_detected_ms")["values"] == [400, 800]
    assert spread(content, "step_elected_ms")["values"] == pytest.approx([400, 800])
    assert spread(content, "step_rerouted_ms")["values"] == pytest.approx([100, 200])
    assert (share(content, "failover")["number"], share(content, "failover")["of"]) == (2, 2)


def test_a_step_that_not_every_trial_saw_says_so(judged: Judged, series: MakeSeries) -> None:
    never: Any = judged()
    for step in never["faults"][0]["waterfall"]:
        if step["step"] == "steady":
            step |= {"at_ns": None, "since_ms": None}
    content = content_of(series([judged(), never, judged()]))
    assert spread(content, "step_steady_ms")["n"] == 2
    assert "Not seen in all 3 trials that count: steady in 2." in content["headline"]


def test_what_struck_and_when_is_told_of_every_trial(judged: Judged, series: MakeSeries) -> None:
    run: Any = judged()
    zero_ns = run["generator"]["zero_ns"] = 1_000_000_000
    run["faults"][0] |= {"injected_ns": zero_ns + 12_345_000_000, "pod": "node2"}
    (struck,) = content_of(series([run]))["attempts"][0]["struck"]
    assert (struck["fault"], struck["pod"], struck["since_load_ms"]) == ("kill", "node2", 12_345)


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["pass", "pass"], "pass"),
        (["void", "pass"], "pass"),
        (["broken", "pass"], "broken"),
        (["void", "void"], "void"),
        (["broken", "void"], "broken"),
        (["broken", "fail"], "fail"),
        (["pass", "fail"], "fail"),
        (["not run", "pass"], "pass"),
        (["not run", "not run"], "not run"),
    ],
)
def test_the_worst_trial_is_the_verdict(
    judged: Judged, void: Judged, series: MakeSeries, outcomes: list[str], verdict: str
) -> None:
    made = {"pass": judged(), "void": void(), "broken": "gone", "fail": judged(lost=1, lost_amount=5), "not run": None}
    assert content_of(series([made[one] for one in outcomes]))["verdict"] == verdict


def test_an_interrupted_series_says_so(judged: Judged, series: MakeSeries) -> None:
    content = content_of(series([judged(), None, None]))
    assert content["interrupted"] is True
    assert "It was interrupted; 2 trials of 3 did not end." in content["headline"]


def test_the_schema_refuses_a_void_trial_that_counts(void: Judged, series: MakeSeries) -> None:
    content = content_of(series([void()]))
    content["attempts"][0]["counts"] = True
    with pytest.raises(jsonschema.ValidationError):
        validate(content, "trials")
