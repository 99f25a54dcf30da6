"""One sentence on how operations reached a pod, because the way to route decides what an outage is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MODES = {
    "direct": "no proxy: clients know every node and look for the one that takes writes",
    "gateway": "one proxy pod between clients and nodes",
    "sidecar": "a proxy in each load pod",
    "mtls": "a proxy at the client and one at each node, TLS between them",
}
#: What ``manifest.mesh.routing`` means; a word that is not here is shown as it is.
_ROUTING = {
    "metadata-cache": "it reads the group's members and their roles from the InnoDB Cluster metadata",
    "static first-available": (
        "it has a fixed list of nodes and knows no roles: it takes the first that accepts a connection, "
        "and sends writes to a replica if that is the first"
    ),
}
_PROXIES = {"envoy": "Envoy", "haproxy": "HAProxy", "router": "MySQL Router"}


def mesh_words(mesh: Mapping[str, Any]) -> str:
    """The mesh of a run in words; empty where the manifest does not say."""
    mode, proxy, routing = (str(mesh.get(key) or "") for key in ("mode", "proxy", "routing"))
    if not mode:
        return ""
    parts = [_MODES.get(mode, mode)]
    if proxy:
        parts.append(_PROXIES.get(proxy, proxy))
    if routing:
        parts.append(f"{routing} routing: {_ROUTING[routing]}" if routing in _ROUTING else f"{routing} routing")
    return f"{mode}: {'; '.join(part for part in parts if part != mode)}"
