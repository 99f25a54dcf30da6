"""No proxy: the client knows every pod, as a multi-host connection string does, and finds the writable one itself."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.cluster import Cluster
from cluster.platform.platform import Pod
from mesh.proxies.endpoints import Admin
from mesh.spec import WRITE_PORT, Address


class Direct:
    def __init__(self, cluster: Cluster) -> None:
        self._pods: list[Address] = [(address, WRITE_PORT) for address in cluster.hosts.values()]

    @property
    def write(self) -> list[Address]:
        return self._pods

    @property
    def read(self) -> list[Address]:
        return self._pods

    @property
    def entrance(self) -> list[Address]:
        return self._pods

    @property
    def admin(self) -> Mapping[str, Admin]:
        return {}

    def start(self) -> None:
        """Nothing to start."""

    def attend(self, pod: Pod) -> None:
        """Nothing: the client is its own mesh."""

    def attend_node(self, pod: Pod) -> None:
        """Nothing, as above."""
