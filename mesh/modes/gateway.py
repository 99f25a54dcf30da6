"""A proxy of any product as the gateway: one pod in front of all MySQL pods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from cluster.cluster import Cluster
from cluster.front import Drain
from cluster.guests import open_guest
from cluster.platform.platform import Pod, Process, require_running
from cluster.wait import wait_until
from mesh.endpoints import Admin, get
from mesh.mesh import Asked
from mesh.proxies.proxy import READ_PORT, WRITE_PORT, Address, Proxy, Settings, Surroundings

NAME = "gateway"
READY_TIMEOUT_S = 30.0
ADMIN_TIMEOUT_S = 1.0


class Gateway(Asked):
    def __init__(self, proxy: Proxy, settings: Settings, *, place: int = 0) -> None:
        """place: which of several gateways of one run it is, from 0."""
        self._proxy = proxy
        self._settings = settings
        self._place = place
        self._name = NAME if place == 0 else f"{NAME}{place + 1}"
        self._address: str
        self._admin: dict[str, Admin] = {}
        self._container: Process | None = None

    @property
    def write(self) -> list[Address]:
        return [(self._address, WRITE_PORT)]

    @property
    def read(self) -> list[Address]:
        return [(self._address, READ_PORT)]

    @property
    def entrance(self) -> list[Address]:
        return self.write

    @property
    def admin(self) -> Mapping[str, Admin]:
        return self._admin

    def namespaces(self, cluster: Cluster) -> Sequence[Callable[[], object]]:
        return (partial(open_guest, cluster.nodes, self._name, cluster.network.address("proxy", self._place)),)

    def prepare(self, cluster: Cluster) -> None:
        """Start a proxy that can do without nodes."""
        if not self._proxy.needs_nodes:
            self._container = self._launch(cluster)

    def start(self, cluster: Cluster) -> None:
        """Start the proxy, unless that is done, and wait until it can take sessions; raises HarnessError with its last
        words."""
        super().start(cluster)
        proxy, container = self._proxy, self._container or self._launch(cluster)
        admin, pods = self._admin[self._name], {address: name for name, address in cluster.hosts.items()}

        def ready() -> bool:
            require_running(container, proxy.who)
            return proxy.ready(partial(get, admin, ADMIN_TIMEOUT_S), pods)

        with cluster.nodes.steps.step(f"{proxy.name}: ready", self._name):
            wait_until(proxy.ready_words, ready, timeout_s=READY_TIMEOUT_S, tolerate=OSError)

    def _launch(self, cluster: Cluster) -> Process:
        self._address = cluster.network.address("proxy", self._place)
        proxy, launch = self._proxy, self._proxy.launch(self._settings, _around(cluster))
        url = f"http://{self._address}:{proxy.admin_port}"
        self._admin = {self._name: Admin(kind=proxy.name, url=url, authorization=launch.authorization)}
        return open_guest(cluster.nodes, self._name, self._address).add(
            proxy.name,
            cluster.platform.image(proxy.image),
            launch.command,
            env=launch.env,
            files=launch.files,
            volumes=launch.volumes,
        )

    @property
    def drain(self) -> Drain | None:
        return self._proxy.drain

    def attend(self, pod: Pod) -> None:
        """Nothing: a gateway serves every load pod from where it is."""

    def attend_node(self, pod: Pod) -> None:
        """Nothing: a gateway needs no help from the MySQL pods."""


def _around(cluster: Cluster) -> Surroundings:
    return Surroundings(
        topology=cluster.topology,
        pods=cluster.nodes.expected_hosts,
        running=list(cluster.pods),
        primary=cluster.membership.primary,
        connect=cluster.connect,
        run_id=cluster.run_id,
    )
