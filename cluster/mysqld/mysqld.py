"""How a pod's mysqld is started and first set up: its command line, its users, its errors."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from cluster import session
from cluster.mysqld import options
from cluster.mysqld.option_file import read
from cluster.mysqld.option_names import LOOSE, canonical
from cluster.mysqld.option_rules import reserved
from cluster.topology import Topology

USER_CNF = "/etc/meshbench-user.cnf"
DATABASE = "meshbench"
PORT = 3306
#: The user of the load, and of the set-up through the mesh: as an application's, with no privilege beyond its database.
APPLICATION = "meshbench_app"
#: Of the sessions with which a fault takes connections away: it may do nothing, and have as many as the server lets in.
IDLE = "meshbench_idle"
IDLE_SESSIONS_MAX = 100_000
#: Of one of our other users on a server: far more than it needs, whatever max_user_connections is for others.
SESSIONS_MAX = 1000
#: Options of plugins, and of components (with a dot), are unknown while an image initialises its data directory:
#: loose_ lets that pass.
PLUGIN_PREFIXES = ("group_replication_", "rpl_semi_sync_", "clone_")


def _password() -> str:
    """With a capital, a small letter, a digit and a sign, which validate_password may ask for; 32 characters, which is
    the most that a replication user may have."""
    return f"Aa0-{secrets.token_hex(14)}"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Passwords of one run, random, by user. app: the load. watch: agents, observer. repl: replication. control: the
    control plane. idle: sessions of a fault."""

    root: str = field(default_factory=_password, repr=False)
    app: str = field(default_factory=_password, repr=False)
    watch: str = field(default_factory=_password, repr=False)
    repl: str = field(default_factory=_password, repr=False)
    control: str = field(default_factory=_password, repr=False)
    idle: str = field(default_factory=_password, repr=False)

    def secrets(self) -> list[str]:
        """All of them, to be blotted out of logs."""
        return [getattr(self, one.name) for one in fields(self)]


#: What the user's options may change.
DEFAULTS = ("--skip-name-resolve=ON", "--secure-file-priv=")


def command(topology: Topology, *, index: int, name: str, own: Iterable[str] = ()) -> list[str]:
    """mysqld's arguments: the user's file, what meshbench needs, ``own`` (replication), the scenario's config, and what
    its extras need."""
    soft, hard = _by_weight([*DEFAULTS, *own])
    first = [f"--defaults-extra-file={USER_CNF}"] if topology.my_cnf else soft
    return [
        *first,
        f"--server-id={index + 1}",
        f"--report-host={name}",
        "--gtid-mode=ON",
        "--enforce-gtid-consistency=ON",
        *hard,
        *config_arguments(topology.config),
        *(option for extra in topology.extras for option in extra.options),
    ]


def user_file(topology: Topology, *, own: Iterable[str] = ()) -> bytes | None:
    """The user's option file as it goes into a pod, after those of our options that it may change; None: there is none.

    own: as for `command`. Raises ConfigurationError.
    """
    if topology.my_cnf is None:
        return None
    soft, _ = _by_weight([*DEFAULTS, *own])
    return (
        "\n".join(["[mysqld]", *(one.removeprefix("--") for one in soft), ""]).encode() + read(topology.my_cnf).content
    )


def _by_weight(arguments: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those of our arguments that the user's may change, and those that stand whatever a file says."""
    soft, hard = list[str](), list[str]()
    for one in arguments:
        name, _, value = one.removeprefix("--").partition("=")
        (hard if reserved(canonical(name), value) else soft).append(one)
    return soft, hard


def config_arguments(config: Mapping[str, str | int | float | bool]) -> list[str]:
    """The scenario's options as they stand on the command line."""
    return [_option(key.replace("-", "_"), options.written_value(value)) for key, value in config.items()]


def _option(name: str, value: str) -> str:
    loose = LOOSE if name.startswith(PLUGIN_PREFIXES) or "." in name else ""
    return f"--{loose}{name}={value}"


def connect(
    host: str, *, user: str, password: str, port: int = PORT, timeout_s: float = 10, database: str | None = None
) -> Any:
    """A session of ours from the host into the run's network, autocommit."""
    return session.connect(host=host, port=port, user=user, password=password, timeout_s=timeout_s, database=database)


def create_database(cursor: Any, name: str = DATABASE) -> None:
    """Create the database of a run, where there is none: its text is utf8mb4 whatever the server's default is."""
    cursor.execute(f"CREATE DATABASE IF NOT EXISTS {name} {session.TEXT}")


def create_users(connection: Any, credentials: Credentials, *, replication_privileges: Iterable[str] = ()) -> None:
    """The run's accounts, on this pod only: nothing of it enters the binary log, so all pods start with equal GTIDs."""
    replicate = ", ".join(["REPLICATION SLAVE", "CONNECTION_ADMIN", "BACKUP_ADMIN", *replication_privileges])
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
            [f"{replicate} ON *.*"],
        ),
        IDLE: (credentials.idle, []),
    }
    most = {IDLE: IDLE_SESSIONS_MAX}
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION sql_log_bin = 0")
        for user, (password, privileges) in grants.items():
            limit = "" if user == APPLICATION else f" WITH MAX_USER_CONNECTIONS {most.get(user, SESSIONS_MAX)}"
            cursor.execute(f"CREATE USER IF NOT EXISTS {user}@'%%' IDENTIFIED BY %s{limit}", (password,))
            for privilege in privileges:
                cursor.execute(f"GRANT {privilege} TO {user}@'%'")
        cursor.execute("SET SESSION sql_log_bin = 1")
