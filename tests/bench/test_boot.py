"""The benchmark of deployment: what it is asked, and how the steps of a boot become rows and a table."""

from __future__ import annotations

import pytest

from bench import boot
from cluster.operations.boot_steps import Step

GIB = 2**30


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot, "engine_memory_bytes", lambda: 9 * GIB)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--trials", "0"], "--trials: must be 1 or more, not 0"),
        (["--trials", "many"], "invalid int value: 'many'"),
        (["--parallel", "1"], "--parallel: must be 2 or more, not 1"),
        (["--parallel", "-3"], "--parallel: must be 2 or more, not -3"),
        (["--parallel", "5"], "at 2 GiB a system this engine's memory holds 4, not 5"),
        (["--paralel", "2", "more"], "unrecognized arguments"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_started(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        boot.main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_as_many_systems_as_the_memory_holds_may_be_asked_for() -> None:
    assert boot.parse(["--parallel", "4"]).parallel == 4
    assert boot.parse([]).parallel is None


STEPS = [
    Step(what="mysqld: start", pod="node2", thread=2, begin_s=100.1, end_s=100.3),
    Step(what="network", pod="", thread=1, begin_s=100.0, end_s=100.1),
    Step(what="first write", pod="", thread=1, begin_s=100.5, end_s=100.6),
    Step(what="mysqld: start", pod="node1", thread=3, begin_s=100.1, end_s=100.5),
]


def test_steps_are_rows_by_their_beginning_since_the_system_was_begun() -> None:
    rows = boot.rows(STEPS, began_s=100.0)
    assert [(one["what"], one["pod"], one["begin_s"], one["end_s"]) for one in rows] == [
        ("network", "", 0.0, 0.1),
        ("mysqld: start", "node2", 0.1, 0.3),
        ("mysqld: start", "node1", 0.1, 0.5),
        ("first write", "", 0.5, 0.6),
    ]
    assert [one["critical_path"] for one in rows] == [True, False, True, True]


def test_the_table_marks_what_the_end_has_waited_for() -> None:
    head, *lines = boot.step_table(boot.rows(STEPS, began_s=100.0)).splitlines()
    assert head.split() == ["from", "to", "lasts", "pod", "step"]
    assert lines[1].split() == ["0.10s", "0.30s", "0.20s", "node2", "mysqld:", "start"]
    assert lines[2].split() == ["0.10s", "0.50s", "0.40s", "*", "node1", "mysqld:", "start"]
