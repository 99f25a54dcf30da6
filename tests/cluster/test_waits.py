"""A cluster's waits: what they say meanwhile, and that they end when what is awaited cannot come."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from cluster.agent.assignment import Assignment
from cluster.cluster import Cluster
from cluster.platform.fake import FakePlatform, FakePod
from cluster.status.status import Status
from cluster.topology import Topology
from cluster.wait import CannotComeError


def waiting(*, state: str = "CONNECTING", role: str = "replica", read_only: bool = True) -> Status:
    return Status(
        role="primary" if role == "primary" else "replica",
        state=state,
        read_only=read_only,
        gtid_executed="a:1-9",
        lag_ms=None,
        kind="semisync",
        view={"node1": "ONLINE/PRIMARY"},
    )


class Control:
    """A control plane that has decided these events; with an error instead it is silent."""

    def __init__(self, *events: str, error: OSError | None = None) -> None:
        self._events, self._error = events, error

    def assignment(self) -> Assignment:
        return Assignment()

    def decisions_since(self, at_ns: int, *, wait_s: float) -> list[dict[str, Any]]:
        if self._error is not None:
            raise self._error
        return [
            {"event": one, "at_ns": at_ns, "detail": {"reason": "only 1 of 2 replicas answer"}} for one in self._events
        ]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("cluster.status.prospects.STANDS_S", 0.0)
    monkeypatch.setattr("cluster.wait.TELL_EVERY_S", 0.0)
    caplog.set_level(logging.INFO, logger="meshbench")


def a_cluster(monkeypatch: pytest.MonkeyPatch, statuses: Mapping[str, Status | None], control: Control) -> Cluster:
    topology = Topology(kind="semisync", pods=3)
    cluster = Cluster(topology, platform=FakePlatform(), run_id="abc", control=control)  # type: ignore[arg-type]
    cluster.nodes.pods = {name: FakePod(name=name) for name in statuses}
    monkeypatch.setattr(cluster.nodes, "status", lambda *_: dict(statuses))
    monkeypatch.setattr("cluster.membership.stopped_by", lambda _: ["2003 Error reconnecting to source"])
    monkeypatch.setattr(cluster.nodes, "connect", lambda *_, **__: _Session())
    return cluster


class _Session:
    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        return


def test_agreement_that_cannot_come_is_not_waited_for_and_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = a_cluster(monkeypatch, {"node3": waiting()}, Control("primary_suspected", "no_failover"))
    assert cluster.membership.wait_converged(timeout_s=3600) is False
    assert "the control plane can choose no primary: only 1 of 2 replicas answer" in caplog.messages[-1]
    spoken = [one for one in caplog.messages if one.startswith("waiting until all pods agree, for ")]
    assert "node3 CONNECTING as replica, executed a:1-9, stopped by 2003 Error reconnecting" in spoken[0]


def test_a_pod_that_cannot_come_back_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = a_cluster(monkeypatch, {"node3": waiting()}, Control("no_failover"))
    with pytest.raises(CannotComeError, match="node3 is in service, which cannot come"):
        cluster.membership.bring_back("node3", timeout_s=3600)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statuses", "control"),
    [
        ({"node2": None, "node3": waiting()}, Control("no_failover")),
        ({"node3": waiting()}, Control("no_failover", "reopened")),
        ({"node3": waiting()}, Control(error=TimeoutError("timed out"))),
    ],
    ids=["a pod is silent", "one was opened since", "the control plane is silent"],
)
def test_whoever_may_come_back_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    statuses: dict[str, Status | None],
    control: Control,
) -> None:
    cluster = a_cluster(monkeypatch, statuses, control)
    assert cluster.membership.wait_converged(timeout_s=0.3) is False
    assert caplog.messages[-1].startswith("waited 0.3 s until all pods agree; last seen: ")
