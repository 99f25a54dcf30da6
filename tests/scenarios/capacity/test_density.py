"""Systems started one after the other, in memory, until the objective breaks, memory ends, or there are enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reports.capacity.objective import parse
from reports.capacity.step import Step
from scenarios.capacity.density import fill_up, has_room, systems_step
from tests.reports.capacity.made import step

SLO = [parse("response_p99<=250ms")]


def machine(holds: int) -> tuple[list[int], object]:
    """A machine that holds so many systems; and the numbers that were asked of it."""
    asked: list[int] = []

    def at_once(number: int) -> list[Step]:
        asked.append(number)
        return [step(response_p99_ms=100.0 if number <= holds else 900.0) for _ in range(number)]

    return asked, at_once


@pytest.mark.parametrize(
    ("holds", "most", "rooms", "carried", "why"),
    [
        (3, 16, 16, [True, True, True, False, False, False], "With 4 at once the objective broke, 3 times in a row."),
        (99, 5, 16, [True] * 5, "No more than 5 were started, and the objective still held."),
        (99, 16, 2, [True] * 3, "No more than 3 were started, so that a fifth of the machine's memory stays free."),
        (0, 16, 16, [False, False, False], "With 1 at once the objective broke, 3 times in a row."),
    ],
)
def test_systems_are_added_until_one_of_three_ends(
    holds: int, most: int, rooms: int, carried: list[bool], why: str
) -> None:
    asked, at_once = machine(holds)
    room = iter([True] * rooms + [False])
    rows, stopped = fill_up(at_once, SLO, tps_each=20.0, most=most, room=lambda: next(room))  # type: ignore[arg-type]
    assert [row["holds"] for row in rows] == carried
    assert [row["systems"] for row in rows] == asked
    assert list(dict.fromkeys(asked)) == list(range(1, carried.count(True) + 1 + (False in carried)))
    assert stopped == why


def test_a_stall_or_two_do_not_end_it() -> None:
    times_ms = iter([900.0, 900.0, 100.0, 900.0, 900.0, 900.0])
    rows, stopped = fill_up(
        lambda number: [step(response_p99_ms=next(times_ms))] * number, SLO, tps_each=20.0, most=2, room=lambda: True
    )
    assert [(row["systems"], row["holds"]) for row in rows] == [(1, False)] * 2 + [(1, True)] + [(2, False)] * 3
    assert stopped == "With 2 at once the objective broke, 3 times in a row."


def test_one_system_that_misses_the_objective_is_named_and_the_whole_does_not_hold() -> None:
    row = systems_step([step(), step(response_p99_ms=400.0), step()], SLO, tps_each=20.0)
    assert row["holds"] is False
    assert row["words"].startswith("system 2: response_p99")
    assert "slowest p99 400.0 ms, of 1000 operations" in row["words"]


def test_a_system_whose_backlog_grows_does_not_hold() -> None:
    behind = replace(step(), stable=False, backlog_per_s=5.0)
    assert systems_step([behind], SLO, tps_each=20.0)["holds"] is False


@pytest.mark.parametrize(
    ("free_mib", "need_mib", "room"),
    [(9000, 1000.0, True), (3000, 1000.0, True), (2999, 1000.0, False), (9000, None, False)],
)
def test_a_fifth_of_the_memory_stays_free(tmp_path: Path, free_mib: int, need_mib: float | None, room: bool) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: {10_000 * 1024} kB\nMemAvailable: {free_mib * 1024} kB\n")
    assert has_room(need_mib, tmp_path / "meminfo") is room


@pytest.mark.parametrize("content", ["", "MemTotal: 12 kB\n", "nonsense\n"])
def test_where_memory_is_not_told_no_further_system_is_started(tmp_path: Path, content: str) -> None:
    (tmp_path / "meminfo").write_text(content)
    assert not has_room(1.0, tmp_path / "meminfo")
    assert not has_room(1.0, tmp_path / "there is none")
