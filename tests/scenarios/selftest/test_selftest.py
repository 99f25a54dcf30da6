"""The self-test of faults without an engine: what it tries where, and that a fault which does not keep its promise, is
not gone afterwards or leaves something on the host is told, and fails it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import jsonschema
import pytest

from chaos.fault import Context, Evidence, Fault, Injection, Measure, Victim
from chaos.noop import Noop
from chaos.registry import FAULTS
from chaos.targets import part_of
from cluster.platform.fake import FakePlatform
from scenarios.selftest import selftest
from scenarios.selftest.plan import rows
from scenarios.selftest.system import System
from tests.chaos.fakes import FakeCluster, FakeOutlook

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True)
class Slow(Fault):
    """shows, measured: what its evidence says. stays: whether something of it is left after it was healed."""

    shows: ClassVar[bool] = True
    measured: ClassVar[float] = 50.0
    stays: ClassVar[bool] = False

    name = "slow"
    does = bites = heals = good = "nothing"
    targets = Noop.targets

    def on(self, victim: Victim, context: Context) -> Slowed:
        return Slowed(fault=self, victim=victim, context=context)


class Slowed(Injection[Slow]):
    broken: ClassVar[set[str]] = set()

    def inject(self) -> None:
        self.broken.add(self.pod)

    def effect(self) -> Evidence:
        size = Measure(what="delay", unit="ms", promised=50, measured=type(self.fault).measured, tolerance=5)
        shown = self.pod in self.broken and type(self.fault).shows
        return Evidence(ok=shown, measures=(size,) if shown else ())

    def heal(self) -> None:
        self.broken.discard(self.pod)

    def residue(self) -> Evidence:
        return Evidence(ok=self.pod not in self.broken and not type(self.fault).stays)


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Slow]]:
    """The self-test on fakes, with no patience."""

    @contextmanager
    def running(*_: object, **__: object) -> Iterator[System]:
        cluster = cast(Any, FakeCluster())
        system = System(cluster=cluster, outlook=cast(Any, FakeOutlook()), traffic=cast(Any, None))
        monkeypatch.setattr(System, "wait_until_sound", lambda _: None)
        yield system

    monkeypatch.setattr(selftest, "running", running)
    monkeypatch.setattr(selftest, "inventory", lambda _: {"network bridge"})
    for timeout in ("BITE_TIMEOUT_S", "CLEAN_TIMEOUT_S"):
        monkeypatch.setattr(f"scenarios.selftest.trial.{timeout}", 0.05)
    yield Slow
    Slowed.broken.clear()


def ran(fault: type[Fault]) -> dict[str, Any]:
    content = selftest.SelfTest([fault], platform=FakePlatform(), say=lambda _: None).execute()
    jsonschema.validate(content, json.loads((ROOT / "reports" / "selftest.schema.json").read_text()))
    return content


def test_a_fault_that_bites_as_promised_and_is_gone_passes(fault: type[Slow]) -> None:
    content = ran(fault)
    (row,) = content["faults"]
    assert content["verdict"] == "pass"
    assert (row["bitten"], row["clean"], row["unsupported"], row["why"]) == (True, True, None, None)
    assert (row["promised"], row["measured"]) == ({"delay (ms)": 50}, {"delay (ms)": 50})


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("shows", False, "no effect: {}"),
        ("measured", 56.0, "delay: 56 ms instead of 50 ± 5"),
        ("stays", True, "not clean: {}"),
    ],
)
def test_one_that_does_not_fails_and_says_why(
    fault: type[Slow], monkeypatch: pytest.MonkeyPatch, field: str, value: object, why: str
) -> None:
    monkeypatch.setattr(fault, field, value)
    content = ran(fault)
    assert content["verdict"] == "fail"
    assert content["faults"][0]["why"] == why
    assert not (content["faults"][0]["bitten"] and content["faults"][0]["clean"])


def test_one_that_shows_on_a_sound_pod_proves_nothing(fault: type[Slow]) -> None:
    Slowed.broken |= {"node1", "node2", "node3"}
    content = ran(fault)
    assert content["verdict"] == "fail"
    assert content["faults"][0]["why"].startswith("shows on a sound pod")


def test_what_is_left_on_the_host_is_named_and_fails_it(fault: type[Slow], monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([{"network bridge"}, {"network bridge", "loop device: /dev/loop0"}])
    monkeypatch.setattr(selftest, "inventory", lambda _: next(looks))
    content = ran(fault)
    assert content["verdict"] == "fail"
    assert list(selftest.summary(content))[-1] == "left on the host: loop device: /dev/loop0"


def test_one_that_cannot_be_here_is_told_and_fails_nothing(fault: type[Slow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "needs", ("iptables",))
    platform = FakePlatform(host=lambda _: (0, "iptables\tno table\n"))
    content = selftest.SelfTest([fault], platform=platform, say=lambda _: None).execute()
    assert content["verdict"] == "pass"
    assert "no table" in content["faults"][0]["unsupported"]
    assert content["faults"][0]["bitten"] is None


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_tried_on_each_part_that_it_can_hit_but_load(name: str) -> None:
    planned = rows([FAULTS[name]], unmet_needs={})
    parts = {part_of(target) for target in FAULTS[name].targets} - {"load"}
    assert {part_of(row.target) for row in planned} == parts
    assert all(row.setting is not None for row in planned), "none of the systems of the self-test fits it"
