"""Every proxy, by its name."""

from __future__ import annotations

from mesh.proxies.envoy import Envoy
from mesh.proxies.haproxy import HAProxy
from mesh.proxies.proxy import Proxy
from mesh.proxies.router import Router

#: A new one is one more file here and one more name in this line.
_BUILT_IN: tuple[Proxy, ...] = (Envoy(), HAProxy(), Router())
PROXIES: dict[str, Proxy] = {proxy.name: proxy for proxy in _BUILT_IN}
