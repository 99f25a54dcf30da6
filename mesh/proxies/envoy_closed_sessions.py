"""Sessions that Envoy closed because an endpoint failed its check, by pod. Runs in the observer's pod.

Envoy has no such counter. By pool it counts the connections it closed itself while a session was on them, which are
these and those whose client had reset; `CLIENT_RESETS`, from an access log, counts the latter. The difference is exact
(docs/decisions/0006 has the trials). It belongs to the nodes that failed: a sample with more closed sessions than the
last one also shows which nodes are out, and how many sessions each has lost since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

#: What the statistics of a pool's sessions begin with, by how their client ended them; see `mesh.proxies.envoy`.
ENDED = "ended"
CLOSED_BY_ENVOY = "upstream_cx_destroy_local_with_active_rq"
CLIENT_RESETS = "sessions.client.RemoteReset"

PATH = "/stats?filter=" + quote(rf"^cluster\..*\.{CLOSED_BY_ENVOY}$|^{ENDED}\..*\.{CLIENT_RESETS}$")


def totals(text: str) -> dict[str, int]:
    """Pool -> sessions cut so far, from the answer to PATH; only pools whose client resets are told apart."""
    counters = dict(line.split(": ") for line in text.splitlines())
    found = {}
    for name, value in counters.items():
        family, pool, counter = name.split(".", 2)
        if family == "cluster" and counter == CLOSED_BY_ENVOY:
            found[pool] = int(value) - int(counters.get(f"{ENDED}.{pool}.{CLIENT_RESETS}", 0))
    return found


class Cuts:
    """What one Envoy has cut, sample by sample."""

    def __init__(self) -> None:
        self._cut: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._open: defaultdict[tuple[str, str], int] = defaultdict(int)

    def fill(self, pools: Mapping[str, Mapping[str, dict[str, Any]]], cut: Mapping[str, int]) -> None:
        """Set ``cut`` of every endpoint of a sample. pools: as in `proxies.endpoints`; cut: `totals` taken after it.

        Cut sessions that no failed pod can account for yet wait for the next sample.
        """
        for pool, pods in pools.items():
            lost = {
                pod: self._open[pool, pod] - one["connections"]
                for pod, one in pods.items()
                if not one["healthy"] and self._open[pool, pod] > one["connections"]
            }
            new = cut.get(pool, 0) - sum(self._cut[pool, pod] for pod in pods)
            for pod in sorted(lost, key=lambda one: -lost[one]):
                share = max(0, min(new, lost[pod]))
                self._cut[pool, pod] += share
                new -= share
            for pod, one in pods.items():
                self._open[pool, pod] = one["connections"]
                one["cut"] = self._cut[pool, pod]
