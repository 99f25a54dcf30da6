"""Looking at pods all the time: what was last settled stays until most pods agree on another primary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import chaos.outlook
from chaos.outlook import Outlook
from cluster.cluster import Cluster
from cluster.platform.fake import FakePlatform
from cluster.status.status import Status
from cluster.topology import Topology
from cluster.wait import wait_until


def led_by(leader: str, name: str) -> Status:
    leads = name == leader
    return Status(
        role="primary" if leads else "replica",
        state="ONLINE",
        read_only=not leads,
        gtid_executed="",
        lag_ms=None,
        kind="async",
        view={leader: "ONLINE/PRIMARY"},
    )


@pytest.fixture
def shown() -> dict[str, Status | None]:
    """What each pod says of itself; None: it does not answer."""
    return {name: led_by("node1", name) for name in ("node1", "node2", "node3")}


@pytest.fixture
def outlook(shown: dict[str, Status | None], monkeypatch: pytest.MonkeyPatch) -> Iterator[Outlook]:
    addresses: dict[str, str] = {}

    class FakePoller:
        def __init__(self, *, host: str, **_: Any) -> None:
            self._name = addresses[host]

        def sample(self) -> Status:
            status = shown[self._name]
            if status is None:
                raise OSError("no answer")
            return status

        def close(self) -> None: ...

    monkeypatch.setattr(chaos.outlook, "Poller", FakePoller)
    monkeypatch.setattr(chaos.outlook, "LOOK_S", 0.01)
    cluster = Cluster(Topology(kind="async", pods=3), platform=FakePlatform(), run_id="0a1b2c3d")
    cluster.nodes.open_network()
    addresses.update({address: name for name, address in cluster.hosts.items()})
    monkeypatch.setattr(cluster.membership, "primary", lambda: "node1")
    monkeypatch.setattr(cluster, "status", lambda: dict(shown))
    looking = Outlook(cluster)
    looking.start()
    wait_until("all are looked at", lambda: len(looking.statuses) == 3, timeout_s=5)
    yield looking
    looking.stop()


def test_what_was_last_settled_stays_while_nothing_is(outlook: Outlook, shown: dict[str, Status | None]) -> None:
    shown["node1"] = None
    wait_until("it is seen to be gone", lambda: outlook.statuses["node1"] is None, timeout_s=5)
    assert outlook.settled.primary == "node1"
    assert outlook.settled.statuses["node1"] is not None


def test_a_new_primary_is_settled_once_most_agree(outlook: Outlook, shown: dict[str, Status | None]) -> None:
    shown["node1"] = None
    shown["node2"] = led_by("node2", "node2")
    wait_until("it calls itself one", lambda: outlook.statuses["node2"] == shown["node2"], timeout_s=5)
    assert outlook.settled.primary == "node1", "its own word is not enough"
    shown["node3"] = led_by("node2", "node3")
    wait_until("most agree", lambda: outlook.settled.primary == "node2", timeout_s=5)
