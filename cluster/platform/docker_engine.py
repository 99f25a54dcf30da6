"""The Docker Engine: find it, or on Debian and Ubuntu as root install and start it.

It never touches a running engine, and starts ``dockerd`` itself (detached) rather than through a service manager,
because containers and CI machines often have none. `cluster.platform.setup` decides when.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException

from cluster.errors import ConfigurationError, HarnessError
from cluster.platform.docker_errors import engine_errors
from cluster.platform.engine_address import DEFAULT_HOST, EngineAddress, find
from cluster.wait import wait_until

DOCKERD_LOG = Path("/var/log/meshbench-dockerd.log")
OWN_ENGINE = (
    "pods are reached by their own address, so meshbench must run on the Linux host of the Docker Engine, in its "
    "network (not with Docker Desktop, rootless Docker or an engine on another machine, and in a container only with "
    "--network host)"
)
#: An engine that says nothing for so long is not there.
ANSWER_S = 20
#: Docker's configuration as far as pods and builds are concerned: nobody's proxies, credentials or headers.
NO_CONFIGURATION = Path(__file__).resolve().parents[2] / "images" / "client"


#: Whose version is that of the way to the engine.
LIBRARIES = ("testcontainers",)
#: Security options of a container whose further capabilities are meant to be used.
UNCONFINED = ["seccomp=unconfined", "apparmor=unconfined"]


class NoEngineError(ConfigurationError):
    """None runs on this machine, so one may be started."""


@cache
def address() -> EngineAddress:
    """The one engine of this process, as it was configured when it was first asked for; raises ConfigurationError."""
    try:
        home = Path.home()
    except RuntimeError:  # a user id without a name and without HOME
        home = Path("/")
    return find(os.environ, home)


@cache
def client() -> docker.DockerClient:
    """The engine of this machine; raises ConfigurationError when none answers, with where it was configured."""
    at = address()
    if at.host.startswith("ssh:"):
        raise ConfigurationError(f"{at.host} (from {at.configured}) is an engine on another machine: {OWN_ENGINE}")
    try:
        _settle(at)
        _listens(at)
        with closing(docker.from_env(timeout=ANSWER_S)) as asked:
            asked.ping()
        return docker.from_env(timeout=120)
    except (DockerException, OSError, ValueError) as error:
        raise _no_answer(at, error) from None


def engine_facts() -> dict[str, str]:
    """``Version``, ``ApiVersion``, ``Os`` and ``Arch`` of the engine; raises as `client`, and EngineError."""
    with engine_errors():
        return dict(client().version())


def require_engine() -> None:
    """Raise ConfigurationError when no engine answers."""
    client()


def engine_memory_bytes() -> int:
    """Of its machine; 0 where it does not say."""
    with engine_errors():
        return int(client().info().get("MemTotal") or 0)


def _settle(at: EngineAddress) -> None:
    """Have Docker's library and Testcontainers take this engine, and nothing else of what the user has for others.

    Both read the environment whenever a container is made. Testcontainers: no Ryuk (its image may not be had; we reap
    by label), no registry to log in to or to prefix image names with, and pods are reached by their own address.
    """
    os.environ |= {"DOCKER_HOST": at.host, "DOCKER_CONFIG": str(NO_CONFIGURATION)}
    if at.certificates is not None:
        os.environ |= {"DOCKER_CERT_PATH": str(at.certificates), "DOCKER_TLS_VERIFY": "1"}
    if not at.host.startswith("unix:"):
        _no_proxy_to(urlsplit(at.host).hostname)
    try:  # only now: it reads its configuration when it is imported
        from testcontainers.core.config import ConnectionMode, testcontainers_config
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigurationError(f"Testcontainers cannot use one of its settings in the environment: {error}") from None
    logging.getLogger("testcontainers").setLevel(logging.WARNING)  # it tells of every container
    testcontainers_config.tc_properties = {}
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.connection_mode_override = ConnectionMode.bridge_ip
    testcontainers_config.hub_image_name_prefix = ""
    testcontainers_config._docker_auth_config = None  # its setter warns of what is not used


def _listens(at: EngineAddress) -> None:
    """Raise OSError where nobody listens on the engine's local socket: Docker's library leaves its own open then."""
    if at.host.startswith("unix:"):
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(ANSWER_S)
            asked.connect("/" + at.host.removeprefix("unix:").lstrip("/"))


def _no_proxy_to(host: str | None) -> None:
    """A proxy is no way to an engine whose pods this host must reach by itself."""
    known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if host and known.strip() != "*":
        os.environ |= dict.fromkeys(("no_proxy", "NO_PROXY"), ",".join(filter(None, (known, host))))


def _no_answer(at: EngineAddress, error: Exception) -> ConfigurationError:
    certified = [name for name in ("DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH") if os.environ.get(name)]
    where = f"no Docker Engine answers at {at.host} (from {', '.join([at.configured, *certified])})"
    said = " ".join(str(error).split())
    if "Permission denied" in said:
        return ConfigurationError(
            f"{where}: permission denied; run as root, or as a member of the group that owns the socket (docker)"
        )
    if at.host == DEFAULT_HOST and ("No such file" in said or "Connection refused" in said):
        how = "run `make images` (it starts one on Debian and Ubuntu as root), start yours, or set DOCKER_HOST"
        return NoEngineError(f"{where}: {how}")
    return ConfigurationError(f"{where}: start it, or fix or remove that setting. Docker's library says: {said}")


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
