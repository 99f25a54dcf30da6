"""The shape that every running mesh has, and what all of them have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from cluster.cluster import Cluster
from cluster.front import AskPools, Certificates, Drain
from cluster.platform.platform import Pod
from mesh.endpoints import Admin, endpoints
from mesh.proxies.proxy import WRITE_PORT, Address, Pools

ASK_TIMEOUT_S = 1.0


class Mesh(Protocol):
    """A running mesh: where clients send writes and reads, and where the observer finds its proxies."""

    @property
    def write(self) -> list[Address]:
        """One address of a proxy, or every pod's: then the client looks for the one that takes writes."""

    @property
    def read(self) -> list[Address]: ...

    @property
    def entrance(self) -> list[Address]:
        """Where the host's own sessions come in: as ``write``, or by the first sidecar; empty while there is none."""

    @property
    def admin(self) -> Mapping[str, Admin]:
        """Proxy name -> where its admin interface is, of every proxy that has been started."""

    def namespaces(self, cluster: Cluster) -> Sequence[Callable[[], object]]:
        """What opens each namespace that `start` will want: to be called before, or not at all."""

    def prepare(self, cluster: Cluster) -> None:
        """Start what needs no node yet, only the control plane, so that `start` is sooner done; may be left out."""

    def start(self, cluster: Cluster) -> None:
        """Start what stands in front of the nodes; raises HarnessError. Nothing else can be asked before."""

    def proxies(self) -> Mapping[str, AskPools]:
        """Every proxy that has been started, by its name: asks it for its endpoints."""

    @property
    def session_ports(self) -> tuple[int, ...]:
        """TCP ports at which the sessions of clients come to a MySQL pod, as a firewall in that pod sees them."""

    @property
    def certificates(self) -> Certificates | None:
        """Those of its proxies, if they have any."""

    @property
    def containers(self) -> Collection[str]:
        """What the containers of those proxies are called in their pods."""

    @property
    def drain(self) -> Drain | None:
        """Of each proxy of the clients, where there is one that can."""

    def attend(self, pod: Pod) -> None:
        """Put into a load pod what the mesh needs there; to be called before its load starts."""

    def attend_node(self, pod: Pod) -> None:
        """Put into a MySQL pod that came after `start` what the mesh needs there."""


class Asked:
    """Base of every mesh: its proxies, which `admin` names, can be asked for their endpoints."""

    _cluster: Cluster

    @property
    def admin(self) -> Mapping[str, Admin]:
        return {}

    def namespaces(self, cluster: Cluster) -> Sequence[Callable[[], object]]:  # noqa: ARG002  # for those that have some
        return ()

    def prepare(self, cluster: Cluster) -> None:
        """Nothing can begin earlier."""

    def start(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @property
    def containers(self) -> Collection[str]:
        return {admin.kind for admin in self.admin.values()}

    def proxies(self) -> Mapping[str, AskPools]:
        return {name: partial(self._ask, admin) for name, admin in self.admin.items()}

    @property
    def session_ports(self) -> tuple[int, ...]:
        return (WRITE_PORT,)

    @property
    def certificates(self) -> Certificates | None:
        return None

    @property
    def drain(self) -> Drain | None:
        return None

    def _ask(self, admin: Admin) -> Pools:
        pods = {address: pod for pod, address in self._cluster.hosts.items()}
        return endpoints(admin, pods=pods, timeout_s=ASK_TIMEOUT_S)
