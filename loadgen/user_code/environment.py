"""Where the database is, as a user's own file finds it in its environment: names that people use, each with a value.

The look before the start sets the same names, when no database is there yet.
"""

from __future__ import annotations

from loadgen.config import LoadConfig

Variables = dict[str, str]

#: What a user's file is told of the run's own things, so that nobody else may set it.
NAMES = (
    "MYSQL_HOST",
    "MYSQL_PORT",
    "MYSQL_TCP_PORT",
    "MYSQL_USER",
    "MYSQL_PASSWORD",
    "MYSQL_PWD",
    "MYSQL_DATABASE",
    "MYSQL_READ_HOST",
    "MYSQL_READ_PORT",
    "MYSQL_READ_TCP_PORT",
)


def variables(config: LoadConfig) -> Variables:
    """Name -> value of everything in NAMES: the first endpoint is the one, where there are several."""
    host, port = config.endpoints[0]
    read_host, read_port = (config.read_endpoints or config.endpoints)[0]
    values = (
        host,
        str(port),
        str(port),
        config.user,
        config.password,
        config.password,
        config.database,
        read_host,
        str(read_port),
        str(read_port),
    )
    return dict(zip(NAMES, values, strict=True))
