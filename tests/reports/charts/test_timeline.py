"""The bins behind the timeline: every operation counted once, a stall visible, no false drop at the end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from history.history import History
from reports.charts.timeline import bin_ops

MakeHistory = Callable[..., History]


def test_every_operation_is_in_one_bin(make_history: MakeHistory) -> None:
    ops = make_history().ops
    bins = bin_ops(ops)
    widths_s = np.diff(bins.edges_s)
    assert round(float((bins.offered * widths_s).sum())) == len(ops)
    assert round(sum(float((rates * widths_s).sum()) for rates in bins.outcomes.values())) == len(ops)


def test_an_operation_tried_again_is_offered_once(make_history: MakeHistory) -> None:
    ops = make_history().ops
    again = pd.concat([ops.assign(outcome="fail"), ops.assign(attempt=2)], ignore_index=True)
    bins = bin_ops(again)
    widths_s = np.diff(bins.edges_s)
    assert round(float((bins.offered * widths_s).sum())) == len(ops)
    assert round(sum(float((rates * widths_s).sum()) for rates in bins.outcomes.values())) == 2 * len(ops)


def test_a_minute_is_cut_into_seconds_and_the_outage_is_empty(make_history: MakeHistory) -> None:
    bins = bin_ops(make_history().ops)
    assert bins.edges_s[1] == 1
    acknowledged = bins.outcomes["ok"]
    assert not acknowledged[16:20].any()
    assert bins.offered[16:20].all()
    assert bins.p99_ms[16] > 100 * bins.p99_ms[10]


def test_the_last_bin_is_never_a_sliver(make_history: MakeHistory) -> None:
    widths_s = np.diff(bin_ops(make_history(seconds=60.3).ops).edges_s)
    assert widths_s[-1] >= widths_s[0]


@pytest.mark.parametrize(("seconds", "at_most_s"), [(2, 0.05), (30, 0.5), (600, 10)])
def test_short_runs_have_finer_bins(make_history: MakeHistory, seconds: float, at_most_s: float) -> None:
    bins = bin_ops(make_history(rate=5, seconds=seconds, fault_s=seconds / 2, outage_s=0.1).ops)
    assert bins.edges_s[1] <= at_most_s
    assert len(bins.edges_s) <= 122


@pytest.mark.parametrize("rows", [0, 1])
def test_next_to_nothing_can_be_binned(make_history: MakeHistory, rows: int) -> None:
    bins = bin_ops(make_history().ops[:rows])
    assert len(bins.offered) == 1


def test_an_outcome_of_another_vocabulary_is_unknown(make_history: MakeHistory) -> None:
    ops = make_history().ops[:10]
    assert bin_ops(ops.assign(outcome="info")).outcomes["unknown"].sum() > 0
