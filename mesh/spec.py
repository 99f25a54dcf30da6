"""What stands in front of the pods, as a scenario names it, and the shape every running mesh has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Mode = Literal["direct", "gateway"]
Address = tuple[str, int]

WRITE_PORT = 3306
READ_PORT = 3307


@dataclass(frozen=True, kw_only=True)
class MeshSpec:
    """mode: ``direct`` (clients know every pod) or ``gateway`` (one proxy pod).

    check_interval_s: seconds between active health checks of one endpoint.
    check_timeout_s: an answer later than this is a failed check.
    fall: failed checks in a row before an endpoint is out; rise: good ones before it is in.
    """

    mode: Mode
    check_interval_s: float = 0.25
    check_timeout_s: float = 1.0
    fall: int = 2
    rise: int = 1


class Mesh(Protocol):
    """A running mesh: where clients send writes and reads, and where the observer finds its proxies."""

    @property
    def write(self) -> list[Address]:
        """One address of a proxy, or every pod's: then the client looks for the one that takes writes."""

    @property
    def read(self) -> list[Address]: ...

    @property
    def admin(self) -> Mapping[str, str]:
        """Proxy name -> URL of its admin interface."""

    def start(self) -> None: ...
