"""Envoy as a container in a pod: started with its configuration, and waited for until it does its work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cluster.plain_http import open_url
from cluster.platform.platform import Pod, require_running
from cluster.wait import wait_until
from mesh.proxies import eds
from mesh.proxies.endpoints import Admin
from mesh.proxies.envoy import ADMIN_PORT

CONFIG_FILE = "/etc/envoy/envoy.json"
READY_TIMEOUT_S = 30.0
ADMIN_TIMEOUT_S = 1.0
#: Worker threads of each Envoy: what Istio gives a sidecar, whatever the machine has.
CONCURRENCY = 2


def admin(pod: Pod) -> Admin:
    return Admin(kind="envoy", url=f"http://{pod.address}:{ADMIN_PORT}")


def start_envoy(
    pod: Pod,
    config: Mapping[str, Any],
    *,
    image: str,
    pool: str,
    published: bool,
    files: Mapping[str, bytes] | None = None,
) -> None:
    """Start Envoy in a pod; return when its workers run and ``pool`` has an endpoint that may take sessions.

    image: Envoy's. published: its pools are the files of the run's EDS volume. files: path in the container -> content.
    Raises HarnessError with Envoy's own words when it ends, or when no endpoint comes in time.
    """
    container = pod.add(
        "envoy",
        image,
        ["-c", CONFIG_FILE, "--log-level", "info", "--concurrency", str(CONCURRENCY)],
        files={CONFIG_FILE: json.dumps(config).encode(), **(files or {})},
        volumes={eds.volume_name(pod.run_id): f"{eds.FOLDER}:ro"} if published else {},
    )
    wanted = ("listener_manager.workers_started", f"cluster.{pool}.membership_healthy")
    url = f"{admin(pod).url}/stats?filter=^({'|'.join(wanted)})$"

    def works() -> bool:
        require_running(container, f"Envoy of {pod.name}")
        with open_url(url, timeout_s=ADMIN_TIMEOUT_S) as answer:
            told = dict(line.split(": ") for line in answer.read().decode().splitlines())
        return all(int(told.get(name, 0)) > 0 for name in wanted)

    wait_until(f"pool {pool} of {pod.name}'s Envoy has an endpoint", works, timeout_s=READY_TIMEOUT_S, tolerate=OSError)
