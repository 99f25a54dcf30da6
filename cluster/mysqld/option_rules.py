"""mysqld options that a scenario or an option file may not set: meshbench sets them, or no run could work with them.

What a session can set for itself is not here: our own sessions do. Each line of `RULES` has the reason that a user
reads. Pure, so that all of it is told before anything starts; spellings are `cluster.mysqld.option_names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cluster.mysqld.option_file import FileOption
from cluster.mysqld.option_names import Meaning, canonical, meaning
from cluster.mysqld.options import normal
from cluster.topologies.lookup import REPLICATIONS, replication_of
from cluster.topologies.requirements import OptionRule, off

#: What meshbench must set itself, at start or later (roles change), and what a server in a pod cannot be told.
RESERVED = (
    "server_id",
    "report_host",
    "report_port",
    "gtid_mode",
    "enforce_gtid_consistency",
    "port",
    "bind_address",
    "skip_networking",
    "skip_grant_tables",
    "datadir",
    "user",
    "log_bin",
    "init_file",
    "plugin_load",
    "plugin_load_add",
    "clone",
    "group_replication",
    "rpl_semi_sync_source",
    "rpl_semi_sync_replica",
    "group_replication_group_name",
    "group_replication_local_address",
    "group_replication_group_seeds",
    "group_replication_ip_allowlist",
    "group_replication_start_on_boot",
    "group_replication_bootstrap_group",
    "group_replication_single_primary_mode",
    "group_replication_enforce_update_everywhere_checks",
    "read_only",
    "super_read_only",
    "offline_mode",
    "skip_replica_start",
    "skip_slave_start",
    "rpl_semi_sync_source_enabled",
    "rpl_semi_sync_replica_enabled",
    "group_replication_force_members",
    "clone_valid_donor_list",
    "chroot",
    "daemonize",
    "defaults_extra_file",
    "defaults_file",
    "defaults_group_suffix",
    "help",
    "initialize",
    "initialize_insecure",
    "keyring_migration_destination",
    "keyring_migration_from_component",
    "keyring_migration_host",
    "keyring_migration_password",
    "keyring_migration_port",
    "keyring_migration_socket",
    "keyring_migration_source",
    "keyring_migration_to_component",
    "keyring_migration_user",
    "login_path",
    "no_defaults",
    "print_defaults",
    "validate_config",
    "verbose",
    "version",
)
RESERVED_WHY = "is set by meshbench itself; leave it out"
#: Of those, what an option file may say as well, because it is what a pod has or comes to the same, as patterns.
SAID_AS_WELL = {
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON|1",
    "read_only": "OFF|0",
    "super_read_only": "OFF|0",
    "offline_mode": "OFF|0",
    "port": "3306",
    "report_port": "3306",
    "bind_address": r"\*|::|0\.0\.0\.0",
    "datadir": "/var/lib/mysql/?",
    "user": "mysql",
    "log_bin": r"(?!(?:on|off|true|false|yes|no|[01])$)\w[\w.-]*",  # a name for its files, but not one named OFF
    "skip_networking": "OFF|0",
    "skip_grant_tables": "OFF|0",
    "plugin_load_add": ".*",  # beside ours
}


def _on(value: str) -> bool:
    return value != "0"


#: In every topology; what else one cannot work with it says itself (`Replication.option_rules`).
RULES = (
    OptionRule("skip_name_resolve", off, "must be ON: pods have no DNS, and each login would wait for it"),
    OptionRule(
        "disabled_storage_engines",
        lambda value: "innodb" in value.split(","),
        "must leave InnoDB: the tables of every workload are in it",
    ),
    OptionRule("innodb_read_only", _on, "must be OFF: no node could accept a write"),
    OptionRule("innodb_force_recovery", _on, "must be 0: InnoDB refuses writes otherwise"),
    OptionRule(
        "log_error_services",
        lambda value: "log_sink_internal" not in value,
        "must have log_sink_internal: mysqld's errors could not be read otherwise",
    ),
)
#: Levels of which MySQL refuses every write under binlog_format=STATEMENT.
_ROW_LEVELS = ("read-uncommitted", "read-committed")


def reserved(name: str, value: str) -> bool:
    """Whether an option, in its canonical name, is one of RESERVED, in any of mysqld's spellings."""
    return meaning(name, value, RESERVED) is not None


def ruled() -> set[str]:
    """The names of the options that some topology has a rule for."""
    of_topologies = [rule for replication in REPLICATIONS.values() for rule in replication.option_rules]
    return {rule.option for rule in (*RULES, *of_topologies)}


def unusable(written: str, value: str, *, kind: str, isolation: str | None = None) -> str | None:
    """Why no run of a topology works with an option that is not reserved, or None. isolation: of the load, if ours."""
    found = meaning(canonical(written), value, ruled())
    if found is not None and not found.maximum:
        for rule in (*RULES, *replication_of(kind).option_rules):
            if rule.option == found.variable and rule.wrong(normal(found.value)):
                return rule.why
        if found.variable == "binlog_format" and normal(value) in ("statement", "1") and isolation in _ROW_LEVELS:
            return (
                f"STATEMENT cannot work with mysql.isolation {isolation}: MySQL refuses every write of such a session "
                "with error 1665"
            )
    return None


def refused_in_file(options: Iterable[FileOption], *, kind: str, isolation: str | None = None) -> list[str]:
    """A line for every option of a file that cannot be: ``my.cnf:12: port: is set by meshbench itself; leave it out``.

    isolation: of the load's sessions, None where they are not ours to set.
    """
    found = list[str]()
    for one in options:
        why = unusable(one.name, one.given, kind=kind, isolation=isolation)
        said = meaning(canonical(one.name), one.given, RESERVED)
        if said is not None and not _comes_to_the_same(one, said):
            why = RESERVED_WHY
            why += ". Others may be added with plugin_load_add" if said.variable == "plugin_load" else ""
        if why:
            found.append(f"{one.where}: {one.name}: {why}")
    return found


def _comes_to_the_same(one: FileOption, said: Meaning) -> bool:
    if said.variable == canonical(one.name) == "log_bin" and one.value is None:
        return True  # a binary log, by its default name
    allowed = SAID_AS_WELL.get(said.variable)
    return allowed is not None and not said.maximum and re.fullmatch(allowed, said.value, re.IGNORECASE) is not None
