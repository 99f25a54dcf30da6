"""The gate of a night: only what a rerun confirms counts, and what cannot be compared is said and raises no alarm."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from reports.nightly.nightly_types import Nightly
from reports.schema import validate
from reports.trends.comparison import PairComparison
from reports.trends.confirmation import Fresh
from reports.trends.row import TrialRow, row_of
from reports.trends.store import Store
from scenarios.compare.gate import Again
from scenarios.nightly.compare import against_earlier
from scenarios.nightly.suite import CompareSection
from tests.reports.nightly.conftest import night, trial
from tests.sealed_runs import in_suite, sealed_run

__all__ = ["night"]

STEPS = ("injected", "detected", "elected", "rerouted", "first_ack", "steady")


def waterfall(rerouted_ms: float) -> list[dict[str, Any]]:
    since = (0.0, 4000.0, 5000.0, 5000.0 + rerouted_ms, 5100.0 + rerouted_ms, 9000.0 + rerouted_ms)
    return [
        {"step": step, "at_ns": round(at * 1e6), "since_ms": at, "source": "ops", "note": ""}
        for step, at in zip(STEPS, since, strict=True)
    ]


class Nights:
    """Trials of nights in a runs folder. Each has its own spread, so that no two are equal."""

    def __init__(self, runs: Path) -> None:
        self.runs, self._number = runs, 0

    def trials(self, of: str | None, count: int, *, rerouted_ms: float = 500.0) -> list[Path]:
        return [self._trial(of, number, rerouted_ms) for number in range(1, count + 1)]

    def _trial(self, of: str | None, number: int, rerouted_ms: float) -> Path:
        self._number += 1
        slower = rerouted_ms + 7.0 * number + 3.0 * (self._number % 5)
        part_of = None if of is None else in_suite(number, name="smoke", of=of)
        faults = [{"name": "kill", "waterfall": waterfall(slower)}]
        return sealed_run(
            self.runs,
            self._number,
            write_outage_ms=5000.0 + slower,
            manifest={"part_of": part_of},
            summary={"faults": faults},
        )

    def rows(self, folders: Sequence[Path]) -> list[TrialRow]:
        return [row_of(folder, runs=self.runs) for folder in folders]


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path / "runs")


def gate(night: Nightly, nights: Nights, tonight: Sequence[Path], **more: Any) -> Any:
    folder = nights.runs / "nightly" / night["id"]
    folder.mkdir(parents=True)
    Store(nights.runs).update()
    links = [f"../../{path.relative_to(nights.runs)}" for path in tonight]
    night["trials"] = [trial(number, folder=link) for number, link in enumerate(links, start=1)]
    wanted = more.pop("wanted", CompareSection())
    found = against_earlier(night, folder=folder, runs=nights.runs, wanted=wanted, **{"rerun": None, **more})
    night["gate"] = found
    validate(night, "nightly")
    return found


class Shows:
    """A rerun that finds these fresh trials."""

    def __init__(self, nights: Nights, *, rerouted_ms: float) -> None:
        self.a = nights.rows(nights.trials(None, 6))
        self.b = nights.rows(nights.trials(None, 6, rerouted_ms=rerouted_ms))
        self.asked: list[str] = []

    def __call__(self, pairs: Sequence[PairComparison]) -> Again:
        self.asked += [one.pair.name for one in pairs]
        return Again({one.pair.name: Fresh(a=self.a, b=self.b) for one in pairs}, "")


@pytest.mark.slow
def test_a_night_like_those_before_finds_nothing_and_runs_nothing_again(night: Nightly, nights: Nights) -> None:
    nights.trials("20261126T010203Z", 6)
    nights.trials("20261127T010203Z", 6)
    rerun = Shows(nights, rerouted_ms=500.0)
    found = gate(night, nights, nights.trials(night["id"], 6), rerun=rerun)
    assert (found["verdict"], found["findings"], rerun.asked) == ("nothing moved", [], [])
    assert found["nights"] == ["20261126T010203Z", "20261127T010203Z"]
    assert found["trials"] == {"before": 12, "tonight": 6}
    assert (nights.runs / "nightly" / night["id"] / "compare.html").exists()


def test_what_got_slower_and_does_so_again_is_worse_and_the_step_is_named(night: Nightly, nights: Nights) -> None:
    nights.trials("20261127T010203Z", 12)
    tonight = nights.trials(night["id"], 6, rerouted_ms=6000.0)
    rerun = Shows(nights, rerouted_ms=6000.0)
    found = gate(night, nights, tonight, rerun=rerun)
    assert found["verdict"] == "worse"
    assert rerun.asked == ["primary-kill, group / envoy"]
    outage = next(one for one in found["findings"] if one["metric"] == "write_outage_ms")
    assert (outage["confirmed"], outage["step"]) == (True, "rerouted")
    assert "write outage" in found["why"]
    assert "(step rerouted)" in found["why"]


@pytest.mark.slow
def test_what_a_rerun_does_not_show_again_raises_no_alarm(night: Nightly, nights: Nights) -> None:
    nights.trials("20261127T010203Z", 12)
    tonight = nights.trials(night["id"], 6, rerouted_ms=6000.0)
    found = gate(night, nights, tonight, rerun=Shows(nights, rerouted_ms=500.0))
    assert found["verdict"] == "not confirmed"
    assert {one["confirmed"] for one in found["findings"]} == {False}


@pytest.mark.slow
def test_what_cannot_be_run_again_is_told_and_raises_no_alarm(
    night: Nightly, nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacks(_: Sequence[PairComparison]) -> Again:
        raise ConfigurationError("image envoy is gone")

    nights.trials("20261127T010203Z", 12)
    found = gate(night, nights, nights.trials(night["id"], 6, rerouted_ms=6000.0), rerun=lacks)
    assert found["verdict"] == "not confirmed"
    assert "was not run again" in found["why"]
    assert "image envoy is gone" in capsys.readouterr().err


def test_too_few_trials_are_undecided_and_it_says_how_many_it_needs(night: Nightly, nights: Nights) -> None:
    nights.trials("20261127T010203Z", 3)
    found = gate(night, nights, nights.trials(night["id"], 3, rerouted_ms=6000.0))
    assert found["verdict"] == "undecided"
    assert any("needs at least" in one for one in found["undecided"])


@pytest.mark.slow
def test_only_so_many_earlier_nights_count_and_none_of_another_suite(night: Nightly, nights: Nights) -> None:
    for of in ("20261101T010203Z", "20261126T010203Z", "20261127T010203Z", "20270101T010203Z"):
        nights.trials(of, 4)
    sealed_run(nights.runs, 999, manifest={"part_of": in_suite(1, name="another", of="20261127T000000Z")})
    found = gate(night, nights, nights.trials(night["id"], 4), wanted=CompareSection(nights=2))
    assert found["nights"] == ["20261126T010203Z", "20261127T010203Z"]
    assert found["trials"]["before"] == 8


def test_the_first_night_is_compared_with_nothing(night: Nightly, nights: Nights) -> None:
    found = gate(night, nights, nights.trials(night["id"], 3))
    assert (found["verdict"], found["why"]) == (
        "not compared",
        "not compared: there is no earlier night of suite smoke",
    )


def test_a_suite_that_wants_no_comparison_has_none(night: Nightly, nights: Nights) -> None:
    nights.trials("20261127T010203Z", 3)
    assert gate(night, nights, nights.trials(night["id"], 3), wanted=CompareSection(nights=0)) is None


def test_a_history_that_cannot_be_read_is_said_and_costs_no_night(night: Nightly, nights: Nights) -> None:
    tonight = nights.trials(night["id"], 3)
    folder = nights.runs / "nightly" / night["id"]
    folder.mkdir(parents=True)
    (nights.runs / "history.sqlite").write_text("no database")
    night["trials"] = [trial(1, folder=f"../../{tonight[0].relative_to(nights.runs)}")]
    found = against_earlier(night, folder=folder, runs=nights.runs, wanted=CompareSection(), rerun=None)
    assert found is not None
    assert found["verdict"] == "not compared"
    assert "index --rebuild" in found["why"]
