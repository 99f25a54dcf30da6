"""Which MySQL each topology needs at least, and why: the newest thing that our statements and options use there.

The versions are those that the MySQL 8.0 reference manual gives for each statement, option, privilege and function.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cluster.errors import ConfigurationError
from cluster.topology import Kind, is_group

Version = tuple[int, int, int]


class Floor(NamedTuple):
    version: Version
    why: str


FLOORS: dict[Kind, Floor] = {
    "single": Floor((8, 0, 19), "the table constructor VALUES ROW(), in the workload tpcc"),
    "async": Floor((8, 0, 26), "the options skip_replica_start and replica_net_timeout"),
    "semisync": Floor((8, 0, 26), "the plugin semisync_source.so"),
    "group": Floor((8, 0, 27), "the privilege GROUP_REPLICATION_STREAM"),
    "group-multi": Floor((8, 0, 27), "the privilege GROUP_REPLICATION_STREAM"),
}
#: A planned change of a group's primary.
SWITCHOVER = Floor((8, 0, 29), "group_replication_set_as_primary with a timeout")


def floor(kind: Kind, *, switchover: bool = False) -> Floor:
    """What a topology needs. switchover: whether its primary is to be changed as planned."""
    return SWITCHOVER if switchover and is_group(kind) else FLOORS[kind]


def parse_version(printed: str) -> Version:
    """(8, 0, 36) from what ``mysqld --version`` printed, of MySQL or Percona Server; raises ConfigurationError."""
    if "mariadb" in printed.lower():
        raise ConfigurationError(f"MariaDB is not supported, only MySQL is: {_brief(printed)}")
    found = re.search(r"\bVer (\d+)\.(\d+)\.(\d+)", printed)
    if found is None:
        raise ConfigurationError(f"expected a line such as 'mysqld  Ver 8.4.3 for Linux', got: {_brief(printed)}")
    major, minor, patch = (int(part) for part in found.groups())
    return major, minor, patch


def require_version(printed: str, *, image: str, kind: Kind, switchover: bool = False) -> None:
    """Raise ConfigurationError when an image is too old for a topology. printed: by its ``mysqld --version``."""
    try:
        version = parse_version(printed)
    except ConfigurationError as error:
        raise ConfigurationError(f"image {image}: {error}") from None
    least = floor(kind, switchover=switchover)
    if version < least.version:
        what = f"topology {kind}" + (" with a switchover" if least is SWITCHOVER else "")
        raise ConfigurationError(
            f"image {image} has MySQL {_dotted(version)}; {what} needs {_dotted(least.version)} or newer, "
            f"because of {least.why}"
        )


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def _brief(printed: str) -> str:
    return (printed.strip().splitlines() or ["nothing"])[0][:120]
