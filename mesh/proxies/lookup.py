"""Every proxy, by its name. A file in this folder is enough."""

from __future__ import annotations

import mesh.proxies
from cluster.plug_ins import declared
from mesh.proxies.proxy import Proxy

PROXIES: dict[str, Proxy] = declared(mesh.proxies, Proxy, word="name")
