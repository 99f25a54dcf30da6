"""The control plane's log of decisions, read out of its container."""

from __future__ import annotations

import io
import tarfile
from types import SimpleNamespace
from typing import Any, cast

from docker.errors import NotFound

from cluster.control_plane import POD, ControlPlane, decisions


class FakeContainer:
    def __init__(self, content: bytes | None) -> None:
        self._content = content

    def get_archive(self, path: str) -> tuple[list[bytes], dict[str, Any]]:
        if self._content is None:
            raise NotFound(path)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            member = tarfile.TarInfo("decisions.jsonl")
            member.size = len(self._content)
            archive.addfile(member, io.BytesIO(self._content))
        whole = packed.getvalue()
        return [whole[:100], whole[100:]], {}


def control(content: bytes | None) -> ControlPlane:
    pod = SimpleNamespace(containers={POD: FakeContainer(content)})
    return cast(ControlPlane, SimpleNamespace(pod=pod, decisions_file="/state/decisions.jsonl"))


def test_whole_lines_are_decisions_and_a_torn_one_is_not_yet() -> None:
    made = decisions(control(b'{"event": "started"}\n{"event": "primary_gone"}\n{"event": "fen'))
    assert [one["event"] for one in made] == ["started", "primary_gone"]


def test_before_the_first_decision_there_is_none() -> None:
    assert decisions(control(None)) == []
    assert decisions(control(b"")) == []
