"""What is reaped: whatever nobody's keeper stands for, unless the run is kept and runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cluster.platform import keeper, ownership

OLD_OWNER = "0a1b:4711:99"
NOBODY = "nobody"


class Thing:
    """A container, network or volume."""

    def __init__(self, status: str = "running", **marks: str) -> None:
        self.labels = {f"meshbench.{name}": value for name, value in marks.items()}
        self.attrs = {"Labels": self.labels}
        self.status = status
        self.name = f"{marks.get('run')}-thing"
        self.removed = False

    def remove(self, **_: object) -> None:
        self.removed = True


class Kind:
    def __init__(self, *things: Thing) -> None:
        self.things = list(things)
        self.listed: Callable[[], None] = lambda: None

    def list(self, *, filters: dict[str, Any], all: bool = False, **_: object) -> list[Thing]:
        key, _equals, value = filters["label"].partition("=")
        found = [
            one
            for one in self.things
            if key in one.labels
            and value in ("", one.labels[key])
            and (all or one.status in ("running", "paused"))
            and filters.get("status", one.status) == one.status
        ]
        self.listed()
        return found


class Engine:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, *containers: Thing, networks: tuple[Thing, ...] = ()) -> None:
        self.containers, self.networks, self.volumes = Kind(*containers), Kind(*networks), Kind()
        for module in (keeper, ownership):
            monkeypatch.setattr(module, "client", lambda: self)

    def gone(self) -> set[str]:
        """Runs of which anything was removed."""
        return {
            one.labels[ownership.RUN] for kind in (self.containers, self.networks) for one in kind.things if one.removed
        }


def of(run: str, token: str = NOBODY, *, status: str = "running", **more: str) -> Thing:
    return Thing(status, run=run, owner=OLD_OWNER, keeper=token, **more)


def test_a_run_lives_as_long_as_its_keeper_runs_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "owner", lambda: "another boot:1:0")
    networks = (of("live", "k1"), of("booting", "k1"), of("left"))
    engine = Engine(
        monkeypatch,
        Thing(keeps="k1"),
        of("live", "k1", status="exited"),
        of("live", "k1"),
        of("left"),
        networks=networks,
    )
    assert ownership.live_runs() == {"live"}
    removed = ownership.reap()
    assert engine.gone() == {"left"}
    assert removed == ["container left-thing", "network left-thing"]
    engine.containers.things[0].status = "exited"
    ownership.reap()
    assert engine.gone() == {"left", "live", "booting"}


def test_a_run_that_begins_while_another_cleans_up_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, of("left"))

    def begin() -> None:
        engine.containers.listed = lambda: None
        engine.containers.things += [Thing(keeps="k2"), of("new", "k2")]
        engine.networks.things.append(of("new", "k2"))

    engine.containers.listed = begin
    ownership.reap()
    assert engine.gone() <= {"left"}
    ownership.reap()
    assert engine.gone() == {"left"}


def test_a_cluster_that_is_kept_while_another_cleans_up_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Thing(keeps="k1"), of("up", "k1"), networks=(of("up", "k1"),))

    def keep_and_end() -> None:
        engine.networks.listed = lambda: None
        engine.containers.things[0].status = "exited"
        engine.containers.things.append(of("up", "k1", kept="0a1b"))

    engine.networks.listed = keep_and_end
    ownership.reap()
    assert not engine.gone()


def test_a_kept_run_outlives_its_owner_but_not_its_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = [
        of("kept"),
        of("kept", status="exited", kept="any boot, of any host"),
        of("stale", status="exited"),
        of("stale", status="exited", kept=ownership.boot()),
    ]
    engine = Engine(monkeypatch, *containers, networks=(of("kept"), of("stale")))
    assert ownership.live_runs() == {"kept"}
    ownership.reap()
    assert engine.gone() == {"stale"}
    ownership.remove("kept")
    assert engine.gone() == {"stale", "kept"}


def test_a_run_of_an_older_version_is_left_alone_while_anything_of_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = [
        Thing(run="running", owner=OLD_OWNER),
        Thing("exited", run="running", owner=OLD_OWNER),
        Thing("exited", run="ended", owner=OLD_OWNER),
    ]
    networks = tuple(Thing(run=run, owner=OLD_OWNER) for run in ("running", "ended"))
    engine = Engine(monkeypatch, *containers, networks=networks)
    assert ownership.without_keeper() == {"running", "ended"}
    ownership.reap()
    assert engine.gone() == {"ended"}


def test_a_process_removes_its_own_but_what_it_has_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, of("mine", "k1"), of("up", "k1", kept="x"), of("up", "k1"), of("other", "k2"))
    monkeypatch.setattr(keeper, "started", lambda: None)
    assert ownership.remove_own() == []
    monkeypatch.setattr(keeper, "started", lambda: "k1")
    assert ownership.remove_own() == ["container mine-thing"]
    assert engine.gone() == {"mine"}


def test_a_keeper_that_never_ran_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    never, running = Thing("created", keeps="k1"), Thing(keeps="k2")
    Engine(monkeypatch, never, running)
    ownership.reap()
    assert (never.removed, running.removed) == (True, False)
