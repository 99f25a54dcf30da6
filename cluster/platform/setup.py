"""``python -m cluster.platform.setup``: everything between a fresh machine and the first run, each step shown with its
time.

Second step of the Makefile's set-up, after the virtual environment. Steps already done print nothing.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cluster.errors import ConfigurationError, EngineError, HarnessError
from cluster.platform import docker_engine, images


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a step while it runs and how long it took."""
    print(f"[set-up] {name} …", flush=True)
    begin = time.monotonic()
    yield
    print(f"[set-up] {name}: done in {time.monotonic() - begin:.1f} s", flush=True)


def ensure_engine() -> None:
    """Use the engine that answers; else, where allowed, install what is missing and start dockerd."""
    try:
        docker_engine.client()
        return
    except docker_engine.NoEngineError:
        if not docker_engine.can_install():
            raise
    if shutil.which("dockerd") is None or shutil.which("iptables") is None:
        with step("install the Docker Engine"):
            docker_engine.apt_install("docker.io", "iptables")
    with step("start dockerd"):
        docker_engine.start_dockerd()


def ensure_images() -> None:
    """Build the images whose inputs changed."""
    for one in images.ALL:
        if not one.present:
            with step(f"build image {one.tag}"):
                one.build(one.tag)


def main() -> int:
    try:
        ensure_engine()
        ensure_images()
    except (ConfigurationError, EngineError, HarnessError) as error:
        print(f"[set-up] cannot go on: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigurationError) else 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
