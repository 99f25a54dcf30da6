"""mysqld's own words, from its container's output and from its error log, without an engine."""

from __future__ import annotations

import time

import pymysql
import pytest

from cluster.errors import ConfigurationError, EngineError, NotThereError
from cluster.mysqld import requested
from cluster.mysqld.mysql_image import errors
from cluster.mysqld.mysqld_log import file_text, last_errors, login_probe, refuse_exited, refuse_without_plugins
from cluster.platform.fake import FakePod, FakeProcess
from cluster.platform.platform import RUNNING, State, exited
from cluster.topology import Topology

SINGLE = Topology(kind="single", pods=1)
BEGAN = "2026-11-27T15:05:20.000000000Z"
READY = (
    "2026-11-27T15:05:24.100000Z 0 [System] [MY-010931] [Server] mysqld: ready for connections. port: 3306  (Debian)."
)
BEFORE = READY.replace("15:05:24", "15:04:24")
WRONG = "2026-11-27T15:05:24.833704Z 1 [ERROR] [MY-011087] [Server] Different lower_case_table_names settings."
ABORTING = "2026-11-27T15:05:24.834785Z 0 [ERROR] [MY-010119] [Server] Aborting"


def fake(
    state: State = exited(1),  # noqa: B008  frozen
    *,
    output: str = "",
    files: dict[str, str] | None = None,
    broken: EngineError | None = None,
) -> FakeProcess:
    """The container of a mysqld: its state, its output, its files."""
    content = {path: text.encode() for path, text in (files or {}).items()}
    return FakeProcess(states=[state], output=output.encode(), files=content, started_at=BEGAN, broken=broken)


def pod_of(container: FakeProcess) -> FakePod:
    return FakePod(containers={"mysqld": container})


@pytest.fixture(autouse=True)
def error_log(monkeypatch: pytest.MonkeyPatch) -> dict[str, str | None]:
    """What ``log_error`` is; nothing unless a test says so."""
    chosen: dict[str, str | None] = {"file": None}
    monkeypatch.setattr(requested, "error_log", lambda _: chosen["file"])
    return chosen


def said(container: FakeProcess) -> str:
    with pytest.raises(ConfigurationError) as caught:
        refuse_exited(pod_of(container), SINGLE)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_mysqld_that_runs_is_not_refused() -> None:
    refuse_exited(pod_of(fake(RUNNING)), SINGLE)


def test_what_mysqld_says_of_its_end_is_told_and_what_says_nothing_is_not() -> None:
    told = said(fake(output=f"{WRONG}\n{ABORTING}\n"))
    assert told.endswith("It said: [ERROR] [MY-011087] [Server] Different lower_case_table_names settings.")
    assert "mysqld of node1 ended at start with code 1; see mysql.config, mysql.my_cnf" in told


@pytest.mark.parametrize("written", ["own", "own.err", "./own.err", "/var/lib/mysql/own.err"])
def test_the_words_are_found_in_the_file_that_log_error_names(error_log: dict[str, str | None], written: str) -> None:
    error_log["file"] = written
    assert "Different lower_case_table_names" in said(fake(files={"/var/lib/mysql/own.err": f"{WRONG}\n{ABORTING}\n"}))


def test_an_error_log_without_a_name_is_called_after_the_pod(error_log: dict[str, str | None]) -> None:
    error_log["file"] = ""
    assert "Different lower_case_table_names" in said(fake(files={"/var/lib/mysql/node1.err": WRONG}))


def test_a_mysqld_that_said_nothing_or_was_killed_is_told_so(error_log: dict[str, str | None]) -> None:
    assert said(fake()).endswith("It said nothing")
    assert "code 137 (killed, perhaps out of memory)" in said(fake(exited(137)))
    error_log["file"] = "/nowhere/x.log"
    assert said(fake(output="entrypoint: no such user\n")).endswith("It said: entrypoint: no such user")


def test_errors_of_an_earlier_life_are_not_told() -> None:
    old = WRONG.replace("15:05:24", "15:04:24")
    assert said(fake(output=f"{old}\n")).endswith("It said nothing")


def test_a_login_that_comes_late_is_waited_for() -> None:
    probe = login_probe(pod_of(fake(RUNNING, output=READY)), SINGLE, lambda: True)
    assert probe()


@pytest.mark.parametrize(("output", "refused"), [(READY, True), (BEFORE, False), ("", False)])
def test_a_mysqld_that_serves_and_lets_nobody_in_is_told_and_one_that_still_starts_is_not(
    monkeypatch: pytest.MonkeyPatch, output: str, refused: bool
) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)

    def no_login() -> bool:
        raise pymysql.OperationalError(2003, "Connection refused")

    probe = login_probe(pod_of(fake(RUNNING, output=output)), SINGLE, no_login)
    for now_s in (1.0, 3.0, 20.0):  # noqa: B007  read by the clock
        with pytest.raises(pymysql.OperationalError):
            probe()
    now_s = 25.0
    with pytest.raises(ConfigurationError if refused else pymysql.OperationalError, match="Connection refused"):
        probe()


def test_the_words_of_mysqld_outside_of_its_log_count_too() -> None:
    lines = ["mysqld: Can't get stat of '/nope' (OS errno 2)", ABORTING, "2026-11-27T15:05:24Z 0 [Warning] x"]
    assert errors(lines) == ["mysqld: Can't get stat of '/nope' (OS errno 2)"]


def test_a_file_that_is_not_there_is_empty() -> None:
    assert file_text(fake(), "/x/y.log") == b""


class Connection:
    """One whose server has these plugins."""

    def __init__(self, *libraries: str | None) -> None:
        self._rows = [(one,) for one in libraries]

    def cursor(self) -> Connection:
        return self

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, _: str) -> None:
        pass

    def fetchall(self) -> list[tuple[str | None]]:
        return self._rows


def test_a_plugin_that_did_not_start_is_told_with_mysqlds_words() -> None:
    arguments = ["--server-id=1", "--plugin-load-add=group_replication.so", "--plugin-load-add=mysql_clone.so"]
    pod = pod_of(fake(RUNNING, output=WRONG))
    refuse_without_plugins(Connection("group_replication.so", "mysql_clone.so", None), pod, SINGLE, arguments=arguments)
    with pytest.raises(
        ConfigurationError,
        match=r"node1 could not start group_replication\.so; see mysql\.config.*It said: .*Different",
    ):
        refuse_without_plugins(Connection("mysql_clone.so", None), pod, SINGLE, arguments=arguments)


def test_the_last_errors_of_a_mysqld_are_its_own_and_none_where_they_cannot_be_had() -> None:
    (told,) = last_errors(pod_of(fake(output="\n".join([WRONG, READY, ABORTING]))), SINGLE)
    assert "Different lower_case_table_names settings" in told, "and not that it then aborts"

    gone = fake(broken=NotThereError("removed"))
    assert last_errors(pod_of(gone), SINGLE) == []
