"""What a fault needs its nodes to be started with: only where a step needs it, and only where image and options fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.noop import Noop
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError, HarnessError
from cluster.extras import Extra, distinct
from cluster.mysqld import extras_of_image
from cluster.mysqld.extras_of_image import require_extras
from cluster.operations.start import start_node
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.platform.platform import exited
from cluster.topology import Topology
from scenarios.schema.read import read_scenario

ATTIC = Extra(
    name="attic",
    probe="command -v ladder",
    otherwise="has no ladder",
    before="mount /attic",
    volume="/attic",
    made_by="mkfs /attic/file",
    options=("--tmpdir=/attic/tmp",),
    capabilities=("SYS_ADMIN",),
    devices=("b 7:* rmw",),
)


class StartedError(Exception):
    """Containers are there; nobody would log in to what is in memory."""


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Starts a pod of a topology, and gives its containers."""

    def up(*_: Any) -> None:
        raise StartedError

    def start(topology: Topology, *, maker_exits: int = 0) -> dict[str, FakeProcess]:
        def cast(_: str, role: str, process: FakeProcess) -> FakeProcess:
            if role != "attic":
                return process
            said = b"no space\n" if maker_exits else b""
            return replace(process, states=[exited(maker_exits)], output=said)

        platform = FakePlatform(cast=cast)
        cluster = Cluster(topology, platform=platform, run_id="0a1b2c3d")
        cluster.nodes.open_network()
        monkeypatch.setattr("cluster.operations.start.wait_for_login", up)
        with pytest.raises(StartedError):
            start_node(cluster.nodes, cluster.pods["node1"])
        return platform.pods["node1"].containers  # type: ignore[return-value]

    return start


def test_a_node_without_extras_is_started_as_ever(containers: Any) -> None:
    started = containers(Topology(kind="single", pods=1))
    assert list(started) == ["pause", "mysqld"]
    assert (started["mysqld"].before, started["mysqld"].volumes, started["mysqld"].capabilities) == ("", {}, [])


def test_a_node_is_started_with_what_its_extras_say(containers: Any) -> None:
    started = containers(Topology(kind="single", pods=1, extras=(ATTIC,)))
    assert list(started) == ["pause", "attic", "mysqld"], "its volume is filled before mysqld's container is there"
    assert started["attic"].image == "fake/base:1"
    assert started["attic"].volumes == started["mysqld"].volumes == {"meshbench-0a1b2c3d-node1-attic": "/attic"}
    assert started["mysqld"].before == "mount /attic"
    assert started["mysqld"].capabilities == ["SYS_ADMIN"]
    assert started["mysqld"].command[-1] == "--tmpdir=/attic/tmp"


def test_a_volume_that_cannot_be_filled_ends_the_start_with_what_was_said(containers: Any) -> None:
    with pytest.raises(HarnessError, match="node1 could not be given its attic: no space"):
        containers(Topology(kind="single", pods=1, extras=(ATTIC,)), maker_exits=1)


def test_an_image_that_lacks_what_an_extra_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras_of_image, "_lacking", lambda _, extra: extra.otherwise)
    topology = Topology(kind="single", pods=1, image="shop/mysql:9")
    require_extras(topology)
    with pytest.raises(ConfigurationError, match=r"^image shop/mysql:9: has no ladder$"):
        require_extras(Topology(kind="single", pods=1, image="shop/mysql:9", extras=(ATTIC,)))


def test_an_option_that_an_extra_sets_is_refused_in_any_spelling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras_of_image, "_lacking", lambda *_: "")
    topology = Topology(kind="single", pods=1, image="a:1", extras=(ATTIC,), config={"tmpdir": "/mine", "port": 1})
    with pytest.raises(ConfigurationError, match=r"^mysql.config: tmpdir: .* a step needs nodes with attic; .*$"):
        require_extras(topology)


def test_nodes_are_started_so_only_if_a_step_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "quiet.yaml"
    step = "  - {at: 5s, fault: noop, target: primary, heal_after: 5s}\n"
    text = "name: quiet\nteaches: nothing\ntopology: group\nmesh: envoy\nworkload: transfer\n"
    text += "load: {rate: 20, duration: 30s}\n"
    monkeypatch.setattr(Noop, "extras", (ATTIC,))
    file.write_text(text)
    assert read_scenario(str(file)).topology_spec().extras == ()
    file.write_text(f"{text}faults:\n{step}{step.replace('5s, f', '15s, f')}")
    assert read_scenario(str(file)).topology_spec().extras == (ATTIC,)


def test_extras_of_several_faults_come_once_each_and_in_order() -> None:
    clock = Extra(name="clock", probe="true", otherwise="", before="")
    zoo = Extra(name="zoo", probe="true", otherwise="", before="")
    assert distinct([zoo, ATTIC, clock, zoo, ATTIC]) == (ATTIC, clock, zoo)
