"""What stands for the engine in tests of `meshbench capacity`: a system, runs with a node killed, and the verb."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from cluster.topologies.lookup import replication_of
from reports.capacity.step import Purpose, Step
from reports.schema import validate
from reports.trials.trial import Trial
from scenarios.cli.cli import main
from scenarios.trials.loop import Planned
from tests.scenarios.capacity.fake_server import FakeServer

SLO = "response_p99<=250ms"
Before = Callable[[int], None]


class FakeSystem:
    """A system that a simulated server stands for, and another one for reads alone. before: called with the number of
    each step. ended: how often it was removed. story: what happened to its nodes; of a system that one test has."""

    before: Before = staticmethod(lambda _: None)
    server = FakeServer(capacity_tps=1000, slots=4)
    one_less = FakeServer(capacity_tps=800, slots=4)
    reads = FakeServer(capacity_tps=2000, slots=4)
    reads_one_less = FakeServer(capacity_tps=1200, slots=2)
    taken: float = 0.0
    ended = 0
    story: list[str]

    def __init__(self, scenario: Any, *, platform: Any, folder: Path) -> None:
        del platform, folder
        self.lost: set[str] = set()
        self._reads_alone = False
        type(self).story = []
        replication = replication_of(scenario.topology.kind)
        self.cluster = SimpleNamespace(topology=SimpleNamespace(replication=replication))
        self._steps = 0

    @property
    def taken_percent(self) -> float:
        return type(self).taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        type(self).ended += 1

    def measure(
        self,
        rate_tps: float | None,
        *,
        purpose: Purpose,
        setting: str = "n",
        clients: int | None = None,
        duration_s: float,
        meanwhile: Callable[[], None] | None = None,
    ) -> Step:
        del duration_s
        self._steps += 1
        self.before(self._steps)
        if meanwhile is not None:
            meanwhile()
        server = self.one_less if self.lost else self.server
        if self._reads_alone:
            server = self.reads_one_less if self.lost else self.reads
        step = replace(server(rate_tps or server.capacity_tps, purpose), setting=setting)
        if clients is None:
            return step
        carried_tps = server.capacity_tps * clients / (clients + server.slots)
        return replace(step, offered_tps=0.0, concurrency=float(clients), achieved_tps=carried_tps)

    @contextmanager
    def offering(self, options: Mapping[str, Any]) -> Iterator[None]:
        assert options == {"read_share": 1.0}
        self._reads_alone = True
        yield
        self._reads_alone = False

    def replica(self) -> str:
        return "node3"

    def lose(self, node: str | None = None) -> str:
        assert not self.lost, "one at a time"
        self.lost.add(node or "node1")
        self.story.append(f"{node or 'node1'} killed")
        return node or "node1"

    def rejoin(self, node: str) -> None:
        assert node in self.lost

    def wait_for(self, node: str) -> None:
        self.lost.remove(node)
        self.story.append(f"{node} back")

    def await_reads(self, node: str, *, served: bool) -> None:
        self.story.append(f"{node} {'serves reads' if served else 'serves no reads'}")


class FakeTrials:
    """Runs of which each is told by ``rate -> whether it holds``. asked: the rates. lost: writes that each loses.
    unclear_from: rates of which a run cannot tell."""

    asked: list[float]
    holds_up_to = 600.0
    lost = 0
    unclear_from = float("inf")

    def __init__(self, **_: Any) -> None: ...

    def run(self, planned: Planned) -> Trial:
        rate = float(planned.scenario.load.rate or 0)
        self.asked.append(rate)
        summary: Any = {"verdict": "pass", "why": "", "void_reasons": [], "write_outage_ms": 2000.0}
        summary["rpo"] = {"lost": self.lost, "duplicated": 0, "torn": 0}
        return Trial(number=1, order=1, seed=1, summary=summary, folder=Path(f"/runs/{rate:g}"))


def ended(tmp_path: Path, *words: str, subject: str = "single") -> int:
    return main(["capacity", subject, "--mesh", "direct", "--slo", SLO, "--runs", str(tmp_path), *words])


def content(tmp_path: Path) -> dict[str, Any]:
    """capacity.json of the only run, which is as its schema says."""
    (file,) = tmp_path.glob("capacity/2*/capacity.json")
    found: dict[str, Any] = json.loads(file.read_text())
    validate(found, "capacity")
    return found
