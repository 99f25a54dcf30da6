"""``make clean``: what dead runs left and our own images go, nothing else does, and nothing that is in use."""

from __future__ import annotations

import io
import secrets
from typing import Any

import pytest
from docker.errors import APIError

from cluster.errors import ConfigurationError, EngineSilentError
from cluster.platform import clean, images, keeper, ownership
from cluster.platform.docker_engine import NoEngineError, client


class FakeImage:
    def __init__(self, short_id: str, *tags: str, label: str | None = None) -> None:
        self.short_id, self.tags = short_id, list(tags)
        self.labels = {} if label is None else {"meshbench.image": label}


class FakeEngine:
    """An engine with images; refuses: the name of one that it does not remove."""

    def __init__(self, *there: FakeImage, refuses: str = "") -> None:
        self.there, self.refuses = list(there), refuses
        self.images = self

    def list(self, *, filters: dict[str, Any]) -> list[FakeImage]:
        return [image for image in self.there if filters["label"] in image.labels]

    def remove(self, name: str, **_: object) -> None:
        if name == self.refuses:
            raise APIError("409 Client Error: image is being used by running container 4711")
        self.there = [image for image in self.there if name not in (image.short_id, *image.tags)]


OURS, UNTAGGED = FakeImage("sha256:aa", "meshbench/base:1", label="base"), FakeImage("sha256:bb", label="tools")
THEIRS = FakeImage("sha256:cc", "mysql:9.7")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """With two images of ours and one that is not, and nothing under way."""
    engine = FakeEngine(OURS, THEIRS, UNTAGGED)
    monkeypatch.setattr(clean, "client", lambda: engine)
    monkeypatch.setattr(ownership, "reap", list)
    monkeypatch.setattr(ownership, "live_runs", set)
    monkeypatch.setattr(keeper, "living", set)
    return engine


def test_our_images_go_and_no_others(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert clean.main() == 0
    assert engine.there == [THEIRS]
    assert capsys.readouterr() == ("removed image meshbench/base:1\nremoved image sha256:bb\n", "")


def test_what_dead_runs_left_goes_first(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reap() -> list[str]:
        assert len(engine.there) == 3, "an image that a container is of cannot go"
        return ["container meshbench-abc-node1", "network meshbench-abc"]

    monkeypatch.setattr(ownership, "reap", reap)
    assert clean.main() == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["removed container meshbench-abc-node1", "removed network meshbench-abc"]
    assert len(out) == 4


@pytest.mark.parametrize(
    ("runs", "keepers", "says"),
    [
        ({"def", "abc"}, {"k1"}, "under way: abc, def; its images stay\n"),
        (set(), {"k1"}, "under way: a run that begins; its images stay\n"),
    ],
)
def test_while_a_run_is_under_way_its_images_stay(
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    runs: set[str],
    keepers: set[str],
    says: str,
) -> None:
    monkeypatch.setattr(ownership, "live_runs", lambda: runs)
    monkeypatch.setattr(keeper, "living", lambda: keepers)
    assert clean.main() == 2
    assert len(engine.there) == 3
    assert capsys.readouterr() == ("", says)


@pytest.mark.parametrize("trouble", [NoEngineError("none answers"), ConfigurationError("an engine elsewhere")])
def test_without_an_engine_there_is_nothing_to_remove(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trouble: Exception
) -> None:
    def silent() -> object:
        raise trouble

    monkeypatch.setattr(clean, "client", silent)
    monkeypatch.setattr(ownership, "reap", lambda: pytest.fail("asked an engine that is not there"))
    assert clean.main() == 0
    assert capsys.readouterr() == ("", "")


def test_an_image_that_the_engine_keeps_is_4_and_one_line(
    engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.refuses = "meshbench/base:1"
    assert clean.main() == 4
    assert capsys.readouterr().err == (
        "the engine refused: 409 Client Error: image is being used by running container 4711\n"
    )


def test_an_engine_that_falls_silent_is_4_and_one_line(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def reap() -> list[str]:
        raise EngineSilentError("Read timed out.")

    monkeypatch.setattr(ownership, "reap", reap)
    assert clean.main() == 4
    assert capsys.readouterr().err == "the engine refused: Read timed out.\n"


@pytest.mark.engine
def test_on_a_real_engine_what_has_the_label_goes_and_the_image_below_it_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    token = secrets.token_hex(4)
    label, tag, base = f"meshbench.trial-{token}", f"trial-{token}:1", images.image("base").tag
    client().images.build(fileobj=io.BytesIO(f"FROM {base}".encode()), tag=tag, labels={label: "trial"}, rm=True)
    monkeypatch.setattr(clean, "LABEL", label)
    monkeypatch.setattr(ownership, "reap", list)
    monkeypatch.setattr(ownership, "live_runs", set)
    monkeypatch.setattr(keeper, "living", set)
    assert clean.main() == 0
    assert capsys.readouterr().out == f"removed image {tag}\n"
    assert (images.exists(tag), images.exists(base)) == (False, True)
