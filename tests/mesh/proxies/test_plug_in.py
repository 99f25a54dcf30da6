"""A proxy is one file: its settings, how it is started, what it tells."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

import mesh.proxies
from cluster.cluster import Cluster
from cluster.errors import ConfigurationError
from cluster.platform.fake import FakePlatform
from cluster.plug_ins import declared
from cluster.topology import Topology
from mesh.endpoints import Admin, Watch
from mesh.modes.create import create_mesh
from mesh.proxies.lookup import PROXIES
from mesh.proxies.proxy import Proxy
from scenarios.schema.read import read_words

PLUG_IN = """
from dataclasses import dataclass

from mesh.proxies.proxy import Launch, Proxy, Settings, checks, read_path


@dataclass(frozen=True, kw_only=True)
class RelaySettings(Settings):
    fall: int = checks("failed checks in a row before a pod is out", default=4)


class Relay(Proxy):
    name = "relay"
    title = "Relay"
    settings = RelaySettings
    image = "base"
    admin_port = 9000
    version_command = ["relay", "--version"]
    who = "relay"
    ready_words = "relay is ready"

    def launch(self, settings, around):
        text = f"fall={settings.fall} to={','.join(around.pods.values())} read={read_path(around.topology)}"
        return Launch(command=["relay", "/relay.conf"], files={"/relay.conf": text.encode()})

    def endpoints(self, get, pods):
        pool = {pod: {"healthy": True, "connections": 0, "cut": None} for pod in pods.values()}
        return {"write": pool, "read": pool}

    def describe(self, topology):
        return {"routing": "round robin"}
"""


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "relay.py").write_text(PLUG_IN)
    monkeypatch.setattr(mesh.proxies, "__path__", [*mesh.proxies.__path__, str(tmp_path)])
    monkeypatch.setitem(PROXIES, "relay", declared(mesh.proxies, Proxy, word="name")["relay"])
    monkeypatch.delitem(sys.modules, "mesh.proxies.relay")
    return "relay"


def document(**mesh: object) -> dict[str, object]:
    return {"name": "a", "description": "b", "topology": "group", "mesh": mesh, "workload": "transfer"}


def test_a_proxy_from_one_file_is_a_word_of_scenarios_and_stands_in_front_of_the_pods(relay: str) -> None:
    section = read_words(document(mode="gateway", proxy=relay, fall=7), blame={}, settings=[]).mesh
    mesh = create_mesh(section.spec())
    cluster = Cluster(Topology(kind="group", pods=2), platform=FakePlatform(), run_id="abc")
    cluster.nodes.open_network()
    mesh.start(cluster)

    written = io.BytesIO()
    cluster.guests["gateway"].containers["relay"].fetch("/relay.conf", written)
    assert written.getvalue().decode() == f"fall=7 to={','.join(cluster.hosts.values())} read=/replica"
    assert mesh.write == [(cluster.network.address("proxy"), 3306)]
    assert mesh.admin["gateway"] == Admin(kind=relay, url=f"http://{cluster.network.address('proxy')}:9000")
    told = mesh.proxies()["gateway"]()
    assert {pod: endpoint["healthy"] for pod, endpoint in told["write"].items()} == {"node1": True, "node2": True}
    watched = Watch(mesh.admin["gateway"], pods={"198.18.0.11": "node1"}, timeout_s=1)
    assert watched.endpoints()["read"]["node1"]["cut"] is None


def test_its_settings_are_its_own(relay: str) -> None:
    assert read_words(document(mode="gateway", proxy=relay), blame={}, settings=[]).mesh.settings == {"fall": 4}
    with pytest.raises(ConfigurationError, match=r"mesh\.ttl: unknown key of proxy relay; allowed here: .*, fall"):
        read_words(document(mode="gateway", proxy=relay, ttl="1s"), blame={}, settings=[])
