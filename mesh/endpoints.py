"""Asking a proxy for its endpoints, over the admin interface of its product. Runs in the observer's pod, too."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cluster.plain_http import open_url
from mesh.proxies.lookup import PROXIES
from mesh.proxies.proxy import CountsCuts, Pools


@dataclass(frozen=True, kw_only=True)
class Admin:
    """Where a proxy's admin interface is.

    kind: its product's name. url: without a path, such as ``http://198.18.0.31:8404``. authorization: the HTTP header
    it wants, or None.
    """

    kind: str
    url: str
    authorization: str | None = None


def get(admin: Admin, timeout_s: float, path: str) -> str:
    """What a proxy answers to a path; raises OSError."""
    headers = {"Authorization": admin.authorization} if admin.authorization else {}
    request = urllib.request.Request(admin.url + path, headers=headers)
    try:
        with open_url(request, timeout_s=timeout_s) as said:
            return str(said.read().decode())
    except urllib.error.HTTPError as refused:
        refused.close()  # it is the answer too, and holds the connection
        raise


def endpoints(admin: Admin, *, pods: Mapping[str, str], timeout_s: float) -> Pools:
    """Ask a proxy once. pods: address -> name. Raises OSError, ValueError or KeyError without a usable answer."""
    return PROXIES[admin.kind].endpoints(partial(get, admin, timeout_s), pods)


def settings(admin: Admin, *, read: Callable[[str], str], timeout_s: float) -> dict[str, Any] | None:
    """What a proxy works with, as a scenario writes it; None where it has no settings. read: a file in its container.
    Raises OSError, ValueError or KeyError without a usable answer."""
    in_force = PROXIES[admin.kind].in_force(partial(get, admin, timeout_s), read)
    return None if in_force is None else in_force.written()


class Watch:
    """One proxy, asked again and again: sessions that it cut are known only from one sample to the next."""

    def __init__(self, admin: Admin, *, pods: Mapping[str, str], timeout_s: float) -> None:
        self._proxy = PROXIES[admin.kind]
        self._get = partial(get, admin, timeout_s)
        self._pods = pods
        self._count_cuts = self._proxy.counter() if isinstance(self._proxy, CountsCuts) else None

    def endpoints(self) -> Pools:
        """As the function `endpoints`, with ``cut`` wherever it can be told."""
        pools = self._proxy.endpoints(self._get, self._pods)
        if self._count_cuts is not None:
            self._count_cuts(self._get, pools)
        return pools
