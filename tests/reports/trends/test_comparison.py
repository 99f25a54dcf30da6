"""A against B: what is worse is flagged, what is equal is not, too few trials are undecided, and the step is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reports.trends.comparison import FAILED, OUTAGE, Comparison, Finding, Least, compare
from reports.trends.confirmation import Fresh, confirmed, not_rerun
from tests.trial_rows import trial_row, trial_rows, with_sentinel

PAIRS = range(100)


def finding(comparison: Comparison, metric: str = OUTAGE) -> Finding:
    return next(one for pair in comparison.pairs for one in pair.findings if one.metric == metric)


def flagged(comparison: Comparison) -> set[str]:
    return {one.metric for _, one in comparison.flagged()}


@pytest.mark.slow
def test_of_100_pairs_of_equal_law_at_most_5_are_flagged_over_all_metrics() -> None:
    alarms = [pair for pair in PAIRS if flagged(compare(trial_rows(2 * pair, 12), trial_rows(2 * pair + 1, 12)))]
    assert len(alarms) <= 5, alarms


@pytest.mark.slow
def test_of_100_pairs_whose_outage_is_30_percent_longer_at_least_95_are_flagged() -> None:
    seen = [
        pair
        for pair in PAIRS
        if OUTAGE in flagged(compare(trial_rows(2 * pair, 12), trial_rows(2 * pair + 1, 12, longer=1.3)))
    ]
    assert len(seen) >= 95, sorted(set(PAIRS) - set(seen))


def test_3_and_3_trials_are_undecided_whatever_they_say() -> None:
    comparison = compare(trial_rows(1, 3), trial_rows(2, 3, longer=10))
    assert flagged(comparison) == set()
    assert len(comparison.undecided) == 1
    assert finding(comparison).outcome == "undecided"
    assert finding(comparison).needed == 4
    assert finding(comparison, "boot_s").needed == 7
    assert finding(comparison, "lost").outcome == "not_shown"  # always 0: no number of trials would tell them apart


def test_as_many_trials_as_are_said_to_be_needed_do_tell() -> None:
    comparison = compare(trial_rows(1, 4), trial_rows(2, 4, longer=10))
    assert OUTAGE in flagged(comparison)
    assert comparison.undecided == []
    quick, slow = (
        [replace(row, numbers={**row.numbers, "boot_s": s}) for row in trial_rows(1, 7)] for s in (9.0, 99.0)
    )
    assert flagged(compare(quick, slow)) == {"boot_s"}


def test_the_step_that_moved_is_named_and_the_others_are_not() -> None:
    for step in ("detected", "rerouted"):
        (pair,) = compare(trial_rows(3, 12), trial_rows(4, 12, longer=1.8, step=step)).pairs
        assert [moved.step for moved in pair.steps] == [step]
    (unchanged,) = compare(trial_rows(5, 12), trial_rows(6, 12)).pairs
    assert unchanged.steps == []


def test_what_got_better_is_told_and_raises_no_alarm() -> None:
    comparison = compare(trial_rows(7, 12, longer=1.5), trial_rows(8, 12))
    assert finding(comparison).outcome == "better"
    assert flagged(comparison) == set()


def test_a_difference_that_is_certain_and_too_small_to_matter_is_no_alarm() -> None:
    a, b = trial_rows(9, 12, variation=0.01), trial_rows(10, 12, variation=0.01, longer=1.07)
    assert finding(compare(a, b)).outcome == "too_small"
    stricter = compare(a, b, least={OUTAGE: Least(relative=0.05, absolute=0.0)})
    assert finding(stricter).outcome == "worse"
    assert finding(stricter).least.relative == 0.05


def test_more_is_worse_or_better_as_the_metric_has_it() -> None:
    a = [replace(row, numbers={**row.numbers, "achieved_tps": 400.0 + at}) for at, row in enumerate(trial_rows(11, 12))]
    b = [replace(row, numbers={**row.numbers, "achieved_tps": 300.0 + at}) for at, row in enumerate(trial_rows(12, 12))]
    assert finding(compare(a, b), "achieved_tps").outcome == "worse"
    assert finding(compare(b, a), "achieved_tps").outcome == "better"


def test_more_trials_that_fail_are_flagged_by_the_exact_test_of_shares() -> None:
    a = trial_rows(13, 12)
    b = [replace(row, verdict="fail") if at < 8 else row for at, row in enumerate(trial_rows(14, 12))]
    comparison = compare(a, b)
    assert flagged(comparison) == {FAILED}
    found = finding(comparison, FAILED).samples
    assert (found.level_a, found.level_b) == pytest.approx((0, 8 / 12))
    assert found.p_larger == pytest.approx(0.000673, abs=1e-6)  # Fisher's exact test, 0 of 12 and 8 of 12, one-sided


def test_void_trials_are_not_compared() -> None:
    good = trial_rows(15, 12)
    void = [replace(row, verdict="void", void_reasons=("noise",)) for row in trial_rows(16, 12, longer=5)]
    comparison = compare(good, [*trial_rows(17, 12), *void])
    assert flagged(comparison) == set()
    assert finding(comparison).samples.n_b == 12
    (nothing,) = compare(good, void).undecided
    assert nothing.findings == []


def test_a_slower_machine_is_not_called_a_regression() -> None:
    a = with_sentinel(trial_rows(18, 12), cpu_s=1.0)
    slower = with_sentinel(trial_rows(19, 12, longer=1.4), cpu_s=1.4)
    (pair,) = compare(a, slower).pairs
    assert next(one for one in pair.findings if one.metric == OUTAGE).outcome == "machine"
    assert pair.with_outcome("worse") == []
    assert pair.machine.slower["cpu_s"] == pytest.approx(0.4)


def test_a_slower_machine_hides_neither_lost_money_nor_a_far_longer_outage() -> None:
    a = with_sentinel(trial_rows(20, 12), cpu_s=1.0)
    b = with_sentinel(trial_rows(21, 12, longer=4), cpu_s=1.2)
    b = [replace(row, verdict="fail", numbers={**row.numbers, "lost": 5.0}) for row in b]
    assert flagged(compare(a, b)) >= {OUTAGE, "lost", FAILED}
    as_fast = with_sentinel(trial_rows(21, 12, longer=1.4), cpu_s=1.05)
    assert OUTAGE in flagged(compare(a, as_fast))


def test_a_changed_setting_is_compared_by_name_and_told() -> None:
    command = ("meshbench", "run", "primary-kill", "--set", "load.rate=50", "--seed", "7")
    slow = (*command, "--set", "mesh.check_interval=2s", "--set=mesh.fall=3")
    a = trial_rows(22, 6, command=command)
    b = trial_rows(23, 6, command=slow, scenario_digest="e" * 64, longer=3)
    (pair,) = compare(a, b).pairs
    assert not pair.pair.same_scenario
    assert pair.pair.only_a == []
    assert pair.pair.only_b == ["mesh.check_interval=2s", "mesh.fall=3"]


def test_what_has_no_counterpart_is_left_out_by_name() -> None:
    both, other = trial_rows(24, 12), trial_rows(25, 2, scenario="steady", scenario_digest="s" * 64)
    variants = [trial_row(scenario_digest=digest * 64) for digest in ("x", "y")]
    assert compare(both, [*trial_rows(26, 12), *other]).left_out == ["steady, group / envoy: only in B (2 trials)"]
    comparison = compare([trial_row()], variants)
    assert comparison.pairs == []
    assert comparison.left_out == [
        "primary-kill, group / envoy: of settings that are not in both, A has 1 variants and B 2; choose by folder"
    ]


@pytest.mark.slow
def test_cells_and_scenarios_share_what_may_be_flagged_by_chance() -> None:
    def night(seed: int, **given: Any) -> list[Any]:
        cells = ("group / envoy", "group / haproxy", "semisync / envoy", "async / envoy")
        return [row for at, cell in enumerate(cells) for row in trial_rows(seed * 10 + at, 12, cell=cell, **given)]

    alarms = [seed for seed in range(30) if flagged(compare(night(2 * seed), night(2 * seed + 1)))]
    assert len(alarms) <= 3, alarms
    assert len(compare(night(1), night(2, longer=1.5)).flagged()) > 4


def flagged_pair(seed: int) -> Comparison:
    comparison = compare(trial_rows(seed, 12), trial_rows(seed + 1, 12, longer=1.5))
    assert OUTAGE in flagged(comparison)
    return comparison


def test_what_a_rerun_shows_again_is_confirmed() -> None:
    comparison = flagged_pair(30)
    fresh = {"primary-kill, group / envoy": Fresh(a=trial_rows(32, 6), b=trial_rows(33, 6, longer=1.5))}
    again = confirmed(comparison, fresh)
    assert again.confirmed
    assert finding(again).confirmed
    assert again.confirmation is not None
    assert (again.confirmation.ran, again.confirmation.trials_a, again.confirmation.trials_b) == ("both", 6, 6)


def test_what_a_rerun_does_not_show_is_not_confirmed() -> None:
    comparison = flagged_pair(34)
    name = "primary-kill, group / envoy"
    again = [
        confirmed(comparison, {name: Fresh(a=trial_rows(seed, 6), b=trial_rows(seed + 1, 6))})
        for seed in range(100, 300, 2)
    ]
    assert sum(one.confirmed for one in again) <= 5
    assert finding(again[0]).confirmed is False
    assert finding(confirmed(comparison, {})).confirmed is False
    assert not not_rerun(comparison, why="no engine").confirmed


def test_where_a_cannot_be_had_b_is_held_against_the_trials_that_there_are() -> None:
    again = confirmed(flagged_pair(38), {"primary-kill, group / envoy": Fresh(a=[], b=trial_rows(40, 6, longer=1.5))})
    assert again.confirmed
    assert again.confirmation is not None
    assert again.confirmation.ran == "b"
    assert finding(again).fresh is not None
    assert finding(again).fresh.n_a == 12  # type: ignore[union-attr]
