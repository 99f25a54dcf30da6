"""Whether an image's MySQL is new enough for a topology (`Replication.needs`)."""

from __future__ import annotations

import re

from cluster.errors import ConfigurationError
from cluster.topologies.lookup import replication_of
from cluster.topologies.requirements import Floor, Version


def floor(kind: str, *, switchover: bool = False) -> Floor:
    """What a topology needs. switchover: whether its primary is to be changed as planned."""
    replication = replication_of(kind)
    return replication.switchover_needs if switchover else replication.needs


def parse_version(printed: str) -> Version:
    """(8, 0, 36) from what ``mysqld --version`` printed, of MySQL or Percona Server; raises ConfigurationError."""
    if "mariadb" in printed.lower():
        raise ConfigurationError(f"MariaDB is not supported, only MySQL is: {_brief(printed)}")
    found = re.search(r"\bVer (\d+)\.(\d+)\.(\d+)", printed)
    if found is None:
        raise ConfigurationError(f"expected a line such as 'mysqld  Ver 8.4.3 for Linux', got: {_brief(printed)}")
    major, minor, patch = (int(part) for part in found.groups())
    return major, minor, patch


def require_version(printed: str, *, image: str, kind: str, switchover: bool = False) -> None:
    """Raise ConfigurationError when an image is too old for a topology. printed: by its ``mysqld --version``."""
    try:
        version = parse_version(printed)
    except ConfigurationError as error:
        raise ConfigurationError(f"image {image}: {error}") from None
    least = floor(kind, switchover=switchover)
    if version < least.version:
        what = f"topology {kind}" + (" with a switchover" if least is not floor(kind) else "")
        raise ConfigurationError(
            f"image {image} has MySQL {_dotted(version)}; {what} needs {_dotted(least.version)} or newer, "
            f"because of {least.why}"
        )


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def _brief(printed: str) -> str:
    return (printed.strip().splitlines() or ["nothing"])[0][:120]
