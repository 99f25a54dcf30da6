"""What a scenario or an option file may not set, and the words that its user reads: pure."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.mysqld.option_file import read
from cluster.mysqld.option_rules import RESERVED, SAID_AS_WELL, refused_in_file, unusable
from cluster.topology import Kind
from tests.cluster.mysqld.test_option_file import DEBIAN, written


def refused(folder: Path, line: str, *, kind: Kind = "group") -> list[str]:
    return refused_in_file(read(written(folder, f"[mysqld]\n{line}\n")).options, kind=kind)


@pytest.mark.parametrize("name", RESERVED)
def test_a_file_may_not_set_what_is_reserved_and_its_line_is_told(tmp_path: Path, name: str) -> None:
    switch = SAID_AS_WELL.get(name) == "OFF|0"
    for spelling in (name, name.replace("_", "-"), f"loose-{name}", f"loose_maximum_{name}"):
        if SAID_AS_WELL.get(name) == ".*" and "maximum" not in spelling:
            continue
        value = " = 1" if switch else " = elsewhere/1"
        [line] = refused(tmp_path, spelling + value)
        assert line.startswith(f"my.cnf:2: {spelling}: is set by meshbench itself; leave it out")


@pytest.mark.parametrize(
    "line",
    [
        "port = 3306",
        "bind-address = 0.0.0.0",
        "bind_address = *",
        "datadir = /var/lib/mysql/",
        "user = mysql",
        "gtid_mode = on",
        "log-bin",
        "log_bin = mysql-bin",
        "read_only = 0",
        "skip-super-read-only",
        "skip_networking = OFF",
        "plugin_load_add = audit.so",
        "binlog_format = ROW",
        "max_connections = 5",
    ],
)
def test_a_file_may_say_what_is_so_anyway(tmp_path: Path, line: str) -> None:
    assert refused(tmp_path, line) == []


def test_debian_s_own_file_is_refused_for_the_one_line_that_no_pod_can_have(tmp_path: Path) -> None:
    options = read(written(tmp_path, DEBIAN, "mysqld.cnf")).options
    assert refused_in_file(options, kind="single") == [
        "mysqld.cnf:10: bind-address: is set by meshbench itself; leave it out"
    ]


@pytest.mark.parametrize(
    "line",
    ["log_bin = off", "log_bin =", "log_bin = .", "log-bin = 0", "skip-log-bin", "disable_log_bin", "log_bin = /x/y"],
)
def test_the_binary_log_is_ours_and_none_is_called_off(tmp_path: Path, line: str) -> None:
    assert len(refused(tmp_path, line)) == 1


@pytest.mark.parametrize(
    ("name", "value", "kind", "says"),
    [
        ("transaction_isolation", "SERIALIZABLE", "group-multi", "error 3098"),
        ("loose-transaction-isolation", "3", "group-multi", "error 3098"),
        ("binlog_format", "STATEMENT", "group", "must be ROW"),
        ("binlog_format", "MIXED", "group-multi", "must be ROW"),
        ("skip_log_replica_updates", "", "async", "must be ON"),
        ("log_slave_updates", "OFF", "semisync", "must be ON"),
        ("persisted_globals_load", "0", "group", "come back writable"),
        ("replica_preserve_commit_order", "false", "group", "must be ON"),
        ("group_replication_communication_stack", "MYSQL", "group", "must be XCOM"),
        ("disabled_storage_engines", "MyISAM,InnoDB", "single", "must leave InnoDB"),
        ("innodb_read_only", "ON", "single", "must be OFF"),
        ("innodb_force_recovery", "1", "single", "must be 0"),
        ("skip_name_resolve", "OFF", "single", "must be ON"),
        ("disable-skip-name-resolve", "ON", "single", "must be ON"),
        ("log_error_services", "log_filter_internal; log_sink_json", "single", "must have log_sink_internal"),
    ],
)
def test_what_no_run_of_a_topology_works_with_is_refused_with_the_reason(
    name: str, value: str, kind: Kind, says: str
) -> None:
    why = unusable(name, value, kind=kind)
    assert why is not None
    assert says in why


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("transaction_isolation", "SERIALIZABLE", "group"),
        ("transaction_isolation", "REPEATABLE-READ", "group-multi"),
        ("binlog_format", "ROW", "group"),
        ("group_replication_communication_stack", "xcom", "group"),
        ("group_replication_communication_stack", "MYSQL", "async"),
        ("binlog_format", "STATEMENT", "async"),
        ("log_replica_updates", "OFF", "single"),
        ("log_replica_updates", "ON", "group"),
        ("disabled_storage_engines", "MyISAM,BLACKHOLE", "group"),
        ("innodb_force_recovery", "0", "single"),
        ("log_error_services", "log_filter_internal; log_sink_internal; log_sink_json", "single"),
        ("sql_require_primary_key", "ON", "group"),
    ],
)
def test_what_works_there_is_taken(name: str, value: str, kind: Kind) -> None:
    assert unusable(name, value, kind=kind) is None


def test_statement_format_is_refused_where_the_load_s_level_makes_every_write_fail() -> None:
    why = unusable("binlog_format", "STATEMENT", kind="async", isolation="read-committed")
    assert why is not None
    assert "error 1665" in why
    assert unusable("binlog_format", "STATEMENT", kind="async", isolation="repeatable-read") is None
