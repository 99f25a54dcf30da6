"""Names of options, in every spelling that mysqld takes, and the nearest real one: pure."""

from __future__ import annotations

import pytest

from cluster.mysqld.option_names import OLDER, Meaning, canonical, meaning, nearest, no_such
from cluster.mysqld.option_rules import RESERVED, reserved

NAMES = {
    "binlog_expire_logs_seconds",
    "group_replication_consistency",
    "gtid_mode",
    "host_cache_size",
    "innodb_redo_log_capacity",
    "log_replica_updates",
    "replica_net_timeout",
    "rpl_semi_sync_source_timeout",
    "skip_name_resolve",
    "skip_networking",
    "slow_query_log",
    "sort_buffer_size",
    "transaction_isolation",
}


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize(
    "spelling",
    ["{}", "loose_{}", "loose-loose-{}", "skip_{}", "loose-skip-{}", "disable_{}", "enable_{}", "maximum-{}"],
)
def test_no_spelling_gets_around_what_is_reserved(name: str, spelling: str) -> None:
    for one in (spelling.format(name), spelling.format(name.replace("_", "-")), spelling.format(name.upper())):
        assert reserved(canonical(one), "")


def test_other_names_are_not_reserved() -> None:
    for name in ("skip_name_resolve", "report_user", "port_open_timeout", "loose_server_id_bits", "log_bin_index"):
        assert not reserved(canonical(name), "ON")


@pytest.mark.parametrize(
    ("name", "value", "means"),
    [
        ("slow_query_log", "ON", Meaning("slow_query_log", "ON")),
        ("skip_slow_query_log", "ON", Meaning("slow_query_log", "OFF")),
        ("skip_slow_query_log", "0", Meaning("slow_query_log", "ON")),
        ("skip_slow_query_log", "off", Meaning("slow_query_log", "OFF")),  # as mysqld: it heeds nothing but 0
        ("disable_slow_query_log", "", Meaning("slow_query_log", "OFF")),
        ("enable_slow_query_log", "OFF", Meaning("slow_query_log", "ON")),
        ("skip_loose_slow_query_log", "ON", Meaning("slow_query_log", "OFF")),
        ("skip_networking", "0", Meaning("skip_networking", "0")),  # an option of its own, not networking's opposite
        ("maximum_sort_buffer_size", "1M", Meaning("sort_buffer_size", "1M", maximum=True)),
        ("gtid_mod", "ON", None),  # mysqld takes no abbreviation
        ("skip_nothing", "ON", None),
    ],
)
def test_a_prefix_means_what_it_means_to_mysqld(name: str, value: str, means: Meaning | None) -> None:
    assert meaning(name, value, NAMES) == means


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("rpl_semi_sync_master_timeout", "rpl_semi_sync_source_timeout"),
        ("group_replication_consistancy", "group_replication_consistency"),
        ("slave_net_timeout", "replica_net_timeout"),
        ("log_slave_updates", "log_replica_updates"),
        ("gtid_mod", "gtid_mode"),
        ("tx_isolation", "transaction_isolation"),
        ("expire_logs_days", "binlog_expire_logs_seconds"),
        ("innodb_log_file_size", "innodb_redo_log_capacity"),
        ("skip_host_cache", "host_cache_size"),
        ("query_cache_size", None),  # nothing has its place, and what looks like it would mislead
        ("zzz", None),
    ],
)
def test_the_nearest_real_name_of_one_that_is_none(name: str, near: str | None) -> None:
    assert nearest(name, NAMES) == near


def test_a_removed_option_and_a_missing_component_are_called_that() -> None:
    assert no_such("query_cache_size", NAMES) == "this MySQL has no such option any more"
    assert no_such("tx_isolation", NAMES).endswith("any more; did you mean transaction_isolation?")
    assert "component validate_password is not installed" in no_such("validate_password.policy", NAMES)
    assert not set(OLDER) & {one for one in OLDER.values() if one}
