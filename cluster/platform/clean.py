"""``python -m cluster.platform.clean`` (``make clean``): remove what dead runs left and every image built here."""

from __future__ import annotations

import sys

import docker

from cluster.errors import ConfigurationError, EngineError
from cluster.platform import keeper, ownership
from cluster.platform.docker_engine import client
from cluster.platform.docker_errors import engine_errors
from cluster.platform.images import LABEL


def main() -> int:
    try:
        engine = client()
    except ConfigurationError:
        return 0  # without an engine there is nothing on it
    try:
        return _clean(engine)
    except EngineError as error:
        print(f"the engine refused: {error}", file=sys.stderr)
        return 4


@engine_errors()
def _clean(engine: docker.DockerClient) -> int:
    for gone in ownership.reap():
        print(f"removed {gone}")
    living = ownership.live_runs()
    if living or keeper.living():
        print(f"under way: {', '.join(sorted(living)) or 'a run that begins'}; its images stay", file=sys.stderr)
        return 2
    for image in engine.images.list(filters={"label": LABEL}):
        name = image.tags[0] if image.tags else image.short_id
        engine.images.remove(name, force=True)
        print(f"removed image {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
