"""What is reaped: whatever a dead process left, unless the run is kept, and was so since this boot."""

from __future__ import annotations

from typing import Any

import pytest

from cluster import labels

DEAD = f"{labels.boot()}:1:0"


class Thing:
    """A container, network or volume."""

    def __init__(self, run_id: str, owner: str, **more: str) -> None:
        self.labels = {labels.RUN: run_id, labels.OWNER: owner, **more}
        self.attrs = {"Labels": self.labels}
        self.name = f"{run_id}-thing"
        self.removed = False

    def remove(self, **_: object) -> None:
        self.removed = True


class Kind:
    def __init__(self, *things: Thing) -> None:
        self.things = things

    def list(self, *, filters: dict[str, Any], **_: object) -> list[Thing]:
        wanted = [filters["label"]] if isinstance(filters["label"], str) else filters["label"]
        return [
            one
            for one in self.things
            if all(key in one.labels and value in ("", one.labels[key]) for key, _, value in map(split, wanted))
        ]


def split(label: str) -> tuple[str, str, str]:
    return label.partition("=")


class Engine:
    def __init__(self, *, containers: list[Thing], networks: list[Thing]) -> None:
        self.containers, self.networks, self.volumes = Kind(*containers), Kind(*networks), Kind()


def test_a_kept_run_outlives_its_owner_but_not_its_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, stale = {labels.KEPT: labels.boot()}, {labels.KEPT: "an earlier boot"}
    containers = [
        Thing("under-way", labels.owner()),
        Thing("left", DEAD),
        Thing("kept", DEAD),
        Thing("kept", DEAD, **kept),
        Thing("stale", DEAD),
        Thing("stale", DEAD, **stale),
    ]
    networks = [Thing(run, DEAD) for run in ("left", "kept", "stale")]
    engine = Engine(containers=containers, networks=networks)
    monkeypatch.setattr(labels, "client", lambda: engine)
    assert labels.live_runs() == {"under-way", "kept"}
    labels.reap()
    assert {one.labels[labels.RUN] for one in [*containers, *networks] if one.removed} == {"left", "stale"}
    assert all(one.removed for one in networks if one.labels[labels.RUN] != "kept")
    labels.remove("kept")
    assert all(one.removed for one in [*containers[2:4], networks[1]])
