"""The control plane over real pods, asynchronous replication: what must stay true while the primary, the network or the
control plane itself is lost.

Each test begins with two replicas in service, whatever ran before. A killed primary that had committed what nobody has
received stays quarantined, so the next test then gets another cluster; otherwise they share one.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest

from cluster.agent.agent import PORT as AGENT_PORT
from cluster.cluster import Cluster
from cluster.errors import RefusedError
from cluster.platform import ownership
from cluster.topology import Topology
from cluster.wait import wait_until
from control.client import ControlHandle

pytestmark = pytest.mark.engine

TIMEOUT_S = 30.0


class Trickle:
    """One row after the other, on whichever pod takes it; remembers those that were acknowledged."""

    def __init__(self, cluster: Cluster) -> None:
        self.acknowledged: list[int] = []
        self._cluster = cluster
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Trickle:
        self._thread.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def wait_for_more(self) -> None:
        """Wait until writes succeed now."""
        before = len(self.acknowledged)
        wait_until("writes succeed", lambda: len(self.acknowledged) > before + 5, timeout_s=TIMEOUT_S)

    def _write(self) -> None:
        for number in range(1_000_000):
            for pod in self._cluster.hosts:
                if self._over.wait(0.01):
                    return
                try:
                    with self._cluster.connect(pod, timeout_s=1) as connection, connection.cursor() as cursor:
                        cursor.execute("INSERT INTO trickle.rows_written VALUES (%s)", (number,))
                except pymysql.MySQLError:
                    continue
                self.acknowledged.append(number)
                break


@pytest.fixture(scope="module")
def shared() -> list[tuple[Cluster, ControlHandle]]:
    """The cluster that the test before has left; none at first."""
    return []


@pytest.fixture
def whole(
    cluster: Callable[[Topology], Cluster], shared: list[tuple[Cluster, ControlHandle]]
) -> tuple[Cluster, ControlHandle]:
    """A primary and two replicas in service, and their control plane."""
    if shared and settle(shared[0][1])["assignment"]["quarantined"]:
        ownership.remove(shared.pop()[0].run_id)
    if not shared:
        shared.append(start(cluster(Topology(kind="async", pods=3))))
    return shared[0]


@pytest.fixture
def source(whole: tuple[Cluster, ControlHandle]) -> Cluster:
    return whole[0]


@pytest.fixture
def control(whole: tuple[Cluster, ControlHandle]) -> ControlHandle:
    return whole[1]


def start(source: Cluster) -> tuple[Cluster, ControlHandle]:
    """Start the control plane of a cluster, and have its primary make the table of the trickle."""
    control = ControlHandle()
    control.start(source.nodes)
    wait_until("the first primary is open", lambda: at_rest(control), timeout_s=TIMEOUT_S)
    with source.connect("node1") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE trickle")
        cursor.execute("CREATE TABLE trickle.rows_written (number INT PRIMARY KEY)")
    return source, control


@pytest.fixture
def writes(source: Cluster, control: ControlHandle) -> Iterator[Trickle]:
    """A trickle into a table that is empty at first."""
    settle(control)
    with source.connect(primary(control)) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM trickle.rows_written")
    with Trickle(source) as trickle:
        yield trickle


def at_rest(control: ControlHandle) -> bool:
    state = control.state()
    return state["move"] is None and bool(state["published"]["write"])


def settle(control: ControlHandle) -> dict[str, Any]:
    """Wait until the one primary is open and every other pod follows it or is quarantined; what is then seen."""

    def settled() -> dict[str, Any] | None:
        state = control.state()
        named, seen = state["assignment"], state["seen"]
        served = {*state["published"]["write"], *state["published"]["read"], *named["quarantined"]}
        done = state["move"] is None and served == set(named["pods"]) and all(one["status"] for one in seen.values())
        return state if done else None

    return wait_until("every pod is in service or quarantined", settled, timeout_s=TIMEOUT_S)


def primary(control: ControlHandle) -> str:
    name = control.assignment().primary
    assert name is not None
    return name


def writable(state: dict[str, Any]) -> list[str]:
    return [name for name, one in state["seen"].items() if one["status"] and not one["status"]["read_only"]]


def decisions(control: ControlHandle) -> list[dict[str, Any]]:
    _, printed = control.pod.containers["control"].exec("cat", control.decisions_file)
    return [json.loads(line) for line in printed.splitlines()]


def events(control: ControlHandle, *, after: int) -> list[str]:
    return [one["event"] for one in decisions(control)[after:]]


def rows(cluster: Cluster, pod: str) -> set[int]:
    with cluster.connect(pod) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT number FROM trickle.rows_written")
        return {row[0] for row in cursor.fetchall()}


def calls_itself_primary(cluster: Cluster, pod: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{cluster.hosts[pod]}:{AGENT_PORT}/primary", timeout=2) as answer:
            return int(answer.status) == 200
    except urllib.error.HTTPError as refused:
        refused.close()
        return False


def in_order(found: list[str], *wanted: str) -> bool:
    rest = iter(found)
    return all(one in rest for one in wanted)


def test_a_killed_primary_is_replaced_and_comes_back_as_a_replica_or_is_quarantined(
    source: Cluster, control: ControlHandle, writes: Trickle
) -> None:
    old, noted = primary(control), len(decisions(control))
    source.pods[old].containers["mysqld"].kill()
    wait_until("another pod leads", lambda: primary(control) != old, timeout_s=TIMEOUT_S, tolerate=AssertionError)
    writes.wait_for_more()
    source.pods[old].containers["mysqld"].start()
    state = settle(control)
    assert writable(state) == state["published"]["write"] == [primary(control)]
    assert in_order(
        events(control, after=noted),
        "primary_suspected", "primary_gone", "fenced", "candidate_chosen", "drained", "promoted", "published",
    )  # fmt: skip
    back = "quarantined" if old in state["assignment"]["quarantined"] else "rejoined"
    assert (back, old) in [(one["event"], one["pod"]) for one in decisions(control)[noted:]]
    assert [name for name in source.hosts if calls_itself_primary(source, name)] == [primary(control)]


def test_a_failover_goes_on_where_a_killed_control_plane_left_it_and_applies_what_was_received(
    source: Cluster, control: ControlHandle, writes: Trickle
) -> None:
    old, noted = primary(control), len(decisions(control))
    others = [name for name in source.hosts if name != old]
    held = [source.connect(name, timeout_s=60) for name in others]
    try:
        for connection in held:  # nothing can be applied: the failover cannot get past its relay log
            connection.cursor().execute("LOCK TABLES trickle.rows_written READ")
        writes.wait_for_more()
        source.pods[old].containers["mysqld"].kill()
        wait_until(
            "a candidate is chosen", lambda: "candidate_chosen" in events(control, after=noted), timeout_s=TIMEOUT_S
        )
        container = control.pod.containers["control"]
        container.kill()
        wait_until("the control plane is dead", lambda: container.wait(timeout_s=TIMEOUT_S) is not None, timeout_s=1)
    finally:
        for connection in held:
            connection.close()
    received = set(writes.acknowledged)
    control.restart()
    writes.wait_for_more()
    source.pods[old].containers["mysqld"].start()
    state = settle(control)
    assert writable(state) == [primary(control)]
    assert primary(control) != old
    assert in_order(events(control, after=noted), "candidate_chosen", "restarted", "drained", "promoted", "published")
    chosen = next(one for one in decisions(control)[noted:] if one["event"] == "candidate_chosen")
    assert len(received - rows(source, primary(control))) <= 1, f"{chosen} was not applied"


def test_a_cut_between_control_plane_and_primary_alone_changes_nothing(
    source: Cluster, control: ControlHandle, writes: Trickle
) -> None:
    named, noted = control.assignment(), len(decisions(control))
    leading = primary(control)
    address = source.hosts[leading]
    cuts = [["INPUT", "-s", address], ["OUTPUT", "-d", address]]
    for cut in cuts:
        control.pod.run_in_namespace("iptables", "--wait", "-A", *cut, "-j", "DROP")
    try:
        wait_until("it says why", lambda: "no_failover" in events(control, after=noted), timeout_s=TIMEOUT_S)
        begin_s = time.monotonic()  # longer than the lease: from now on its peers alone bear the primary out
        wait_until("two leases have passed", lambda: time.monotonic() - begin_s > 2.0, timeout_s=TIMEOUT_S)
        writes.wait_for_more()
        assert calls_itself_primary(source, leading)
        assert control.assignment() == named
        assert control.state()["published"]["write"] == [leading]
    finally:
        for cut in cuts:
            control.pod.run_in_namespace("iptables", "--wait", "-D", *cut, "-j", "DROP")
    found = decisions(control)[noted:]
    assert [one["event"] for one in found][:2] == ["primary_suspected", "no_failover"]
    assert "still reach" in found[1]["detail"]["reason"]


def test_a_switchover_loses_nothing_that_was_acknowledged(
    source: Cluster, control: ControlHandle, writes: Trickle
) -> None:
    old, noted = primary(control), len(decisions(control))
    new = control.switchover()
    assert new == primary(control) != old
    writes.wait_for_more()
    acknowledged = set(writes.acknowledged)
    assert writable(settle(control)) == [new]
    assert not acknowledged - rows(source, new)
    assert in_order(events(control, after=noted), "switchover_started", "promoted", "published", "switchover_done")
    with pytest.raises(RefusedError, match="is the primary already"):
        control.switchover(new)
