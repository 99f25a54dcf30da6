"""HTTP to our own pods, which never goes through a proxy. Needs only the standard library; runs here and in pods.

urllib takes ``http_proxy`` and its kin from the environment, and its ``no_proxy`` knows no subnets: a proxy of the
user's company would be asked for addresses that only this machine has.
"""

from __future__ import annotations

import urllib.request
from http.client import HTTPResponse

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def open_url(url: str | urllib.request.Request, *, timeout_s: float) -> HTTPResponse:
    """The answer of a pod, to be closed; raises what ``urllib.request.urlopen`` does: HTTPError, OSError."""
    answer: HTTPResponse = _OPENER.open(url, timeout=timeout_s)
    return answer
