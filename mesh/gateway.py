"""Gateway: one proxy pod in front of all MySQL pods."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping

from cluster import images
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.proxies import Admin
from cluster.wait import wait_until
from mesh.direct import Direct
from mesh.envoy import ADMIN_PORT, configuration
from mesh.haproxy import HAProxyGateway
from mesh.router import RouterGateway
from mesh.spec import READ_PORT, WRITE_PORT, Address, Mesh, MeshSpec

NAME = "gateway"
CONFIG_FILE = "/etc/envoy/envoy.json"
READY_TIMEOUT_S = 30.0


class EnvoyGateway:
    def __init__(self, cluster: Cluster, spec: MeshSpec) -> None:
        self._cluster = cluster
        self._spec = spec
        self._address = cluster.network.address("proxy")

    @property
    def write(self) -> list[Address]:
        return [(self._address, WRITE_PORT)]

    @property
    def read(self) -> list[Address]:
        return [(self._address, READ_PORT)]

    @property
    def admin(self) -> Mapping[str, Admin]:
        return {NAME: Admin(kind="envoy", url=f"http://{self._address}:{ADMIN_PORT}")}

    def start(self) -> None:
        """Start Envoy and wait until its write pool has an endpoint; raises HarnessError when it has none in time."""
        config = configuration(self._spec, pods=self._cluster.expected_hosts)
        pod = self._cluster.extra_pod(NAME, self._address)
        pod.add(
            "envoy",
            images.image("envoy").tag,
            ["-c", CONFIG_FILE, "--log-level", "info"],
            files={CONFIG_FILE: json.dumps(config).encode()},
        )

        def routes() -> bool:
            container = pod.containers["envoy"]
            container.reload()
            if container.status != "running":
                said = container.logs(tail=3).decode(errors="replace").strip()
                raise HarnessError(f"Envoy ended at start; it said: {said}")
            with urllib.request.urlopen(
                f"{self.admin[NAME].url}/stats?filter=cluster.write.membership_healthy"
            ) as answer:
                return int(answer.read().split(b":")[1]) > 0

        wait_until("Envoy's write pool has an endpoint", routes, timeout_s=READY_TIMEOUT_S, tolerate=OSError)


def create_mesh(spec: MeshSpec, cluster: Cluster) -> Mesh:
    """The mesh that a spec names, not yet started."""
    match spec.proxy:
        case None:
            return Direct(cluster)
        case "envoy":
            return EnvoyGateway(cluster, spec)
        case "haproxy":
            return HAProxyGateway(cluster, spec)
        case "router":
            return RouterGateway(cluster, spec)
