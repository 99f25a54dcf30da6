"""How a pod's mysqld is started and first set up: its command line, its users, its errors."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from cluster import options, session
from cluster.errors import ConfigurationError
from cluster.pod import Pod
from cluster.topology import Topology

USER_CNF = "/etc/meshbench-user.cnf"
DATABASE = "meshbench"
PORT = 3306
#: The user of the load, and of the set-up through the mesh: as an application's, with no privilege beyond its database.
APPLICATION = "meshbench_app"
#: Of one of our other users on a server: far more than it needs, whatever max_user_connections is for others.
SESSIONS_MAX = 1000
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
    """With a capital, a small letter, a digit and a sign, which validate_password may ask for; 32 characters, which is
    the most that a replication user may have."""
    return f"Aa0-{secrets.token_hex(14)}"


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
    """A session of ours from the host into the run's network, autocommit."""
    return session.connect(host=host, port=port, user=user, password=password, timeout_s=timeout_s, database=database)


def create_database(cursor: Any, name: str = DATABASE) -> None:
    """Create the database of a run, where there is none: its text is utf8mb4 whatever the server's default is."""
    cursor.execute(f"CREATE DATABASE IF NOT EXISTS {name} {session.TEXT}")


def create_users(connection: Any, credentials: Credentials, *, group: bool) -> None:
    """The run's accounts, on this pod only: nothing of it enters the binary log, so all pods start with equal GTIDs."""
    stream = ", GROUP_REPLICATION_STREAM" if group else ""  # which no MySQL before 8.0.27 knows
    grants: Mapping[str, tuple[str, list[str]]] = {
        APPLICATION: (credentials.app, [f"ALL ON {DATABASE}.*"]),
        # CONNECTION_ADMIN: ours get in when the load has used up max_connections, and init_connect is not for them
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
            limit = "" if user == APPLICATION else f" WITH MAX_USER_CONNECTIONS {SESSIONS_MAX}"
            cursor.execute(f"CREATE USER IF NOT EXISTS {user}@'%%' IDENTIFIED BY %s{limit}", (password,))
            for privilege in privileges:
                cursor.execute(f"GRANT {privilege} TO {user}@'%'")
        cursor.execute("SET SESSION sql_log_bin = 1")


def refuse_exited(pod: Pod) -> None:
    """Raise ConfigurationError with mysqld's own words when its container has ended instead of starting."""
    container = pod.containers["mysqld"]
    container.reload()
    if container.status in ("created", "running"):
        return
    code = container.attrs["State"]["ExitCode"]
    raise ConfigurationError(f"mysqld of {pod.name} ended at start with code {code}; {_said(container)}")


def refuse_without_plugins(connection: Any, pod: Pod, arguments: Iterable[str]) -> None:
    """Raise ConfigurationError with mysqld's own words when it serves without a plugin that its arguments load: it goes
    on without, and replication then ends in an unknown variable."""
    wanted = [one.partition("=")[2] for one in arguments if one.startswith("--plugin-load-add=")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT PLUGIN_LIBRARY FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE'")
        active = {row[0] for row in cursor.fetchall()}
    missing = [library for library in wanted if library not in active]
    if missing:
        what = f"mysqld of {pod.name} could not start {', '.join(missing)}"
        raise ConfigurationError(f"{what}; {_said(pod.containers['mysqld'])}")


def _said(container: Any) -> str:
    """Where to look, and mysqld's first two errors; its last line where it names none."""
    printed = container.logs(tail=200).decode(errors="replace").splitlines()
    errors = [re.sub(r"^\S+ \d+ ", "", line) for line in printed if "[ERROR]" in line] or printed[-1:]
    return f"see mysql.config and mysql.my_cnf of the scenario. It said: {' | '.join(errors[:2])}"
