"""The network of one run: internal (no way out), in the benchmarking range of RFC 2544, chosen free at start."""

from __future__ import annotations

import ipaddress
import random

from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from cluster.errors import HarnessError
from cluster.platform.docker_engine import client
from cluster.platform.network import RunNetwork
from cluster.platform.ownership import labels

RANGE = ipaddress.ip_network("198.18.0.0/15")
ATTEMPTS = 20


def create_network(run_id: str) -> RunNetwork:
    """Create the run's network in a free /24; raises HarnessError when none of ATTEMPTS is free."""
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
                "labels": labels(run_id),
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
