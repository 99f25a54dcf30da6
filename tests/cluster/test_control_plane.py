"""The control plane's log of decisions, read out of its container."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from cluster.control_plane import POD, Steering, decisions
from cluster.platform.fake import FakePod, FakeProcess

FILE = "/state/decisions.jsonl"


def steering(content: bytes | None) -> Steering:
    process = FakeProcess(files={} if content is None else {FILE: content})
    return cast(Steering, SimpleNamespace(pod=FakePod(containers={POD: process}), decisions_file=FILE))


def test_whole_lines_are_decisions_and_a_torn_one_is_not_yet() -> None:
    made = decisions(steering(b'{"event": "started"}\n{"event": "primary_gone"}\n{"event": "fen'))
    assert [one["event"] for one in made] == ["started", "primary_gone"]


def test_before_the_first_decision_there_is_none() -> None:
    assert decisions(steering(None)) == []
    assert decisions(steering(b"")) == []
