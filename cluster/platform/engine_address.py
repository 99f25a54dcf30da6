"""Where the Docker Engine is, from what users have configured for Docker and for Testcontainers. Asks no engine.

In Testcontainers' order: ``tc.host`` of ~/.testcontainers.properties, DOCKER_HOST, Docker's context (DOCKER_CONTEXT, or
``currentContext`` of Docker's configuration), ``docker.host`` of that file, the local socket. The first one counts, for
pods, images and everything else. Of Docker's configuration nothing but the context and the proxies is looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cluster.errors import ConfigurationError

DEFAULT_HOST = "unix:///var/run/docker.sock"
PROPERTIES = ".testcontainers.properties"
_PROXIES = {"httpProxy": "http_proxy", "httpsProxy": "https_proxy", "noProxy": "no_proxy"}


@dataclass(frozen=True, kw_only=True)
class EngineAddress:
    """host: such as ``unix:///var/run/docker.sock``. configured: where that is said, in words that a user can look up.
    certificates: the folder of a context's TLS files. proxies: the environment with which containers that download from
    outside find the way, such as ``{"http_proxy": "http://proxy:3128"}``."""

    host: str = DEFAULT_HOST
    configured: str = "the default"
    certificates: Path | None = None
    proxies: Mapping[str, str] = field(default_factory=dict)


def find(environment: Mapping[str, str], home: Path) -> EngineAddress:
    """The engine that is meant; raises ConfigurationError, naming file and key, for what cannot be read."""
    file = home / PROPERTIES
    properties = _properties(file)
    folder = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    docker, trouble = _docker_configuration(folder / "config.json")
    proxies = _proxies(docker, environment)
    if host := properties.get("tc.host"):
        return EngineAddress(host=host, configured=f"tc.host in {file}", proxies=proxies)
    if host := environment.get("DOCKER_HOST"):
        return EngineAddress(host=host, configured="DOCKER_HOST", proxies=proxies)
    name, said_by = environment.get("DOCKER_CONTEXT"), "DOCKER_CONTEXT"
    if not name:
        name, said_by = docker.get("currentContext"), f"currentContext in {folder / 'config.json'}"
    if name and name != "default":
        host, certificates = _context(folder, str(name), said_by)
        configured = f"context {name!r} of {said_by}"
        return EngineAddress(host=host, configured=configured, certificates=certificates, proxies=proxies)
    if host := properties.get("docker.host"):
        return EngineAddress(host=host, configured=f"docker.host in {file}", proxies=proxies)
    return EngineAddress(configured=f"the default{trouble}", proxies=proxies)


def _properties(file: Path) -> dict[str, str]:
    """Key -> value of a file of Java properties, which may spell ``tcp\\://`` for ``tcp://``."""
    try:
        lines = file.read_text().splitlines() if file.exists() else []
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}; fix or remove it") from None
    pairs = [line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith(("#", "!"))]
    return {name.strip(): value.strip().replace("\\", "") for name, _, value in pairs}


def _docker_configuration(file: Path) -> tuple[dict[str, Any], str]:
    """Its content, and why there is none where it cannot be used: Docker's own client goes on without it, too."""
    try:
        found = json.loads(file.read_text()) if file.exists() else {}
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"; {file} cannot be read and is left aside: {' '.join(str(error).split())}"
    if not isinstance(found, dict):
        return {}, f"; {file} is no JSON object and is left aside"
    return found, ""


def _proxies(docker: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Those of Docker's configuration, else of the environment."""
    configured = docker.get("proxies")
    default = configured.get("default") if isinstance(configured, dict) else None
    if isinstance(default, dict) and any(default.get(key) for key in _PROXIES):
        return {name: str(default[key]) for key, name in _PROXIES.items() if default.get(key)}
    both = {name: environment.get(name) or environment.get(name.upper()) for name in _PROXIES.values()}
    return {name: value for name, value in both.items() if value}


def _context(folder: Path, name: str, said_by: str) -> tuple[str, Path | None]:
    """Host and folder of certificates of a context, as ``docker context`` keeps them."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    file = folder / "contexts" / "meta" / identity / "meta.json"
    try:
        host = json.loads(file.read_text())["Endpoints"]["docker"]["Host"]
    except FileNotFoundError:
        raise ConfigurationError(
            f"{said_by}: there is no Docker context {name!r} in {folder / 'contexts'}; `docker context ls` lists them"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{said_by}: context {name!r} cannot be read from {file}: {error!r}") from None
    certificates = folder / "contexts" / "tls" / identity / "docker"
    return str(host), certificates if certificates.is_dir() else None
