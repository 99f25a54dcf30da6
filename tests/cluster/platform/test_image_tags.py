"""The tags of our images are resolved once a run: a source that is edited meanwhile changes nothing for that run."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.platform import images
from cluster.platform.docker_platform import DockerPlatform


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
