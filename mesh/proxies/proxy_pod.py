"""One proxy in one pod: its addresses, its admin interface, and starting it until it routes.

What all gateways have in common; each adds its configuration and its command (Envoy also its own way to start).
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.cluster import Cluster
from cluster.platform.platform import Pod, require_running
from cluster.wait import wait_until
from mesh.asked import Asked
from mesh.proxies import endpoints
from mesh.proxies.endpoints import Admin
from mesh.spec import READ_PORT, WRITE_PORT, Address, MeshSpec

NAME = "gateway"
READY_TIMEOUT_S = 30.0
ADMIN_TIMEOUT_S = 1.0


class ProxyPod(Asked):
    """A gateway. kind and admin_port are the product's."""

    kind: endpoints.Kind
    admin_port: int

    def __init__(self, spec: MeshSpec) -> None:
        self._spec = spec
        self._address: str

    def start(self, cluster: Cluster) -> None:
        super().start(cluster)
        self._address = cluster.network.address("proxy")

    @property
    def write(self) -> list[Address]:
        return [(self._address, WRITE_PORT)]

    @property
    def read(self) -> list[Address]:
        return [(self._address, READ_PORT)]

    @property
    def entrance(self) -> list[Address]:
        return self.write

    @property
    def admin(self) -> Mapping[str, Admin]:
        return {NAME: Admin(kind=self.kind, url=f"http://{self._address}:{self.admin_port}")}

    def attend(self, pod: Pod) -> None:
        """Nothing: a gateway serves every load pod from where it is."""

    def attend_node(self, pod: Pod) -> None:
        """Nothing: a gateway needs no help from the MySQL pods."""

    def _run(self, command: list[str], *, files: Mapping[str, bytes], env: Mapping[str, str] | None = None) -> None:
        """Start the proxy and wait until both pools have an endpoint; raises HarnessError with its last words."""
        pod = self._cluster.extra_pod(NAME, self._address)
        container = pod.add(self.kind, self._cluster.platform.image("base"), command, env=env, files=files)
        pods = {address: name for name, address in self._cluster.hosts.items()}

        def routes() -> bool:
            require_running(container, self.kind)
            pools = endpoints.endpoints(self.admin[NAME], pods=pods, timeout_s=ADMIN_TIMEOUT_S)
            return all(any(one["healthy"] for one in pools.get(pool, {}).values()) for pool in ("write", "read"))

        wait_until(f"both pools of {self.kind} have an endpoint", routes, timeout_s=READY_TIMEOUT_S, tolerate=OSError)
