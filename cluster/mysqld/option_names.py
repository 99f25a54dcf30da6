"""The names of mysqld's options: in which spellings it takes them, and the nearest real one to a name that is none.

mysqld takes ``-`` for ``_``, and in front of a name, also several: loose, skip, disable, enable, maximum. It takes no
capitals, and no abbreviation. MySQL reference manual, "Program Option Modifiers". All functions are pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import NamedTuple

#: Written at the option's front: mysqld takes the option, or forgets it with a warning when it does not know it.
LOOSE = "loose_"
#: Option prefix -> the value it stands for.
SWITCHES = {"skip_": "OFF", "disable_": "OFF", "enable_": "ON"}
#: Sets the most that a session may have, and not the option itself.
MAXIMUM = "maximum_"
#: Names of older versions -> what has their place, or None. MySQL reference manual, "Options and Variables Introduced,
#: Deprecated, or Removed", 8.0 to 9.7.
OLDER: dict[str, str | None] = {
    "avoid_temporal_upgrade": None,
    "binlog_transaction_dependency_tracking": None,
    "default_authentication_plugin": "authentication_policy",
    "expire_logs_days": "binlog_expire_logs_seconds",
    "group_replication_ip_whitelist": "group_replication_ip_allowlist",
    "innodb_file_format": None,
    "innodb_large_prefix": None,
    "innodb_log_file_size": "innodb_redo_log_capacity",
    "innodb_log_files_in_group": "innodb_redo_log_capacity",
    "innodb_undo_logs": None,
    "key_buffer": "key_buffer_size",
    "language": "lc_messages_dir",
    "log_bin_use_v1_row_events": None,
    "log_slow_queries": "slow_query_log",
    "log_warnings": "log_error_verbosity",
    "master_info_file": None,
    "master_info_repository": None,
    "max_tmp_tables": None,
    "multi_range_count": None,
    "old_passwords": None,
    "query_cache_limit": None,
    "query_cache_min_res_unit": None,
    "query_cache_size": None,
    "query_cache_type": None,
    "relay_log_info_file": None,
    "relay_log_info_repository": None,
    "secure_auth": None,
    "show_compatibility_56": None,
    "skip_host_cache": "host_cache_size",
    "storage_engine": "default_storage_engine",
    "sync_frm": None,
    "table_cache": "table_open_cache",
    "thread_cache": "thread_cache_size",
    "thread_concurrency": "innodb_thread_concurrency",
    "transaction_write_set_extraction": None,
    "tx_isolation": "transaction_isolation",
    "tx_read_only": "transaction_read_only",
}
#: Words of which MySQL 8 and later made others.
_RENAMED = (("master", "source"), ("slave", "replica"), ("whitelist", "allowlist"))


class Meaning(NamedTuple):
    """variable: the option that is meant. value: what it is set to. maximum: only the most that a session may have."""

    variable: str
    value: str
    maximum: bool = False


def canonical(written: str) -> str:
    """``loose-slow-query_log`` -> ``slow_query_log``: with underscores, and without ``loose_``."""
    name = written.lower().replace("-", "_")
    while name.startswith(LOOSE):
        name = name.removeprefix(LOOSE)
    return name


def meaning(name: str, value: str, names: Collection[str]) -> Meaning | None:
    """What an option in its canonical name says: ``skip_slow_query_log`` is ``slow_query_log`` OFF; None: no such name.

    Of skip and its like only the value 0 turns the sense around: mysqld heeds no other.
    """
    rest, maximum, off = name, False, None
    while rest not in names:
        prefix = next((one for one in (*SWITCHES, LOOSE, MAXIMUM) if rest.startswith(one)), None)
        if prefix is None:
            return None
        rest = rest.removeprefix(prefix)
        maximum = maximum or prefix == MAXIMUM
        if prefix in SWITCHES:
            off = SWITCHES[prefix] == "OFF"
    if off is not None:
        value = "OFF" if off != (value == "0") else "ON"
    return Meaning(rest, value, maximum)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The real name that is meant most likely: the newer one of an old name, one that begins so, or one alike."""
    known = sorted(names)
    newer = name
    for old, new in _RENAMED:
        newer = newer.replace(old, new)
    if OLDER.get(name, newer) in known:
        return OLDER.get(name, newer)
    if name in OLDER:
        return None
    longer = [one for one in known if one.startswith(newer)]
    found = longer if len(longer) == 1 else difflib.get_close_matches(newer, known, n=1, cutoff=0.75)
    return found[0] if found else None


def no_such(name: str, names: Collection[str]) -> str:
    """Why a canonical name is none, with the nearest real one."""
    if "." in name:
        component = name.partition(".")[0]
        return f"this MySQL has no such option; its component {component} is not installed in the image"
    near = nearest(name, names)
    why = "this MySQL has no such option" + (" any more" if name in OLDER else "")
    return f"{why}; did you mean {near}?" if near else why
