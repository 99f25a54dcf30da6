"""What a proxy is: one product a file of this folder, found by its name in `mesh.proxies.lookup`.

A product says its settings, how it is started and configured, and how to read what it tells of its endpoints. The last
runs in the observer's pod: these files need only the standard library and PyMySQL. Who starts them in which pod is
`mesh.modes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from cluster.front import Drain
from cluster.keys import Keys, duration, whole
from cluster.topology import Topology

Address = tuple[str, int]

WRITE_PORT = 3306
READ_PORT = 3307
POOLS = ("write", "read")

Endpoint = dict[str, Any]
#: Pool -> pod -> ``{"healthy": bool, "connections": int, "cut": int | None}``. cut: sessions closed because the
#: endpoint failed, cumulative; None where the product does not count them.
Pools = dict[str, dict[str, Endpoint]]
#: Asks an admin interface for a path. Raises OSError.
Get = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Settings(Keys):
    """Base of each product's settings: the fields are its keys in a scenario, with the product's own defaults."""

    @property
    def cycle_s(self) -> float:
        """How often it looks at its destinations. What it sees of a failover depends on where in that time it falls."""
        return 0.0


def pause(meaning: str, *, default: float | None) -> Any:
    """A setting that is a duration. Envoy and HAProxy count milliseconds, Router takes up to an hour."""
    return duration(meaning, default=default, at_least=0.001, at_most=3600.0)


def checks(meaning: str, *, default: int) -> Any:
    """A setting that is a number of health checks in a row."""
    return whole(meaning, default=default, at_least=1, at_most=100)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a gateway is put in front of. pods: name -> address of every node that there may ever be.

    running: the names of the nodes of now. primary: waits for whoever takes writes, and returns its name. connect: a
    session as root to a node. run_id: of the run, which names its volumes.
    """

    topology: Topology
    pods: Mapping[str, str]
    running: list[str]
    primary: Callable[[], str]
    connect: Callable[[str], AbstractContextManager[Any]]
    run_id: str


@dataclass(frozen=True, kw_only=True)
class Launch:
    """How its container is started. files, volumes, env: as for `Pod.add`. authorization: the HTTP header that its
    admin interface wants, or None."""

    command: list[str]
    files: Mapping[str, bytes]
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    authorization: str | None = None


class Proxy(Protocol):
    """name: in scenarios, and of its container. title: as people write it. settings: the class of its `Settings`.
    image: ours, that has it. admin_port: where its admin interface listens. needs_nodes: whether it is to be started
    when the nodes serve, not before: because `launch` asks them, or since it would be slow to see that they do.
    drain: how it is made to take no new sessions; None: it cannot be. version_command: prints its version. who: it, as
    a gateway, in messages. ready_words: complete "waiting until", while it starts. threads: of each, that pass bytes
    on; None: one a processor."""

    name: str
    title: str
    settings: type[Settings]
    image: str
    admin_port: int
    needs_nodes: bool = True
    drain: Drain | None = None
    threads: int | None = None
    version_command: list[str]
    who: str
    ready_words: str

    def launch(self, settings: Any, around: Surroundings) -> Launch:
        """As a gateway. settings: an instance of ``settings``."""

    def endpoints(self, get: Get, pods: Mapping[str, str]) -> Pools:
        """Ask it once. pods: address -> name. Raises OSError, ValueError or KeyError without a usable answer."""

    def ready(self, get: Get, pods: Mapping[str, str]) -> bool:
        """Whether it can take sessions; raises as `endpoints`."""
        pools = self.endpoints(get, pods)
        return all(any(endpoint["healthy"] for endpoint in pools.get(pool, {}).values()) for pool in POOLS)

    def in_force(self, get: Get, read: Callable[[str], str]) -> Settings | None:
        """The settings that it works with, as it says itself, or as the configuration says that it was started with;
        None of one that has none of them, beside a mysqld. read: a file in its container. Raises OSError, or ValueError
        without a usable answer."""

    def describe(self, topology: Topology) -> Mapping[str, str]:  # noqa: ARG002  # for those that differ
        """What the manifest says of it in front of this topology, beside its name and title: ``routing``, how it finds
        its destinations, in a word; ``routes``, the same in a sentence; ``caveat``, a sentence for whoever compares
        it."""
        return {}

    def pointless(self, topology: Topology) -> Mapping[str, str]:  # noqa: ARG002  # for those that differ
        """The settings that do nothing in front of this topology -> why."""
        return {}


@runtime_checkable
class CountsCuts(Protocol):
    """How many sessions it has closed because their endpoint failed is told by one sample after the other."""

    def counter(self) -> Callable[[Get, Pools], None]:
        """For one proxy: fills ``cut`` of each endpoint of a sample, again and again. Raises as `Proxy.endpoints`."""


def read_path(topology: Topology) -> str:
    """What the role agent must affirm of a pod that serves reads: where all are primaries, any in service does."""
    return "/health" if topology.primaries == topology.pods else "/replica"
