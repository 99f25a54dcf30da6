"""What may pass is tried again, a few times; what MySQL refuses is one line with its own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pymysql
import pytest

from cluster import joining
from cluster.errors import ConfigurationError, EngineError, EngineSilentError, HarnessError
from cluster.joining import TRIES, told_in_a_line, tried
from cluster.mysqld import requested
from cluster.mysqld.mysqld_log import last_errors
from cluster.platform.fake import FakePod, FakeProcess
from cluster.topologies.clone import PASSING as CLONE_PASSING
from cluster.topologies.group import PASSING, Group
from cluster.topologies.replication import Node
from cluster.topology import Topology

NOT_CONFIGURED = pymysql.OperationalError(3092, "The server is not configured properly to be an active member")
LOG = (
    b"2026-11-27T14:00:00.1Z 0 [System] [MY-010931] ready\n"
    b"2026-11-27T14:00:01.2Z 14 [ERROR] [MY-011640] Plugin group_replication reported: 'Timeout on wait for view'\n"
)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "PAUSE_S", 0.0)


class Deed:
    """Fails so many times with an error, then works."""

    def __init__(self, error: Exception, *, times: int) -> None:
        self._error, self._times = error, times
        self.calls: list[str] = []

    def __call__(self) -> None:
        self.calls.append("join")
        if self.calls.count("join") <= self._times:
            raise self._error

    def leave(self) -> None:
        self.calls.append("leave")


@pytest.mark.parametrize("number", sorted(PASSING))
def test_a_group_that_fails_to_start_once_is_left_and_joined_again(number: int) -> None:
    deed = Deed(pymysql.OperationalError(number, "once"), times=1)
    tried("node1 is to begin the group", deed, undo=deed.leave, passing=PASSING)
    assert deed.calls == ["join", "leave", "join"]


@pytest.mark.parametrize("number", sorted(CLONE_PASSING))
def test_a_clone_whose_donor_fails_once_is_made_again(number: int) -> None:
    deed = Deed(pymysql.OperationalError(number, "once"), times=1)
    tried("node4 copies the data of node2", deed, passing=CLONE_PASSING)
    assert deed.calls == ["join", "join"]


def test_it_is_tried_a_few_times_and_no_more() -> None:
    deed = Deed(NOT_CONFIGURED, times=99)
    with pytest.raises(pymysql.OperationalError, match="3092"):
        tried("node1 is to begin the group", deed, passing=PASSING)
    assert deed.calls.count("join") == TRIES


def test_what_took_its_whole_time_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 1000, 71))
    monkeypatch.setattr("cluster.joining.time.monotonic", lambda: float(next(moments)))
    deed = Deed(NOT_CONFIGURED, times=99)
    with pytest.raises(pymysql.OperationalError):
        tried("node1 is to begin the group", deed, passing=PASSING)
    assert deed.calls == ["join"]


def test_a_minute_in_vain_is_enough_where_the_user_s_own_options_are_the_likelier_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for patience_s, calls in ((joining.PATIENCE_WITH_THEIRS_S, 1), (joining.PATIENCE_S, 2)):
        moments = iter(range(0, 1000, 61))
        monkeypatch.setattr("cluster.joining.time.monotonic", lambda moments=moments: float(next(moments)))
        deed = Deed(NOT_CONFIGURED, times=99)
        with pytest.raises(pymysql.OperationalError):
            tried("node1 is to begin the group", deed, passing=PASSING, patience_s=patience_s)
        assert len(deed.calls) == calls


@pytest.mark.parametrize("number", [1045, 1227, 1290, 1792, 2013])
def test_what_mysql_refuses_it_would_refuse_again(number: int) -> None:
    deed = Deed(pymysql.OperationalError(number, "no"), times=1)
    with pytest.raises(pymysql.OperationalError):
        tried("node1 is to lead", deed, passing=PASSING)
    assert deed.calls == ["join"]


def test_a_pod_that_cannot_leave_is_tried_all_the_same() -> None:
    deed = Deed(NOT_CONFIGURED, times=1)

    def leave() -> None:
        raise pymysql.OperationalError(2013, "Lost connection")

    tried("node1 is to begin the group", deed, undo=leave, passing=PASSING)
    assert deed.calls == ["join", "join"]


def a_pod(log: bytes | EngineError = LOG) -> FakePod:
    process = FakeProcess(started_at="2026-01-01T00:00:00.000000000Z")
    if isinstance(log, EngineError):
        process.broken = log
    else:
        process.output = log
    return FakePod(containers={"mysqld": process})


@pytest.fixture(autouse=True)
def no_error_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested, "error_log", lambda _: None)


@pytest.mark.parametrize(
    ("brought", "expected", "where"),
    [
        ({}, HarnessError, ""),
        ({"config": {"group_replication_ssl_mode": "VERIFY_CA"}}, ConfigurationError, "mysql.config"),
        ({"my_cnf": Path("my.cnf")}, ConfigurationError, "mysql.my_cnf"),
        ({"image": "mine:1", "config": {"a": 1}}, ConfigurationError, "mysql.config and mysql.image"),
    ],
)
def test_what_is_refused_is_one_line_with_mysqld_s_own_words_and_what_the_user_brought(
    brought: dict[str, Any], expected: type[Exception], where: str
) -> None:
    topology = Topology(kind="group", pods=3, **brought)
    with (
        pytest.raises(
            expected, match=r"node1 could not bootstrap the group: .*3092.*MY-011640.*Timeout on wait for view"
        ) as e,
        told_in_a_line("node1 could not bootstrap the group", a_pod(), topology),
    ):
        raise NOT_CONFIGURED
    assert "\n" not in str(e.value)
    assert where in str(e.value)


def test_of_an_error_log_that_repeats_itself_each_error_is_told_once() -> None:
    line = "2026-11-27T14:00:0{}.2Z 0 [ERROR] [MY-011735] [Repl] Plugin group_replication reported: '[GCS] {}'\n"
    words = ("Failed to verify the server certificate", "The member was unable to join the group")
    log = "".join(line.format(second, said) for second in range(9) for said in words).encode()
    assert [
        one.rpartition("[GCS] ")[2].rstrip("'") for one in last_errors(a_pod(log), Topology(kind="single", pods=1))
    ] == list(words)


def test_a_log_that_cannot_be_read_hides_no_error() -> None:
    topology = Topology(kind="single", pods=1)
    with (
        pytest.raises(HarnessError, match=r"could not be set up: .*1290"),
        told_in_a_line("node1 could not be set up", a_pod(EngineSilentError("gone")), topology),
    ):
        raise pymysql.OperationalError(1290, "--super-read-only")


class Session:
    """A connection that notes its statements; START GROUP_REPLICATION fails."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def cursor(self) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def execute(self, statement: str) -> None:
        self.said.append(statement)
        if statement.startswith("START"):
            raise NOT_CONFIGURED


def test_a_bootstrap_that_fails_leaves_no_pod_that_would_begin_a_second_group() -> None:
    session = Session()
    node = Node(
        address="198.18.0.1", seeds=[], subnet="198.18.0.0/24", group_name="g", members=3, expected=3, password="p"
    )
    with pytest.raises(pymysql.OperationalError):
        Group().join(session, node, first=True, primary=lambda: "node2")
    assert session.said[-1] == "SET GLOBAL group_replication_bootstrap_group = OFF"
