"""One sentence on how operations reached a pod, because the way to route decides what an outage is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from history.older.meshes import ROUTES, TITLES

_MODES = {
    "direct": "no proxy: clients know every node and look for the one that takes writes",
    "gateway": "one proxy pod between clients and nodes",
    "sidecar": "a proxy in each load pod",
    "mtls": "a proxy at the client and one at each node, TLS between them",
}


def mesh_words(mesh: Mapping[str, Any]) -> str:
    """The mesh of a run in words; empty where the manifest does not say. A word of routing that nothing explains is
    shown as it is."""
    mode, proxy, routing = (str(mesh.get(key) or "") for key in ("mode", "proxy", "routing"))
    if not mode:
        return ""
    parts = [_MODES.get(mode, mode)]
    if proxy:
        parts.append(str(mesh.get("title") or TITLES.get(proxy, proxy)))
    if routing:
        routes = mesh.get("routes") or ROUTES.get(routing)
        parts.append(f"{routing} routing: {routes}" if routes else f"{routing} routing")
    return f"{mode}: {'; '.join(part for part in parts if part != mode)}"
