"""What a run was made of, down to versions: asked of what runs, not taken from what was meant to.

The same tag of an image may hold another MySQL on another day (packages are Debian's of the day of the build), so that
two runs can only be compared when their versions are.
"""

from __future__ import annotations

import platform
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cluster.errors import EngineRefusedError
from cluster.platform import images
from cluster.platform.docker_engine import engine_facts
from cluster.platform.platform import Process
from mesh.proxies.lookup import PROXIES
from scenarios.run import host


def of_machine() -> dict[str, Any]:
    """kernel, commit and dirty (of this project's checkout, None outside of one), python, and packages of ours."""
    return {"kernel": platform.release(), **checkout(), **host.package_versions()}


def of_run(
    variables: Mapping[str, Mapping[str, str]], containers: Iterable[tuple[str, Process]], *, base: str
) -> dict[str, Any]:
    """mysqld (where pods differ, all of them), the mesh's proxy, engine, and the packages in the pods' images.

    variables: pod -> its SHOW GLOBAL VARIABLES. containers: the run's, each with its role. base: our image below all.
    """
    servers = sorted({pod["version"] for pod in variables.values()})
    engine = engine_facts().get("Version")
    found: dict[str, Any] = {"mysqld": ", ".join(servers) or None, "mysql": servers[0] if servers else None}
    for role, container in containers:
        if role in PROXIES and found.get(role) is None:
            found[role] = _printed(container, PROXIES[role].version_command)
    packages = images.versions(base)
    return found | {"engine": engine, "docker_engine": engine, "packages": packages}


def _printed(container: Process, command: list[str]) -> str | None:
    try:
        code, output = container.exec(*command)
    except EngineRefusedError:  # it has ended; the run tells of that elsewhere
        return None
    return version_in(output.decode(errors="replace")) if code == 0 else None


def version_in(printed: str) -> str | None:
    """``3.2.26-1`` of ``HAProxy version 3.2.26-1 2026/10/14``; of Envoy's the number between hash and kind of build."""
    found = re.search(r"(?<![\w.])\d+\.\d+\.\d+[\w.+~-]*", printed)
    return found[0] if found else None


def checkout() -> dict[str, Any]:
    """``commit`` of this project, and ``dirty``: whether the tree differs from it; both None outside of a checkout."""
    commit, changed = _git("rev-parse", "HEAD"), _git("status", "--porcelain")
    return {"commit": commit, "dirty": None if commit is None or changed is None else bool(changed)}


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
