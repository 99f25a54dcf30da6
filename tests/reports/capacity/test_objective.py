"""Objectives as users write them, and what is said of those that are none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.capacity.objective import METRICS, parse
from tests.reports.capacity.made import step


@pytest.mark.parametrize(
    ("text", "metric", "limit", "unit"),
    [
        ("response_p99<=250ms", "response_p99", 250.0, "ms"),
        ("response_p999 <= 1.5 s", "response_p999", 1500.0, "ms"),
        ("response_p50<=1us", "response_p50", 0.001, "ms"),
        ("response_p50<=1e-6s", "response_p50", 0.001, "ms"),
        (" service_p50<=800us ", "service_p50", 0.8, "ms"),
        ("service_p95<=1e1ms", "service_p95", 10.0, "ms"),
        ("success_ratio>=0.999", "success_ratio", 0.999, ""),
        ("success_ratio>=1", "success_ratio", 1.0, ""),
    ],
)
def test_an_objective_is_read_in_the_unit_it_is_held_in(text: str, metric: str, limit: float, unit: str) -> None:
    objective = parse(text)
    assert objective.limit == pytest.approx(limit)
    assert (objective.metric, str(objective.unit), objective.text) == (metric, unit, text.strip())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no <= or >="),
        ("response_p99", "there is no <= or >="),
        ("<=250ms", "no metric"),
        ("respons_p99<=250ms", "did you mean 'response_p99'?"),
        ("response_p98<=250ms", "did you mean 'response_p9"),
        ("Response_P99<=250ms", "unknown metric 'Response_P99'"),
        ("throughput>=100", "unknown metric 'throughput'; known: response_p50, "),
        ("service_p999<=1s", "unknown metric 'service_p999'"),
        ("response_p99>=250ms", "bounded with <=, not with >="),
        ("response_p99<250ms", "bounded with <=, not with <"),
        ("response_p99==250ms", "bounded with <=, not with =="),
        ("success_ratio<=0.9", "bounded with >=, not with <="),
        ("response_p99<=250", "one of the units us, ms, s or m"),
        ("response_p99<=250 bananas", "one of the units"),
        ("response_p99<=0.25", "one of the units"),
        ("response_p99<=250ms<=300ms", "one of the units"),
        ("response_p99<=", "one of the units"),
        ("response_p99<=nan", "one of the units"),
        ("response_p99<=nanms", "at least 1us and of at most 60m"),
        ("response_p99<=infms", "at least 1us and of at most 60m"),
        ("response_p99<=1e999s", "at least 1us and of at most 60m"),
        ("response_p99<=-250ms", "at least 1us and of at most 60m"),
        ("response_p99<=0ms", "at least 1us and of at most 60m"),
        ("response_p99<=2000m", "at most 60m"),
        ("success_ratio>=1.2", "of at most 1"),
        ("success_ratio>=99.9", "of at most 1, such as 0.999"),
        ("success_ratio>=99.9%", "without a unit"),
        ("success_ratio>=-0.5", "above 0"),
        ("success_ratio>=0", "above 0"),
        ("success_ratio>=nan", "above 0"),
        ("success_ratio>=most", "without a unit"),
        ("success_ratio>=", "without a unit"),
        ("success_ratio>=\u0131nf", "without a unit"),
        ("response_p99<=\u0131nfms", "one of the units"),
        ("response_p99<=1e-300s", "at least 1us"),
        ("response_p99<=0.9us", "at least 1us"),
        ("response_p99\n<=\n250ms", "a line break"),
        ("response_p99<=250ms\n", "a line break"),
        ("response_p99<=250ms\x1d", "cannot be shown"),
        ("response_p99<=250\u2028ms", "cannot be shown"),
    ],
)
def test_what_is_no_objective_gets_one_line_with_the_way_out(text: str, says: str) -> None:
    with pytest.raises(ValueError, match="--slo") as caught:
        parse(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@given(st.text(max_size=40) | st.builds(lambda m, c, v: m + c + v, st.sampled_from(METRICS), st.text(), st.text()))
def test_any_text_is_an_objective_or_a_single_line(text: str) -> None:
    said = ""
    try:
        assert parse(text).limit > 0
    except ValueError as mistake:
        said = str(mistake)
    assert len(said.splitlines()) <= 1


def test_a_limit_is_met_up_to_and_with_itself() -> None:
    at_most, at_least = parse("response_p99<=250ms"), parse("success_ratio>=0.999")
    assert at_most.met(step(response_p99_ms=250.0))
    assert not at_most.met(step(response_p99_ms=250.1))
    assert at_least.met(step(success_ratio=0.999))
    assert not at_least.met(step(success_ratio=0.9989))


def test_response_and_service_time_are_told_apart() -> None:
    measured = step(response_p99_ms=900.0, service_p99_ms=9.0)
    assert parse("service_p99<=10ms").met(measured)
    assert not parse("response_p99<=10ms").met(measured)


@pytest.mark.parametrize("missing", [None, math.nan])
def test_what_was_not_measured_does_not_hold(missing: float | None) -> None:
    assert not parse("response_p99<=250ms").met(step(response_p99_ms=missing))
