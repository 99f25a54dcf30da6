"""The Docker Engine: find it, or on Debian and Ubuntu as root install and start it.

It never touches a running engine, and starts ``dockerd`` itself (detached) rather than through a service manager,
because containers and CI machines often have none. `cluster.setup` decides when.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import docker
from docker.errors import DockerException
from testcontainers.core.config import ConnectionMode, testcontainers_config

from cluster.errors import ConfigurationError, HarnessError
from cluster.wait import wait_until

DEFAULT_HOST = "unix:///var/run/docker.sock"
DOCKERD_LOG = Path("/var/log/meshbench-dockerd.log")


@cache
def client() -> docker.DockerClient:
    """The engine of this machine; raises ConfigurationError when none answers.

    Settles Testcontainers as well: no Ryuk (its image may not be had; we reap by label), pods are reached by their own
    address, and DOCKER_HOST is always set so that a stray /.dockerenv does not make it guess a network.
    """
    os.environ.setdefault("DOCKER_HOST", DEFAULT_HOST)
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.connection_mode_override = ConnectionMode.bridge_ip
    try:
        engine = docker.from_env(timeout=120)
        engine.ping()
    except DockerException:
        raise ConfigurationError(
            f"no Docker Engine answers at {os.environ['DOCKER_HOST']}: run `make images` (it starts one on Debian and "
            "Ubuntu as root), start yours, or set DOCKER_HOST"
        ) from None
    return engine


def is_debian() -> bool:
    """Whether this host installs with apt (Debian, Ubuntu and their children)."""
    release = Path("/etc/os-release")
    return release.exists() and any(
        word in release.read_text().lower() for word in ("id=debian", "id=ubuntu", "id_like=debian", 'id_like="debian')
    )


def apt_install(*packages: str) -> None:
    """Install Debian packages non-interactively; raises ConfigurationError where that cannot be done."""
    if not can_install():
        raise ConfigurationError(
            f"missing on this machine: {' '.join(packages)}. Only as root on Debian or Ubuntu can the set-up install "
            f"them itself; there: apt-get install {' '.join(packages)}"
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise ConfigurationError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")


def start_dockerd() -> None:
    """Start dockerd detached and wait until it answers; raises HarnessError with its log's path when it does not."""
    with DOCKERD_LOG.open("ab") as log:
        process = subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )

    def answers() -> bool:
        if process.poll() is not None:
            raise HarnessError(f"dockerd ended with code {process.returncode}; its log is {DOCKERD_LOG}")
        return client() is not None

    wait_until("dockerd answers", answers, timeout_s=60, poll_s=0.2, tolerate=ConfigurationError)


def can_install() -> bool:
    """Whether this process may install packages and start an engine here."""
    return is_debian() and os.geteuid() == 0


def local_host() -> bool:
    """Whether the engine we look for is the one a local dockerd would be."""
    return os.environ.get("DOCKER_HOST", DEFAULT_HOST) == DEFAULT_HOST
