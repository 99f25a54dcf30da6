"""Waiting in gevent's hub: nothing is lost, nobody waits for another, and an answer that does not come is given up."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
TRIALS = "tests.loadgen.hub_waits"


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", TRIALS], capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_large_message_arrives_whole_while_others_run(found: dict[str, Any]) -> None:
    assert found["large_message"] == {"waited": True, "whole": True}


def test_a_peer_that_does_not_read_is_given_up(found: dict[str, Any]) -> None:
    assert found["stuck_message"]["error"] == "TimeoutError"


def test_an_overdue_answer_is_given_up_counted_from_its_own_start(found: dict[str, Any]) -> None:
    overdue = found["overdue_answer"]
    assert (overdue["first"], overdue["error"]) == ("first", "TimeoutError")
    assert overdue["after_s"] >= 0.2


def test_two_greenlets_wait_side_by_side(found: dict[str, Any]) -> None:
    assert found["two_at_once"] == {"got": ["0", "1"]}


def test_a_closed_peer_is_an_empty_answer_and_cannot_be_sent_to(found: dict[str, Any]) -> None:
    closed = found["closed_by_the_peer"]
    assert (closed["got"], closed["error"]) == ("", "BrokenPipeError")


def test_bytes_that_nobody_waits_for_do_not_keep_the_hub_busy(found: dict[str, Any]) -> None:
    assert found["unasked_bytes"]["got"] == ["answer", "farewell"]
    assert found["unasked_bytes"]["turns"] < 20


def test_a_session_that_ended_while_idle_is_noticed_without_waiting(found: dict[str, Any]) -> None:
    assert found["ended_while_idle"] == {"ended": [False, True, True], "turns": []}


def test_a_closed_transport_touches_no_other_socket(found: dict[str, Any]) -> None:
    assert found["used_after_close"]["error"] == "OSError"
