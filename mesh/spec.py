"""What stands in front of the pods, as a scenario names it, and the shape every running mesh has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from cluster.cluster import Cluster
from cluster.front import AskPools
from cluster.platform.platform import Pod
from cluster.topology import Topology
from mesh.proxies.endpoints import Admin

Mode = Literal["direct", "gateway", "sidecar", "mtls"]
Proxy = Literal["envoy", "haproxy", "router"]
Address = tuple[str, int]

WRITE_PORT = 3306
READ_PORT = 3307


@dataclass(frozen=True, kw_only=True)
class MeshSpec:
    """mode: ``direct`` (clients know every pod), ``gateway`` (one proxy pod), ``sidecar`` (Envoy in every load pod) or
    ``mtls`` (Envoy in every load pod and beside every mysqld, mutual TLS between them).
    proxy: None only where there is none.

    Envoy and HAProxy check every endpoint actively:
    check_interval_s: seconds between active health checks of one endpoint.
    check_timeout_s: an answer later than this is a failed check.
    fall: failed checks in a row before an endpoint is out; rise: good ones before it is in.

    Router reads the topology instead. ttl_s: seconds between two looks at it.
    """

    mode: Mode
    proxy: Proxy | None = None
    check_interval_s: float = 0.25
    check_timeout_s: float = 1.0
    fall: int = 2
    rise: int = 1
    ttl_s: float = 0.5


#: The settings that decide failover, by proxy: those it has, with the product's own defaults. Envoy has none (its
#: health checks demand values), so these are ours. HAProxy gives a check as long as the interval (`timeout check`).
DEFAULTS: Mapping[Proxy, Mapping[str, Any]] = {
    "envoy": {"check_interval_s": 0.25, "check_timeout_s": 1.0, "fall": 2, "rise": 1},
    "haproxy": {"check_interval_s": 2.0, "check_timeout_s": 2.0, "fall": 3, "rise": 2},
    "router": {"ttl_s": 0.5},
}


def settings(proxy: Proxy, given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a proxy, named as in `MeshSpec`: the product's own, where ``given`` does not say otherwise."""
    own = {name: given.get(name, default) for name, default in DEFAULTS[proxy].items()}
    if proxy == "haproxy":
        own["check_timeout_s"] = given.get("check_timeout_s", own["check_interval_s"])
    return own


def gateway_spec(proxy: Proxy, **given: Any) -> MeshSpec:
    """A gateway of this proxy with its own settings, where ``given`` does not say otherwise."""
    return MeshSpec(mode="gateway", proxy=proxy, **settings(proxy, given))


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

    def start(self, cluster: Cluster) -> None:
        """Start what stands in front of the nodes; raises HarnessError. Nothing else can be asked before."""

    def proxies(self) -> Mapping[str, AskPools]:
        """Every proxy that has been started, by its name: asks it for its endpoints."""

    def attend(self, pod: Pod) -> None:
        """Put into a load pod what the mesh needs there; to be called before its load starts."""

    def attend_node(self, pod: Pod) -> None:
        """Put into a MySQL pod that came after `start` what the mesh needs there."""


def read_path(topology: Topology) -> str:
    """What the role agent must affirm of a pod that serves reads: where all are primaries, any in service does."""
    return "/health" if topology.primaries == topology.pods else "/replica"
