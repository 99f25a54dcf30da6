"""The control plane's log of decisions, read out of its container."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from cluster.control_plane import POD, ControlPlane, decisions
from cluster.platform.fake import FakePod, FakeProcess

FILE = "/state/decisions.jsonl"


def control(content: bytes | None) -> ControlPlane:
    process = FakeProcess(files={} if content is None else {FILE: content})
    return cast(ControlPlane, SimpleNamespace(pod=FakePod(containers={POD: process}), decisions_file=FILE))


def test_whole_lines_are_decisions_and_a_torn_one_is_not_yet() -> None:
    made = decisions(control(b'{"event": "started"}\n{"event": "primary_gone"}\n{"event": "fen'))
    assert [one["event"] for one in made] == ["started", "primary_gone"]


def test_before_the_first_decision_there_is_none() -> None:
    assert decisions(control(None)) == []
    assert decisions(control(b"")) == []
