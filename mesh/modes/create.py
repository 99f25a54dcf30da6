"""The place that knows which mesh a spec names."""

from __future__ import annotations

from mesh.mesh import Mesh
from mesh.modes.direct import Direct
from mesh.modes.gateway import Gateway
from mesh.modes.mtls import Mtls
from mesh.modes.sidecar import Sidecar
from mesh.proxies.envoy import EnvoySettings
from mesh.proxies.lookup import PROXIES
from mesh.spec import MeshSpec


def create_mesh(spec: MeshSpec, *, place: int = 0) -> Mesh:
    """The mesh that a spec names, not yet started. place: of a gateway among several of one run, from 0."""
    if spec.mode == "gateway" and spec.proxy is not None and spec.settings is not None:
        return Gateway(PROXIES[spec.proxy], spec.settings, place=place)
    if isinstance(spec.settings, EnvoySettings):
        return Mtls(spec.settings) if spec.mode == "mtls" else Sidecar(spec.settings)
    return Direct()
