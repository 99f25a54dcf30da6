"""What every mesh has in common: the cluster that it stands in front of, and asking its proxies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from cluster.cluster import Cluster
from cluster.front import AskPools
from mesh.proxies.endpoints import Admin, Pools, endpoints

ASK_TIMEOUT_S = 1.0


class Asked:
    """Base of every mesh: its proxies, which `admin` names, can be asked for their endpoints."""

    _cluster: Cluster

    @property
    def admin(self) -> Mapping[str, Admin]:
        return {}

    def start(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def proxies(self) -> Mapping[str, AskPools]:
        return {name: partial(self._ask, admin) for name, admin in self.admin.items()}

    def _ask(self, admin: Admin) -> Pools:
        pods = {address: pod for pod, address in self._cluster.hosts.items()}
        return endpoints(admin, pods=pods, timeout_s=ASK_TIMEOUT_S)
