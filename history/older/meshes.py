"""What an older manifest does not say of its mesh, by the words that it has: a run writes it down by now."""

from __future__ import annotations

from collections.abc import Mapping

#: Proxy -> as people write it.
TITLES: Mapping[str, str] = {"envoy": "Envoy", "haproxy": "HAProxy", "router": "MySQL Router"}
#: ``mesh.routing`` -> how the proxy finds its destinations.
ROUTES: Mapping[str, str] = {
    "metadata-cache": "it reads the group's members and their roles from the InnoDB Cluster metadata",
    "static first-available": (
        "it has a fixed list of nodes and knows no roles: it takes the first that accepts a connection, "
        "and sends writes to a replica if that is the first"
    ),
}
