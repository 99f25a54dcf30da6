"""A load from its start to its account, on a platform in memory: what its pods say, and what becomes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError, HarnessError
from cluster.platform.fake import FakePlatform, FakeProcess
from cluster.platform.platform import RUNNING, exited
from cluster.topology import Topology
from history.load_events import Done, Error, LoadEvent, Ready, Second, Started
from loadgen.config import LoadConfig
from mesh.spec import MeshSpec
from scenarios.load.load import Load
from scenarios.load.load_pod import CONFIG_FILE
from scenarios.run.boot import assemble
from scenarios.schema.read import read_scenario

SCENARIO = """
name: mine
teaches: what pods say
topology: single
mesh: direct
workload: transfer
load: {{rate: 90, duration: 2s, connections: 9, workers: {workers}}}
"""
ZERO_NS = 5_000_000_000_000
ZEROS: dict[str, Any] = dict.fromkeys(("fail", "unknown", "refused", "backlog", "in_flight"), 0)


def second(t_s: float, ok: int) -> Second:
    return Second(at_ns=ZERO_NS + round(t_s * 1e9), t_s=t_s, offered=ok, ok=ok, connections_opened=3, **ZEROS)


def done(ok: int, **more: Any) -> Done:
    return Done(offered=ok, ok=ok, fail=0, unknown=0, refused=0, cpu_s=0.5, **more)


BEGUN: list[LoadEvent] = [Ready(connected=3), Started(zero_ns=ZERO_NS, duration_s=2.0)]


@dataclass(kw_only=True)
class Talking(FakeProcess):
    """begun: where pods wait for each other once they have said that they have begun."""

    begun: threading.Barrier

    def follow(self) -> Iterator[bytes]:
        for number, line in enumerate(super().follow()):
            if number == len(BEGUN):
                self.begun.wait(timeout=30)
            yield line


def loaded(folder: Path, said: dict[str, list[LoadEvent] | bytes], *, code: int = 0) -> tuple[Load, FakePlatform]:
    """A load whose pods say so, each before its container ends with the code; Locust's master says nothing."""

    begun = threading.Barrier(len(said))

    def cast(name: str, _: str, process: FakeProcess) -> FakeProcess:
        told = said.get(name, b"")
        return Talking(
            image=process.image,
            command=process.command,
            files=process.files,
            output=told if isinstance(told, bytes) else b"".join(event.to_json() + b"\n" for event in told),
            states=(RUNNING, exited(code)),
            begun=begun,
        )

    file = folder / "mine.yaml"
    file.write_text(SCENARIO.format(workers=len(said)))
    platform = FakePlatform(cast=cast)
    topology = Topology(kind="single", pods=1)
    cluster, mesh = assemble(topology, MeshSpec(mode="direct"), platform=platform, run_id="0a1b2c3d", down_after_s=1.0)
    cluster.nodes.open_network()
    mesh.start(cluster)
    return Load(cluster, mesh, read_scenario(str(file))), platform


def test_one_pod_says_when_it_begins_each_second_and_its_account(tmp_path: Path) -> None:
    first, last = second(1.001, 80), second(2.002, 100)
    load, platform = loaded(tmp_path, {"load1": [*BEGUN, first, last, done(180, lateness_ms={"p99": 1.5})]})
    heard: list[Second] = []
    assert load.start() == ZERO_NS
    load.run(heard.append)
    assert heard == [first, last]
    assert (load.totals["ok"], load.totals["complete"], load.totals["lateness_ms"]) == (180, True, {"p99": 1.5})
    assert [row["t_s"] for row in load.seconds()] == [1.001, 2.002]
    process = platform.pods["load1"].containers["locust"]
    assert isinstance(process, FakeProcess)
    assert process.image == "fake/tools:1"
    assert LoadConfig.from_json(process.files[CONFIG_FILE].decode()).rate == 90


def test_seconds_of_several_pods_are_summed_when_all_have_told(tmp_path: Path) -> None:
    pods: dict[str, list[LoadEvent] | bytes] = {
        name: [*BEGUN, second(t_s, ok), done(ok)] for name, t_s, ok in (("load1", 1.001, 40), ("load2", 1.004, 50))
    }
    load, platform = loaded(tmp_path, pods)
    heard: list[Second] = []
    load.start()
    load.run(heard.append)
    assert [(told.t_s, told.ok, told.in_flight) for told in heard] == [(1.004, 90, 0)]
    assert (load.totals["ok"], load.totals["pods"]["load2"]["ok"], load.totals["dead"]) == (90, 50, [])
    master = platform.pods["load-master"].containers["locust"]
    assert isinstance(master, FakeProcess)
    assert "--master" in master.command


def test_a_pod_that_dies_is_named_with_its_code_and_counts_with_what_it_told(tmp_path: Path) -> None:
    alive: list[LoadEvent] = [*BEGUN, second(1.0, 40), second(2.0, 40), done(80)]
    load, _ = loaded(tmp_path, {"load1": alive, "load2": [*BEGUN, second(1.0, 7)]}, code=137)
    load.start()
    load.run(lambda _: None)
    totals = load.totals
    assert (totals["ok"], totals["complete"], totals["dead"]) == (87, False, ["load2"])
    assert totals["exit_codes"] == {"load2": 137}
    assert totals["cpu_s"] is None, "a sum of the others would be taken for the whole"


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ([Error(message="rate: 0", refused=True)], ConfigurationError, "^load1: load generator failed: rate: 0$"),
        ([Error(message="it broke")], HarnessError, "^load1: load generator failed: it broke$"),
        (b'{"event": "explode"}\n', HarnessError, "^load1: load generator failed: unknown event 'explode'; expected"),
        (
            b'{"event": "started", "zero_ns": 5}\n',
            HarnessError,
            "^load1: load generator failed: event started: duration_s missing$",
        ),
        (b'{"event": "rea', HarnessError, "^load1 ended before its load began: "),
        (b"no module named locust\n", HarnessError, "^load1 ended before its load began: no module named locust$"),
    ],
)
def test_a_load_that_cannot_begin_says_why(
    tmp_path: Path, said: list[LoadEvent] | bytes, kind: type[Exception], message: str
) -> None:
    load, _ = loaded(tmp_path, {"load1": said})
    with pytest.raises(kind, match=message) as failed:
        load.start()
    assert type(failed.value) is kind


def test_an_event_that_cannot_be_read_ends_a_load_that_is_under_way(tmp_path: Path) -> None:
    begun = b"".join(event.to_json() + b"\n" for event in BEGUN)
    load, _ = loaded(tmp_path, {"load1": begun + b'{"event": "second", "t_s": 1.0}\n'})
    load.start()
    with pytest.raises(HarnessError, match=r"load1: load generator failed: event second: at_ns, .* missing"):
        load.run(lambda _: None)
