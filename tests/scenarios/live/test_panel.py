"""The panel's lines: what they tell, at any width, and that nothing in them acts on a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from scenarios.live.panel import ASCII_BLOCKS, BLOCKS, lines, sparkline
from scenarios.live.state import DecisionSeen, FaultSeen, LoadSeen, PhaseSeen, PodSeen, SecondSeen, Snapshot
from tests.scenarios.live.publishing import first

S = 1_000_000_000
NOW = 1000 * S


def seen(t_s: int, **other: int) -> SecondSeen:
    counts = dict.fromkeys(("failed", "refused", "unknown", "backlog", "in_flight"), 0)
    return SecondSeen(t_s=t_s, response_p99_ms=None, **{"offered": 200, "achieved": 200} | counts | other)


def fault(number: int, name: str, steps: dict[str, int | None], **other: Any) -> FaultSeen:
    active = "injected" in steps and "healed" not in steps
    words: dict[str, Any] = {"kind": "fault", "target": "primary", "pod": None, "ok": None, "active": active}
    return FaultSeen(id=number, fault=name, steps=steps, **words | other)


def under_way(**other: Any) -> Snapshot:
    """A run 40 s into its load, whose primary was killed 25 s ago."""
    seconds = tuple(seen(t, achieved=0, failed=40) if 16 <= t < 20 else seen(t) for t in range(1, 41))
    words: dict[str, Any] = {
        "at_ns": NOW,
        "load": LoadSeen(duration_s=60, zero_ns=NOW - 40 * S, seconds=seconds, response_p50_ms=3.2, response_p99_ms=14),
        "phases": (
            PhaseSeen(name="boot", began_ns=NOW - 50 * S, ended_ns=NOW - 41 * S),
            PhaseSeen(name="load", began_ns=NOW - 40 * S, expected_s=60.0),
        ),
        "pods": (
            PodSeen(name="node1", at_ns=NOW, up=False),
            PodSeen(name="node2", at_ns=NOW, up=True, role="primary", state="ONLINE"),
            PodSeen(name="node3", at_ns=NOW, up=True, role="replica", quarantined="errant", lag_ms=2300.0),
        ),
        "faults": (fault(0, "kill", {"planned": NOW - 30 * S, "injected": NOW - 25 * S}, pod="node1"),),
        "decisions": (
            DecisionSeen(at_ns=NOW - 22 * S, event="promoted", epoch=2, pod="node2"),
            DecisionSeen(at_ns=NOW - 20 * S, event="published", epoch=2),
        ),
    }
    return first(**words | other)


def told(now: Snapshot, *, width: int = 100, **other: Any) -> str:
    return "\n".join(line.plain for line in lines(now, width=width, **other))


def row(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(label))


def test_it_tells_phase_load_roles_fault_and_decision() -> None:
    text = told(under_way(), ahead="[3 of 12]")
    assert text.startswith("[3 of 12] tiny  group of 3, gateway envoy, transfer, seed 7\n")
    assert row(text, "phase").endswith("load, 20 s left of 1 min 0 s")
    assert row(text, "offered").endswith("█  200/s")
    assert "▁▁▁▁" in row(text, "achieved")
    assert "████" in row(text, "errors")
    assert row(text, "errors").endswith("▁  0/s")
    assert "p50 3.2 ms, p99 14 ms" in row(text, "response")
    assert row(text, "pods") == "pods      node1 down  node2 primary  node3 replica quarantined 2.3 s behind"
    assert row(text, "fault") == "fault     kill on node1 injected 25 s ago"
    assert row(text, "decided") == "decided   promoted node2 22 s ago", (
        "what is published tells an onlooker nothing new"
    )


def test_before_the_load_there_is_a_phase_alone() -> None:
    booting = first(at_ns=NOW, phases=(PhaseSeen(name="boot", began_ns=NOW - 7 * S),))
    assert told(booting).splitlines()[1:] == ["phase     boot, 7 s"]


def test_a_phase_that_takes_longer_says_how_much() -> None:
    late = under_way(phases=(PhaseSeen(name="load", began_ns=NOW - 65 * S, expected_s=60.0),))
    assert row(told(late), "phase").endswith("load, 5 s over of 1 min 0 s")


def test_of_many_faults_those_under_way_the_next_and_the_newest_are_shown() -> None:
    over = [fault(n, f"over{n}", {"planned": NOW, "injected": NOW, "healed": NOW}) for n in range(4)]
    active = fault(4, "pause", {"planned": NOW, "injected": NOW})
    ahead = [fault(n, f"ahead{n}", {"planned": NOW + n * S}) for n in (5, 6)]
    text = told(under_way(faults=(*over, active, *ahead)))
    shown = [line.split()[1] for line in text.splitlines() if line.startswith("fault")]
    assert shown == ["over3", "pause", "ahead5"]
    assert "ahead5 on primary in 5 s" in text


def test_a_fault_that_does_not_bite_is_said_so_and_one_that_waits_for_another_has_no_time() -> None:
    dull = fault(0, "loss", {"planned": NOW, "injected": NOW, "bitten": NOW}, ok=False)
    waits = fault(1, "kill", {"planned": None})
    text = told(under_way(faults=(dull, waits)))
    assert "loss on primary bitten 0 s ago, not as it should" in text
    assert "kill on primary planned" in text


@pytest.mark.parametrize("width", [1, 2, 10, 11, 23, 40, 60, 100, 250])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for plain in (False, True):
        shown = lines(under_way(), width=width, ahead="[3 of 12]", notice="interrupted: healing", plain=plain)
        assert max(line.cell_len for line in shown) <= width
        assert not plain or all(line.plain.isascii() for line in shown)


def test_forty_columns_still_tell_the_time_left_and_every_pod() -> None:
    text = told(under_way(), width=40)
    assert "20 s left" in row(text, "phase")
    for name in ("node1", "node2", "node3"):
        assert name in text


def test_what_servers_and_files_wrote_does_nothing_to_the_terminal() -> None:
    acts = "\x1b[2J\x1b]0;owned\x07\r\u202e[bold]"
    pods = (PodSeen(name=acts, at_ns=NOW, up=True, role=acts, state=acts), PodSeen(name=acts, at_ns=NOW, up=False))
    now = under_way(
        scenario=acts,
        topology=acts,
        workload=acts,
        pods=pods,
        phases=(PhaseSeen(name=acts, began_ns=NOW),),
        faults=(fault(0, acts, {acts: NOW}, target=acts),),
        decisions=(DecisionSeen(at_ns=NOW, event=acts, epoch=1, pod=acts),),
    )
    console = Console(record=True, file=io.StringIO(), width=400, color_system=None, force_terminal=True)
    for line in lines(now, width=400, ahead=acts, notice=acts):
        console.print(line)
    text = console.export_text()
    assert r"\x1b[2J" in text
    assert "[bold]" in text, "nothing is read as rich's markup"
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)


def test_a_single_error_among_thousands_is_seen() -> None:
    assert sparkline([0, 1, 5000]) == "▁▂█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([1, 2], most=2, blocks=ASCII_BLOCKS)[-1] == ASCII_BLOCKS[-1]
    assert sparkline([5], most=2) == BLOCKS[-1], "more than was expected does not break it"


def test_lines_are_styled_text_of_their_own() -> None:
    assert all(isinstance(line, Text) for line in lines(under_way(), width=80))
