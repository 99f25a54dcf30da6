"""Whether an image can have a disk of its own is asked of the image itself, before anything starts."""

from __future__ import annotations

from collections.abc import Iterator

import docker
import pytest

from chaos.disk.file_systems import DISK
from cluster.errors import ConfigurationError
from cluster.mysqld.extras_of_image import require_extras
from cluster.platform import images
from cluster.topology import Topology

pytestmark = pytest.mark.engine

LINES = {
    "no-tool": ("RUN rm /usr/bin/fallocate", "it has no fallocate"),
    "not-root": ("USER mysql", "it does not start as root"),
}


@pytest.fixture(params=LINES)
def lacking(request: pytest.FixtureRequest, engine: docker.DockerClient) -> Iterator[tuple[str, str]]:
    """An image that lacks something, and what."""
    line, why = LINES[request.param]
    tag = f"meshbench/test-disk-{request.param}:1"
    images.build_from(f"FROM {images.image('mysql').tag}\n{line}\n", tag, name="test")
    yield tag, why
    engine.images.remove(tag, force=True)


def test_an_image_that_cannot_have_a_disk_of_its_own_is_refused(lacking: tuple[str, str]) -> None:
    tag, why = lacking
    require_extras(Topology(kind="single", pods=1, image=tag))
    with pytest.raises(ConfigurationError, match=f"^image {tag}: disk faults mount file systems .*: {why}$"):
        require_extras(Topology(kind="single", pods=1, image=tag, extras=(DISK,)))


def test_the_default_image_can(engine: docker.DockerClient) -> None:
    del engine
    require_extras(Topology(kind="single", pods=1, extras=(DISK,)))
