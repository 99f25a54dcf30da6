"""No proxy: the client knows every pod, as a multi-host connection string does, and finds the writable one itself."""

from __future__ import annotations

from cluster.cluster import Cluster
from cluster.platform.platform import Pod
from mesh.mesh import Asked
from mesh.proxies.proxy import WRITE_PORT, Address


class Direct(Asked):
    def start(self, cluster: Cluster) -> None:
        """Nothing to start."""
        super().start(cluster)
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

    def attend(self, pod: Pod) -> None:
        """Nothing: the client is its own mesh."""

    def attend_node(self, pod: Pod) -> None:
        """Nothing, as above."""
