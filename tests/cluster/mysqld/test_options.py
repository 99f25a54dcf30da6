"""Options as written against the variables of a server: pure, with values as MySQL 9.7 shows them."""

from __future__ import annotations

import pytest

from cluster.errors import ConfigurationError
from cluster.mysqld.minimum_version import floor, parse_version, require_version
from cluster.mysqld.mysql_image import help_values, split_defaults
from cluster.mysqld.options import Asked, Effect, Known, effects
from cluster.topologies.lookup import kinds

SHOWN = {
    "autocommit": "ON",
    "binlog_cache_size": "49152",
    "binlog_row_image": "MINIMAL",
    "character_set_server": "utf8mb3",
    "default_storage_engine": "InnoDB",
    "group_replication_member_expel_timeout": "5",
    "host_cache_size": "628",
    "innodb_buffer_pool_chunk_size": "134217728",
    "innodb_buffer_pool_instances": "1",
    "innodb_buffer_pool_size": "536870912",
    "innodb_flush_log_at_trx_commit": "1",
    "innodb_open_files": "4000",
    "log_bin": "ON",
    "log_bin_basename": "/var/lib/mysql/mysql-bin",
    "log_error": "./own.err",
    "long_query_time": "0.100000",
    "max_allowed_packet": "999424",
    "max_connections": "100000",
    "myisam_recover_options": "BACKUP,FORCE",
    "open_files_limit": "1048576",
    "optimizer_switch": "index_merge=on,mrr=off,mrr_cost_based=on",
    "pid_file": "/var/lib/mysql/own.pid",
    "slow_query_log": "OFF",
    "sql_mode": "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI",
    "time_zone": "+01:00",
    "tls_version": "TLSv1.2,TLSv1.3",
    "tmpdir": "/tmp",
    "transaction_isolation": "READ-COMMITTED",
}
#: As the image's own mysqld read what was asked for, and would have read nothing.
KNOWN = Known(
    values={
        "binlog_row_image": "MINIMAL",
        "character_set_client_handshake": "TRUE",
        "character_set_server": "utf8mb3",
        "default_time_zone": "+01:00",
        "slow_query_log": "FALSE",
        "transaction_isolation": "READ-COMMITTED",
    },
    defaults={
        "binlog_row_image": "FULL",
        "character_set_server": "utf8mb4",
        "innodb_open_files": "0",
        "transaction_isolation": "REPEATABLE-READ",
    },
)


def effect(written: str, value: str, **shown: str) -> Effect:
    """Of one option, on two pods of which the second has ``shown``."""
    asked = Asked(written=written, value=value, source="mysql.config")
    [found] = effects([asked], {"node1": SHOWN, "node2": {**SHOWN, **shown}}, KNOWN)
    return found


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("innodb_buffer_pool_size", "512M"),
        ("innodb-buffer-pool-size", "524288K"),
        ("loose_innodb_flush_log_at_trx_commit", "ON"),
        ("autocommit", "1"),
        ("autocommit", "true"),
        ("slow_query_log", "no"),
        ("skip-slow-query-log", "ON"),
        ("disable_slow_query_log", ""),
        ("enable-autocommit", "ON"),
        ("long_query_time", "0.10"),
        ("default_storage_engine", "INNODB"),
        ("transaction_isolation", "read-committed"),
        ("transaction_isolation", "1"),
        ("binlog_row_image", "0"),
        ("character_set_server", "utf8"),
        ("sql_mode", "ANSI"),
        ("sql-mode", "ansi_quotes,ANSI,PIPES_AS_CONCAT"),
        ("optimizer_switch", "mrr=off"),
        ("myisam_recover_options", "FORCE,BACKUP"),
        ("tls_version", "TLSv1.3,TLSv1.2"),
        ("tmpdir", "/tmp/"),
        ("pid_file", "own.pid"),
        ("log_bin", "/var/lib/mysql/mysql-bin.log"),
        ("log-bin", "mysql-bin"),
        ("log_error", "own"),
        ("log-error", "own.err"),
        ("log_bin", "ON"),
        ("default-time-zone", "+01:00"),
        ("host_cache_size", "-1"),
        ("innodb_open_files", "0"),
        ("open_files_limit", "65535"),
    ],
)
def test_what_is_in_effect_is_known_in_whatever_form_it_was_written(written: str, value: str) -> None:
    assert effect(written, value).wrong is None
    assert effect(written, value).effective.keys() == {"node1", "node2"}


@pytest.mark.parametrize(
    ("written", "value", "shown"),
    [
        ("innodb_buffer_pool_size", "1G", "'536870912'"),
        ("group_replication_member_expel_timeout", "0", "'5'"),
        ("loose_innodb_flush_log_at_trx_commit", "7", "'1'"),
        ("max_connections", "200000", "'100000'"),
        ("max_connections", "0", "'100000'"),
        ("max_connections", "1e999999999", "'100000'"),
        ("slow_query_log", "ON", "'OFF'"),
        ("skip_autocommit", "ON", "'ON'"),
        ("slow_query_log", "maybe", "'OFF'"),
        ("tls_version", "TLSv1.2", "'TLSv1.2,TLSv1.3'"),
        ("sql_mode", "TRADITIONAL", "ANSI'"),
        ("optimizer_switch", "mrr=on", "mrr=off"),
        ("tmpdir", "/scratch", "'/tmp'"),
        ("log_bin", "other-bin", "mysql-bin'"),
        ("skip_log_bin", "ON", "'ON'"),
    ],
)
def test_what_is_not_in_effect_is_told_with_both_values(written: str, value: str, shown: str) -> None:
    wrong = effect(written, value).wrong
    assert wrong is not None
    assert written in wrong
    assert f"asked {value!r}" in wrong
    assert "node1" in wrong
    assert shown in wrong


def test_one_pod_of_many_is_enough() -> None:
    wrong = effect("autocommit", "ON", autocommit="OFF").wrong
    assert wrong == "mysql.config: autocommit: asked 'ON', but on node2 'OFF' is in effect"


def test_an_option_that_nobody_knows_is_told_with_the_nearest_real_name() -> None:
    wrong = effect("group_replication_member_expl_timeout", "0").wrong
    assert wrong is not None
    assert "did you mean group_replication_member_expel_timeout?" in wrong
    wrong = effect("loose-innodb-flush-log-at-trx-comit", "0").wrong
    assert wrong is not None
    assert "did you mean innodb_flush_log_at_trx_commit?" in wrong


def test_an_option_that_is_no_variable_is_known_by_the_image() -> None:
    found = effect("character-set-client-handshake", "ON")
    assert found.wrong is None
    assert (found.effective, found.note) == ({}, "no global variable shows it")


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_allowed_packet", "1000000"), ("binlog_cache_size", "50000"), ("innodb_buffer_pool_size", "500M")],
)
def test_a_size_made_whole_by_less_than_a_block_is_in_effect_and_said_to_be_rounded(name: str, value: str) -> None:
    assert effect(name, value).wrong is None
    assert effect(name, value).note == "rounded by the server to whole blocks"


def test_of_one_option_the_last_wins_whatever_it_is_spelt() -> None:
    asked = [
        Asked(written="autocommit", value="OFF", source="my.cnf"),
        Asked(written="loose-autocommit", value="ON", source="mysql.config"),
    ]
    [found] = effects(asked, {"node1": SHOWN}, KNOWN)
    assert (found.wrong, found.asked.source) == (None, "mysql.config")


def test_what_mysqld_prints_of_an_option_file_is_split_at_its_options() -> None:
    printed = "--sync-binlog=0 --init_connect=SET NAMES utf8mb4 -- --skip-log-bin --sql_mode= \n"
    expected = [
        ("sync-binlog", "0"),
        ("init_connect", "SET NAMES utf8mb4 --"),
        ("skip-log-bin", None),
        ("sql_mode", ""),
    ]
    assert split_defaults(printed) == expected
    assert split_defaults("") == []


def test_the_table_at_the_end_of_mysqld_s_help_is_read() -> None:
    printed = "  --sync-binlog=#  text\nVariables (--variable-name=value)\nand boolean options\n------ -------\n"
    printed += "sync-binlog         1\nsql-mode            A,B C\nssl-ca   (No default value)\n\nTo see what values …\n"
    assert help_values(printed) == {"sync_binlog": "1", "sql_mode": "A,B C", "ssl_ca": "(No default value)"}
    assert help_values("nothing of it") == {}


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", (9, 7, 4)),
        ("mysqld  Ver 8.0.22 for Linux on x86_64 (MySQL Community Server - GPL)", (8, 0, 22)),
        ("mysqld  Ver 8.0.36-28 for Linux on x86_64 (Percona Server (GPL), Release 28, Revision 47601f19)", (8, 0, 36)),
        ("mysqld  Ver 8.0.42-0ubuntu0.24.04.1 for Linux on x86_64 ((Ubuntu))", (8, 0, 42)),
        ("mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server (GPL))", (5, 7, 44)),
    ],
)
def test_the_version_is_read_from_every_flavour(printed: str, version: tuple[int, int, int]) -> None:
    assert parse_version(printed) == version


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (
            "mysqld  Ver 10.11.6-MariaDB-1:10.11.6+maria~ubu2204 for debian-linux-gnu on x86_64",
            "MariaDB is not supported",
        ),
        ("mariadbd from 11.4.2-MariaDB, client 15.2 for debian-linux-gnu (x86_64)", "MariaDB is not supported"),
        ("postgres (PostgreSQL) 16.2", "expected a line such as"),
        ("", "got: nothing"),
    ],
)
def test_what_is_not_mysql_is_refused_by_name(printed: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"image own:1: .*{said}"):
        require_version(printed, image="own:1", kind="single")


def test_every_topology_has_its_floor_and_says_why() -> None:
    for kind in kinds():
        least = floor(kind).version
        older = (*least[:2], least[2] - 1)
        require_version(f"mysqld  Ver {'.'.join(map(str, least))} for Linux", image="own:1", kind=kind)
        with pytest.raises(ConfigurationError, match=f"topology {kind} needs .* or newer, because of "):
            require_version(f"mysqld  Ver {'.'.join(map(str, older))} for Linux", image="own:1", kind=kind)


def test_a_switchover_needs_more_of_a_group_alone() -> None:
    printed = "mysqld  Ver 8.0.28 for Linux on x86_64 (MySQL Community Server - GPL)"
    require_version(printed, image="own:1", kind="group")
    require_version(printed, image="own:1", kind="async", switchover=True)
    with pytest.raises(ConfigurationError, match=r"8\.0\.28; topology group with a switchover needs 8\.0\.29"):
        require_version(printed, image="own:1", kind="group", switchover=True)
