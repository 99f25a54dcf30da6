"""The Docker Engine of this machine as a platform. A run's network is internal (no way out), in the benchmarking range
of RFC 2544, and chosen free at start."""

from __future__ import annotations

import ipaddress
import random

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from cluster.errors import HarnessError
from cluster.operations.boot_steps import BootSteps
from cluster.platform import images, one_off, ownership
from cluster.platform.docker_engine import client
from cluster.platform.docker_errors import engine_errors
from cluster.platform.docker_pod import DockerPod
from cluster.platform.network import RunNetwork
from cluster.platform.platform import Pod

RANGE = ipaddress.ip_network("198.18.0.0/15")
ATTEMPTS = 20


class DockerPlatform:
    """Is `platform.Platform`."""

    def __init__(self) -> None:
        self._tags = {image.name: image.tag for image in images.ALL}

    def image(self, name: str) -> str:
        return self._tags[name]

    def pod(self, *, run_id: str, name: str, address: str, steps: BootSteps) -> Pod:
        return DockerPod(run_id=run_id, name=name, address=address, base=self.image("base"), steps=steps)

    def remove(self, run_id: str) -> list[str]:
        return ownership.remove(run_id)

    def on_host(self, script: str) -> tuple[int, str]:
        return one_off.on_host(self.image("base"), script)

    @engine_errors()
    def open_network(self, run_id: str) -> RunNetwork:
        taken = [
            ipaddress.ip_network(pool["Subnet"])
            for network in client().networks.list()
            for pool in (network.attrs.get("IPAM", {}).get("Config") or [])
            if ":" not in pool.get("Subnet", ":")
        ]
        from testcontainers.core.network import Network  # settled by `client`, and read by nobody before

        free = [subnet for subnet in RANGE.subnets(new_prefix=24) if not any(subnet.overlaps(used) for used in taken)]
        random.SystemRandom().shuffle(free)
        error: APIError | None = None
        for subnet in free[:ATTEMPTS]:
            assert isinstance(subnet, ipaddress.IPv4Network)
            network = Network(
                docker_network_kw={
                    "driver": "bridge",
                    "internal": True,
                    "labels": ownership.labels(run_id),
                    "ipam": IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))]),
                }
            )
            network.name = f"meshbench-{run_id}"
            try:
                network.create()
            except APIError as refused:  # another run may have taken it between our look and now
                error = refused
                continue
            return RunNetwork(name=network.name, subnet=subnet)
        raise HarnessError(f"no free /24 in {RANGE} after {ATTEMPTS} attempts: {error}")
