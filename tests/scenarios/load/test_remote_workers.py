"""Workers on other machines: what is refused before anything starts, and a worker that finds nobody."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from mesh.ingress import configuration
from scenarios.cli.worker import work
from scenarios.load.remote_workers import elsewhere, place_of
from scenarios.progress import Progress
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario

HERE = "127.0.0.1:45557"
Read = Callable[..., Scenario]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def build(*settings: str, mesh: str = "envoy") -> Scenario:
        file = tmp_path / "mine.yaml"
        load = "{rate: 10, duration: 5s, workers: 3}"
        file.write_text(f"name: mine\nteaches: x\ntopology: single\nmesh: {mesh}\nworkload: transfer\nload: {load}\n")
        return read_scenario(str(file), settings=list(settings))

    return build


def test_nobody_elsewhere_is_the_rule(read: Read) -> None:
    assert elsewhere(read(), workers=0, bind=None) is None


@pytest.mark.parametrize("mesh", ["envoy", "haproxy", "router"])
def test_some_or_all_workers_may_be_elsewhere(read: Read, mesh: str) -> None:
    for workers in (1, 3):
        found = elsewhere(read(mesh=mesh), workers=workers, bind=HERE)
        assert found is not None
        assert (found.workers, found.place, found.ports) == (workers, HERE, [45557, 45558, 45559])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"workers": 4}, r"--remote-workers 4: expected 1 to 3; load\.workers counts all"),
        ({"workers": -1}, r"expected 1 to 3"),
        ({"workers": 0}, "--bind .* is for workers on other machines: say how many"),
        ({"bind": None}, "--remote-workers 1 needs --bind ADDRESS"),
        ({"bind": ":5557"}, "expected ADDRESS or ADDRESS:PORT"),
        ({"bind": "127.0.0.1:x"}, "expected ADDRESS or ADDRESS:PORT"),
        ({"bind": "127.0.0.1:65534"}, "expected ADDRESS or ADDRESS:PORT"),
        ({"bind": "203.0.113.9"}, "this machine has no such address"),
        ({"bind": "no such host"}, "--bind no such host: "),
    ],
)
def test_what_cannot_be_is_refused(read: Read, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        elsewhere(read(), workers=keys.get("workers", 1), bind=keys.get("bind", HERE))


@pytest.mark.parametrize("mesh", ["direct", "sidecar", "mtls"])
def test_a_mesh_without_a_gateway_has_no_place_for_them(read: Read, mesh: str) -> None:
    with pytest.raises(ConfigurationError, match=f"mesh {mesh} has no one place.* take a gateway"):
        elsewhere(read(mesh=mesh), workers=1, bind=HERE)


def test_a_calibration_and_a_locustfile_stay_at_home(read: Read) -> None:
    with pytest.raises(ConfigurationError, match="share of the measured maximum"):
        elsewhere(read("load.rate=70%"), workers=1, bind=HERE)
    example = Path(__file__).parents[3] / "docs" / "examples" / "locustfile.py"
    with pytest.raises(ConfigurationError, match="use a workload class instead"):
        elsewhere(read(f"workload={example}"), workers=1, bind=HERE)


def test_packages_of_the_load_image_are_not_elsewhere(read: Read, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n")
    inbox = Path(__file__).parents[3] / "docs" / "examples" / "inbox.py"
    settings = [f"workload={inbox}:Inbox", f"workload.requirements={tmp_path / 'requirements.txt'}"]
    with pytest.raises(ConfigurationError, match=r"requirements is installed into the image .* install there what"):
        elsewhere(read(*settings), workers=1, bind=HERE)


def taken_after_a_free_port() -> socket.socket:
    """A listening socket on a port whose predecessor nobody has: other tests take ports meanwhile."""
    while True:
        taken = socket.create_server(("127.0.0.1", 0))
        try:
            socket.create_server(("127.0.0.1", taken.getsockname()[1] - 1)).close()
        except OSError:
            taken.close()
        else:
            return taken


def test_a_port_that_somebody_has_is_named(read: Read) -> None:
    with taken_after_a_free_port() as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} is in use; give another first port"):
            elsewhere(read(), workers=1, bind=f"127.0.0.1:{port - 1}")


def test_each_port_leads_to_one_place() -> None:
    written = configuration("10.0.0.4", [(5557, ("198.18.1.59", 5557)), (5558, ("198.18.1.31", 3306))])
    assert "    bind 10.0.0.4:5557\n    server there 198.18.1.59:5557\n" in written
    assert "    bind 10.0.0.4:5558\n    server there 198.18.1.31:3306\n" in written


def test_a_worker_that_finds_no_run_says_how_to_start_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(
        ConfigurationError, match=rf"no run is waiting there; start it with .*--bind 127\.0\.0\.1:{port}"
    ):
        work(f"127.0.0.1:{port}", Progress(), wait_s=0)
    with pytest.raises(ConfigurationError, match="no such host"):
        work("no-such-host.invalid", Progress(), wait_s=0)
    assert place_of("10.0.0.4", what="worker") == ("10.0.0.4", 5557)
