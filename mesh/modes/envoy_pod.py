"""Envoy as a container in a pod of others: started with its configuration, and waited for until it does its work."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from cluster.platform.platform import Pod, require_running
from cluster.wait import wait_until
from mesh.endpoints import Admin, get
from mesh.proxies.envoy import ADMIN_PORT, launch, works

READY_TIMEOUT_S = 30.0
ADMIN_TIMEOUT_S = 1.0


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
    how = launch(dict(config), run_id=pod.run_id if published else None, files=files)
    container = pod.add("envoy", image, how.command, files=how.files, volumes=how.volumes)

    def ready() -> bool:
        require_running(container, f"Envoy of {pod.name}")
        return works(partial(get, admin(pod), ADMIN_TIMEOUT_S), pool=pool)

    wait_until(f"pool {pool} of {pod.name}'s Envoy has an endpoint", ready, timeout_s=READY_TIMEOUT_S, tolerate=OSError)
