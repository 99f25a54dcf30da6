"""How a pod's mysqld is started and first set up: its command line, its users, its errors."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from docker.errors import DockerException

from cluster import options, poller
from cluster.errors import ConfigurationError
from cluster.pod import Pod
from cluster.topology import Topology

USER_CNF = "/etc/meshbench-user.cnf"
DATABASE = "meshbench"
PORT = 3306
#: mysqld options that meshbench must set itself, at start or later (roles change), so that a scenario may not.
RESERVED = (
    "server_id",
    "report_host",
    "gtid_mode",
    "enforce_gtid_consistency",
    "port",
    "datadir",
    "plugin_load_add",
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
)
#: Of those, what an option file may say as well, because it is what meshbench sets.
SAID_AS_WELL = {"gtid_mode": "ON", "enforce_gtid_consistency": "ON", "port": "3306", "datadir": "/var/lib/mysql"}
#: Plugins' options are unknown while an image initialises its data directory: loose_ lets that pass.
PLUGIN_PREFIXES = ("group_replication_", "rpl_semi_sync_", "clone_")


def _password() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Passwords of one run, random, by user. app: the load. watch: agents, observer. repl: replication. control: the
    control plane."""

    root: str = field(default_factory=_password, repr=False)
    app: str = field(default_factory=_password, repr=False)
    watch: str = field(default_factory=_password, repr=False)
    repl: str = field(default_factory=_password, repr=False)
    control: str = field(default_factory=_password, repr=False)

    def secrets(self) -> list[str]:
        """All of them, to be blotted out of logs."""
        return [getattr(self, one.name) for one in fields(self)]


def command(topology: Topology, *, index: int, name: str, own: Iterable[str] = ()) -> list[str]:
    """mysqld's arguments: the user's file, what meshbench needs, ``own`` (replication), the scenario's config."""
    first = [f"--defaults-extra-file={USER_CNF}"] if topology.my_cnf else []
    return [
        *first,
        f"--server-id={index + 1}",
        f"--report-host={name}",
        "--gtid-mode=ON",
        "--enforce-gtid-consistency=ON",
        "--skip-name-resolve=ON",
        "--secure-file-priv=",
        *own,
        *config_arguments(topology.config),
    ]


def config_arguments(config: Mapping[str, str | int | float | bool]) -> list[str]:
    """The scenario's options as they stand on the command line."""
    return [_option(key.replace("-", "_"), options.written_value(value)) for key, value in config.items()]


def _option(name: str, value: str) -> str:
    loose = options.LOOSE if name.startswith(PLUGIN_PREFIXES) else ""
    return f"--{loose}{name}={value}"


def reserved(name: str, value: str) -> bool:
    """Whether an option, in its canonical name (`options.canonical`), is one of RESERVED, ``skip_`` and its kin too."""
    found = options.meaning(name, value, RESERVED)
    return found is not None and found[0] in RESERVED


def connect(
    host: str, *, user: str, password: str, port: int = PORT, timeout_s: float = 10, database: str | None = None
) -> Any:
    """A plain PyMySQL connection from the host into the run's network, autocommit."""
    return poller.connect(host=host, port=port, user=user, password=password, timeout_s=timeout_s, database=database)


def create_users(connection: Any, credentials: Credentials, *, group: bool) -> None:
    """The run's accounts, on this pod only: nothing of it enters the binary log, so all pods start with equal GTIDs."""
    stream = ", GROUP_REPLICATION_STREAM" if group else ""  # which no MySQL before 8.0.27 knows
    grants: Mapping[str, tuple[str, list[str]]] = {
        "meshbench_app": (credentials.app, [f"ALL ON {DATABASE}.*"]),
        # CONNECTION_ADMIN: the agent must get in when the load has used up max_connections
        "meshbench_watch": (
            credentials.watch,
            [
                # SYSTEM_VARIABLES_ADMIN: the agent of a primary that has lost its lease fences it
                "REPLICATION CLIENT, CONNECTION_ADMIN, SYSTEM_VARIABLES_ADMIN ON *.*",
                "SELECT ON performance_schema.*",
            ],
        ),
        "meshbench_control": (
            credentials.control,
            [
                "REPLICATION CLIENT, REPLICATION_SLAVE_ADMIN, GROUP_REPLICATION_ADMIN, CONNECTION_ADMIN,"
                " SYSTEM_VARIABLES_ADMIN, PERSIST_RO_VARIABLES_ADMIN, RELOAD, CLONE_ADMIN ON *.*",
                "SELECT ON performance_schema.*",
            ],
        ),
        "meshbench_repl": (
            credentials.repl,
            [f"REPLICATION SLAVE, CONNECTION_ADMIN, BACKUP_ADMIN{stream} ON *.*"],
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_log_bin = 0")
        for user, (password, privileges) in grants.items():
            cursor.execute(f"CREATE USER IF NOT EXISTS {user}@'%%' IDENTIFIED BY %s", (password,))
            for privilege in privileges:
                cursor.execute(f"GRANT {privilege} TO {user}@'%'")
        cursor.execute("SET SESSION sql_log_bin = 1")


def said_errors(pod: Pod) -> list[str]:
    """The last errors that a pod's mysqld wrote to its container's log, each once, at most six, oldest first."""
    try:
        printed = pod.containers["mysqld"].logs(tail=200).decode(errors="replace").splitlines()
    except (DockerException, OSError):
        return []
    errors = [re.sub(r"^\S+ \d+ ", "", line)[:200] for line in reversed(printed) if "[ERROR]" in line]
    return list(dict.fromkeys(errors))[:6][::-1]  # what came of an error repeats itself beside it


def refuse_exited(pod: Pod) -> None:
    """Raise ConfigurationError with mysqld's own words when its container has ended instead of starting."""
    container = pod.containers["mysqld"]
    container.reload()
    if container.status in ("created", "running"):
        return
    printed = container.logs(tail=200).decode(errors="replace").splitlines()
    errors = [re.sub(r"^\S+ \d+ ", "", line) for line in printed if "[ERROR]" in line] or printed[-1:]
    raise ConfigurationError(
        f"mysqld of {pod.name} ended at start with code {container.attrs['State']['ExitCode']}; see mysql.config and "
        f"mysql.my_cnf of the scenario. It said: {' | '.join(errors[:2])}"
    )
