"""Waiting, ownership, images, the observer's reading of Envoy, and mysqld's command line: all without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.mysqld.mysqld import command
from cluster.platform import images
from cluster.topology import Topology
from cluster.wait import WaitTimeoutError, wait_until
from mesh.proxies.envoy import envoy_endpoints


def test_waiting_ends_with_what_was_awaited() -> None:
    answers = iter([None, False, "there"])
    assert wait_until("it is there", lambda: next(answers), timeout_s=5, poll_s=0.001) == "there"


def test_waiting_in_vain_names_what_it_awaited_and_what_it_saw() -> None:
    def refuse() -> bool:
        raise ConnectionError("refused")

    with pytest.raises(WaitTimeoutError, match=r"0\.01 s until node2 is secondary.*refused"):
        wait_until("node2 is secondary", refuse, timeout_s=0.01, poll_s=0.001, tolerate=OSError)
    with pytest.raises(ConnectionError):
        wait_until("an error nobody expects", refuse, timeout_s=5, tolerate=ValueError)


def test_a_wait_says_what_it_waits_for_and_how_things_stand(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("cluster.wait.TELL_EVERY_S", 0.0)
    caplog.set_level("INFO", logger="meshbench")
    answers = iter([False, "there"])
    wait_until("all pods agree", lambda: next(answers), timeout_s=60, poll_s=0.001, now=lambda: "node2 CONNECTING")
    assert caplog.messages == ["waiting until all pods agree, for 0 s of at most 60 s; last seen: node2 CONNECTING"]
    with pytest.raises(WaitTimeoutError, match=r"until all pods agree; last seen: node2 CONNECTING$"):
        wait_until("all pods agree", lambda: False, timeout_s=0, now=lambda: "node2 CONNECTING")


def test_a_tag_changes_with_its_inputs_and_with_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "ROOT", tmp_path)
    recipe = tmp_path / "Dockerfile"
    recipe.write_text("FROM a")
    image = images.Image("thing", lambda: [recipe], lambda tag: None)
    first = image.tag
    assert image.tag == first
    recipe.write_text("FROM b")
    assert image.tag != first


def test_a_changed_base_changes_every_image_on_it() -> None:
    base = set(images.image("base").inputs())
    assert all(base <= set(one.inputs()) for one in images.ALL)


def test_envoy_s_endpoints_are_read_by_pool_and_pod() -> None:
    def host(address: str, **health: object) -> dict[str, object]:
        stats = [{"name": "cx_active", "value": "7"}, {"name": "rq_total"}]
        return {"address": {"socket_address": {"address": address}}, "health_status": health, "stats": stats}

    clusters = [
        {
            "name": "write",
            "host_statuses": [
                host("198.18.0.11", eds_health_status="HEALTHY"),
                host("198.18.0.12", eds_health_status="HEALTHY", failed_active_health_check=True),
            ],
        }
    ]
    read = envoy_endpoints(clusters, {"198.18.0.11": "node1", "198.18.0.12": "node2"})
    assert read == {
        "write": {
            "node1": {"healthy": True, "connections": 7, "cut": None},
            "node2": {"healthy": False, "connections": 7, "cut": None},
        }
    }


def test_the_scenario_s_config_comes_last_and_the_user_s_file_first() -> None:
    topology = Topology(
        kind="group",
        pods=3,
        config={"sync_binlog": 0, "group-replication-member-expel-timeout": 0, "innodb_dedicated_server": True},
        my_cnf=Path("my.cnf"),
    )
    words = command(topology, index=1, name="node2", own=["--plugin-load-add=group_replication.so"])
    assert words[0].startswith("--defaults-extra-file=")
    assert "--server-id=2" in words
    assert words[-3:] == [
        "--sync_binlog=0",
        "--loose_group_replication_member_expel_timeout=0",
        "--innodb_dedicated_server=ON",
    ]
