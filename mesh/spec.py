"""What stands in front of the pods, as a scenario names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mesh.proxies.lookup import PROXIES
from mesh.proxies.proxy import Settings

Mode = Literal["direct", "gateway", "sidecar", "mtls"]


@dataclass(frozen=True, kw_only=True)
class MeshSpec:
    """mode: ``direct`` (clients know every pod), ``gateway`` (one proxy pod), ``sidecar`` (Envoy in every load pod) or
    ``mtls`` (Envoy in every load pod and beside every mysqld, mutual TLS between them).
    proxy: the name of a product, and its settings; None only where there is none.
    """

    mode: Mode
    proxy: str | None = None
    settings: Settings | None = None


def mesh_spec(mode: Mode, proxy: str, **given: Any) -> MeshSpec:
    """With the proxy's own settings, where ``given`` does not say otherwise."""
    return MeshSpec(mode=mode, proxy=proxy, settings=PROXIES[proxy].settings(**given))
