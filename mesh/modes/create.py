"""Envoy as the gateway: one pod in front of all MySQL pods. Also the place that knows which mesh a spec names."""

from __future__ import annotations

from cluster.cluster import Cluster
from mesh.modes.direct import Direct
from mesh.modes.mtls import Mtls
from mesh.modes.sidecar import Sidecar
from mesh.proxies.envoy import ADMIN_PORT, client_side
from mesh.proxies.envoy_pod import start_envoy
from mesh.proxies.haproxy import HAProxyGateway
from mesh.proxies.proxy_pod import NAME, ProxyPod
from mesh.proxies.router import RouterGateway
from mesh.spec import Mesh, MeshSpec, read_path


class EnvoyGateway(ProxyPod):
    kind = "envoy"
    admin_port = ADMIN_PORT

    def start(self, cluster: Cluster) -> None:
        """Start Envoy and wait until its write pool has an endpoint; raises HarnessError when it has none in time."""
        super().start(cluster)
        config = client_side(self._spec, name=NAME, read_path=read_path(self._cluster.topology))
        pod, image = self._cluster.extra_pod(NAME, self._address), self._cluster.platform.image("envoy")
        start_envoy(pod, config, image=image, pool="write", published=True)


def create_mesh(spec: MeshSpec) -> Mesh:
    """The mesh that a spec names, not yet started."""
    match spec.mode, spec.proxy:
        case "sidecar", _:
            return Sidecar(spec)
        case "mtls", _:
            return Mtls(spec)
        case _, "envoy":
            return EnvoyGateway(spec)
        case _, "haproxy":
            return HAProxyGateway(spec)
        case _, "router":
            return RouterGateway(spec)
    return Direct()
