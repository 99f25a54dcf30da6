"""Sidecar: an Envoy in every load pod's network namespace, started with it; the client dials loopback.

Only the pod itself and the host, which sets a run up, are let in: no other client can reach the nodes through a
sidecar.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.front import Drain
from cluster.platform.platform import Pod
from mesh.endpoints import Admin
from mesh.mesh import Asked
from mesh.modes.envoy_pod import admin, start_envoy
from mesh.proxies.envoy import Envoy, EnvoySettings, client_side
from mesh.proxies.proxy import READ_PORT, WRITE_PORT, Address, read_path


class Sidecar(Asked):
    def __init__(self, settings: EnvoySettings) -> None:
        self._settings = settings
        self._attended: list[Pod] = []

    @property
    def write(self) -> list[Address]:
        return [("127.0.0.1", WRITE_PORT)]

    @property
    def read(self) -> list[Address]:
        return [("127.0.0.1", READ_PORT)]

    @property
    def entrance(self) -> list[Address]:
        """The first load pod's sidecar, from outside; there is none before a load pod is attended."""
        return [(pod.address, WRITE_PORT) for pod in self._attended[:1]]

    @property
    def admin(self) -> Mapping[str, Admin]:
        return {f"sidecar-{pod.name}": admin(pod) for pod in self._attended}

    @property
    def drain(self) -> Drain | None:
        return Envoy.drain

    def attend(self, pod: Pod) -> None:
        """Start the sidecar of a load pod and wait until it routes writes; raises HarnessError."""
        self._start_sidecar(pod, encrypt=False, files={})

    def attend_node(self, pod: Pod) -> None:
        """Nothing: MySQL pods have no sidecar, and new ones become known by EDS."""

    def _start_sidecar(self, pod: Pod, *, encrypt: bool, files: Mapping[str, bytes]) -> None:
        config = client_side(
            self._settings,
            name=pod.name,
            read_path=read_path(self._cluster.topology),
            callers=[("127.0.0.0", 8), (self._cluster.network.gateway, 32)],
            encrypt=encrypt,
        )
        image = self._cluster.platform.image("envoy")
        start_envoy(pod, config, image=image, pool="write", published=True, files=files)
        self._attended.append(pod)
