"""What a capacity run says first."""

from __future__ import annotations

from typing import Any

import pytest

from reports.capacity.headline import headline
from reports.capacity.usl_row import usl_row
from tests.reports.capacity.contents import bare, full, step_row


def said(*, success_ratio: float, slo: list[str]) -> str:
    step: Any = step_row(4.0, success_ratio=success_ratio)
    measured = bare(steps=[step], max_tps=step["offered_tps"], slo=slo)
    return " ".join(headline(measured, usl_row([])))


@pytest.mark.parametrize(("success_ratio", "share"), [(0.55, "45.00%"), (0.9985, "0.15%")])
def test_a_maximum_with_operations_that_failed_says_how_many(success_ratio: float, share: str) -> None:
    words = said(success_ratio=success_ratio, slo=["response_p50<=250ms"])
    assert f"{share} of the operations there were not answered; " in words
    assert "`--slo 'success_ratio>=0.999'`" in words


@pytest.mark.parametrize(
    ("success_ratio", "slo"),
    [(0.999, ["response_p50<=250ms"]), (0.95, ["response_p50<=250ms", "success_ratio>=0.9"])],
)
def test_hardly_any_failures_or_as_many_as_were_allowed_need_no_word(success_ratio: float, slo: list[str]) -> None:
    assert "not answered" not in said(success_ratio=success_ratio, slo=slo)


@pytest.mark.parametrize(
    ("slo", "doubt"),
    [
        ("success_ratio>=0.99999", "Its step has 4,983 operations, the objectives need 300,000 to be sure."),
        (
            "success_ratio>=1",
            "No number of operations shows a success ratio of 1, the 4,983 of its step show 0.999398.",
        ),
    ],
)
def test_a_step_that_was_too_short_for_the_objective_is_told(slo: str, doubt: str) -> None:
    assert doubt in said(success_ratio=1.0, slo=[slo])
    assert "Its step" not in said(success_ratio=1.0, slo=["success_ratio>=0.999"])


def test_a_load_that_did_not_hold_before_the_kill_either_casts_doubt_on_the_maximum() -> None:
    measured = full()
    lost = measured["n_minus_1"]
    assert lost is not None
    assert lost["at_90_percent"] is not None
    assert "doubt" not in " ".join(headline(measured, usl_row([])))
    lost["at_90_percent"]["held_before"] = False
    assert (
        "The maximum is in doubt: in a run at 939/s the objective did not hold even before the node was killed."
        in headline(measured, usl_row([]))
    )
