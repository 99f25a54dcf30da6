"""Load workers on other machines: what they need here, and what cannot be with them (guide: docs/load-on-several-
machines.md). What they run is `scenarios.cli.worker`."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.guests import bare_guest
from loadgen.config import LoadConfig
from mesh.ingress import open_passage, require_free
from mesh.mesh import Mesh
from mesh.proxies.lookup import PROXIES
from scenarios.load.load_pod import LoadPod
from scenarios.schema.scenario import Scenario

log = logging.getLogger("meshbench")

#: Locust's own port for its master. The two behind it lead to the mesh's write and read port.
MASTER_PORT = 5557
PORTS = 3
#: How long a run waits for workers from other machines to join.
JOIN_TIMEOUT_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """workers: how many of ``load.workers``. address, port: of this machine, where they find Locust's master."""

    workers: int
    address: str
    port: int

    @property
    def place(self) -> str:
        return f"{self.address}:{self.port}"

    def config(self, config: LoadConfig) -> LoadConfig:
        """A worker's part of the load, as it looks from elsewhere."""
        write, read = ((self.address, port) for port in self.ports[1:])
        return replace(config, endpoints=(write,), read_endpoints=(read,))

    def open(self, cluster: Cluster, mesh: Mesh, master: LoadPod) -> None:
        """Let them in, and say how they come."""
        (write,), (read,) = mesh.write, mesh.read
        targets = ((master.address, MASTER_PORT), write, read)
        open_passage(bare_guest(cluster.nodes, "passage"), self.address, list(zip(self.ports, targets, strict=True)))
        what = "1 remote load worker" if self.workers == 1 else f"{self.workers} remote load workers"
        told = "waiting up to %g s for %s; on that machine run: meshbench worker %s"
        log.info(told, JOIN_TIMEOUT_S, what, self.place)

    @property
    def ports(self) -> list[int]:
        return [self.port + step for step in range(PORTS)]


def place_of(text: str, *, what: str) -> tuple[str, int]:
    """ADDRESS or ADDRESS:PORT. what: the word it came from. Raises ConfigurationError."""
    address, _, port = text.rpartition(":") if ":" in text else (text, "", str(MASTER_PORT))
    if not address or not port.isascii() or not port.isdigit() or not 0 < int(port) <= 65_535 - PORTS:
        raise ConfigurationError(f"{what} {text}: expected ADDRESS or ADDRESS:PORT, such as 10.0.0.4:{MASTER_PORT}")
    return address, int(port)


def elsewhere(scenario: Scenario, *, workers: int, bind: str | None) -> Elsewhere | None:
    """Of the options ``--remote-workers`` and ``--bind``; None without any worker elsewhere.

    Raises ConfigurationError when the scenario cannot have them, or this machine not offer that address.
    """
    if not workers and bind is None:
        return None
    if not workers:
        raise ConfigurationError(f"--bind {bind} is for workers on other machines: say how many, --remote-workers N")
    what, load = f"--remote-workers {workers}", scenario.load
    if not 0 < workers <= load.workers:
        raise ConfigurationError(
            f"{what}: expected 1 to {load.workers}; load.workers counts all of them, so raise it: --set load.workers=N"
        )
    if bind is None:
        raise ConfigurationError(f"{what} needs --bind ADDRESS, an address of this machine that they can reach")
    if scenario.mesh.mode != "gateway":
        raise ConfigurationError(
            f"{what}: mesh {scenario.mesh.mode} has no one place that a worker elsewhere could connect to; take a "
            f"gateway: {', '.join(PROXIES)}"
        )
    if scenario.workload.is_locustfile:
        raise ConfigurationError(f"{what}: a locustfile's users run in load pods only; use a workload class instead")
    if scenario.workload.requirements is not None:
        raise ConfigurationError(
            f"{what}: workload.requirements is installed into the image of the load pods, and a worker elsewhere has "
            "none; leave it out, and install there what the class needs"
        )
    if load.calibrate is not None:
        raise ConfigurationError(
            f"{what}: a share of the measured maximum is measured by load pods alone; give rates in arrivals per second"
        )
    address, port = place_of(bind, what="--bind")
    found = Elsewhere(workers=workers, address=address, port=port)
    require_free(address, found.ports)
    return found
