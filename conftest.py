"""pytest options and fixtures shared by every test of the repository: engine, cluster, run_dir, seed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from cluster.cluster import Cluster
from cluster.platform import ownership
from cluster.platform.docker_engine import client
from cluster.platform.docker_platform import DockerPlatform
from cluster.topology import Topology


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=7, help="seed of every run that the tests start")
    parser.addoption(
        "--all-stories", action="store_true", help="run every scenario of the catalogue, not only the core"
    )
    parser.addoption("--runs", type=Path, default=None, help="keep run folders here instead of in a temporary folder")


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


@pytest.fixture(scope="session")
def run_dir(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where runs leave their folders."""
    chosen: Path | None = request.config.getoption("--runs")
    return chosen or tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="session")
def engine() -> docker.DockerClient:
    """The Docker Engine; a test that asks for it fails where there is none."""
    return client()


@pytest.fixture(scope="module")
def cluster(engine: docker.DockerClient) -> Iterator[Callable[..., Cluster]]:
    """Starts clusters (a topology, and what else `Cluster` takes), and removes all of them at the end of the module."""
    del engine
    started: list[str] = []

    def start(topology: Topology, *, spare_pods: int = 0) -> Cluster:
        run_id = secrets.token_hex(4)
        started.append(run_id)
        running = Cluster(topology, platform=DockerPlatform(), run_id=run_id, spare_pods=spare_pods)
        running.start()
        return running

    yield start
    for run_id in started:
        ownership.remove(run_id)
