"""The tags of our images are resolved once a run: a source that is edited meanwhile changes nothing for that run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.cluster import Cluster
from cluster.mysqld import requested
from cluster.platform import images
from cluster.platform.docker_platform import DockerPlatform
from cluster.platform.fake import FakePlatform
from cluster.topology import Topology


def test_a_source_that_is_edited_during_a_run_changes_the_tags_of_the_next_run_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = tmp_path / "loadgen" / "client.py"
    source.parent.mkdir()
    source.write_text("RATE = 1\n")
    monkeypatch.setattr(images, "ROOT", tmp_path)
    tools = images.Image("tools", lambda: [source], lambda _: None)
    base = images.Image("base", list, lambda _: None)
    monkeypatch.setattr(images, "ALL", (base, tools))

    run = DockerPlatform()
    at_start = run.image("tools")
    source.write_text("RATE = 2\n")
    assert run.image("tools") == at_start
    new_run = DockerPlatform()
    assert new_run.image("tools") != at_start
    assert new_run.image("tools") == tools.tag
    assert new_run.image("base") == run.image("base")


def test_an_edit_before_the_first_container_counts_for_the_next_run_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = tmp_path / "client.py"
    source.write_text("RATE = 1\n")
    monkeypatch.setattr(images, "ROOT", tmp_path)
    tools = images.Image("tools", lambda: [source], lambda _: None)
    monkeypatch.setattr(images, "ALL", (tools,))
    built = tools.tag
    run = DockerPlatform()
    source.write_text("RATE = 2\n")
    assert run.image("tools") == built, "what was required, and built, is what is started"


def test_a_node_that_is_added_later_is_asked_for_by_the_image_of_the_run_s_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    class Answer:
        all_printed = ""

    def ask(reference: str, **_: object) -> Answer:
        asked.append(reference)
        return Answer()

    monkeypatch.setattr(requested, "ask", ask)
    topology = Topology(kind="group", pods=3)
    cluster = Cluster(topology, platform=FakePlatform(), run_id="0a1b2c3d")
    requested.error_log(cluster.topology)
    assert asked == ["fake/mysql:1"]
    requested.error_log(topology)
    assert asked[1] == images.image("mysql").tag, "before a run there is only what would be started now"
    own = Cluster(Topology(kind="group", pods=3, image="mine:1"), platform=FakePlatform(), run_id="0a1b2c3e")
    requested.error_log(own.topology)
    assert asked[2] == "mine:1"
