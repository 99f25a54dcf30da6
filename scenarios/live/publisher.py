"""Publishes what goes on in a run while it lasts: `Publisher.snapshot` in this process, a file for others.

``<runs>/.live/<run id>.json`` is replaced twice a second and removed at the end. It is renamed into its place but never
synced to the disk, which belongs to the pods under measurement. Nothing here may harm a run: whatever goes wrong is
said once, and the run goes on without it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cluster.cluster import Cluster
from cluster.platform import ownership
from history.load_events import Second
from loadgen.driver.responses import Counts, added, quantile_ms
from scenarios.live.fault_stories import FaultStories
from scenarios.live.looks import Looks
from scenarios.live.state import LoadSeen, PhaseSeen, SecondSeen, Snapshot
from scenarios.schema.scenario import Scenario

log = logging.getLogger("meshbench")

FOLDER = ".live"
EVERY_S = 0.5
#: Seconds of the load that a snapshot shows.
SECONDS_KEPT = 120
#: The last seconds whose operations the quantiles are of.
QUANTILES_OVER_S = 5


#: Those that publish in this process, one at a time as a rule.
_PUBLISHING: list[Publisher] = []


def running() -> Snapshot | None:
    """The run that is under way in this process, as it is now; None between two of them."""
    publishing = _PUBLISHING[-1:]
    return publishing[0].snapshot() if publishing else None


class Publisher:
    """Entered, it publishes; left, it ends and removes its file.

    first: what is known of the run before it starts. runs: the runs folder.
    """

    def __init__(self, first: Snapshot, *, runs: Path) -> None:
        self._lock = threading.Lock()
        self._now = first
        self._file = runs / FOLDER / f"{first.run_id}.json"
        self._faults = FaultStories(runs / first.folder / "faults.jsonl")
        self._looks: Looks | None = None
        self._responses: deque[Counts | None] = deque(maxlen=QUANTILES_OVER_S)
        self._over = threading.Event()
        self._said = False
        self._thread = threading.Thread(target=self._publish_often, name="live", daemon=True)

    def __enter__(self) -> Publisher:
        _PUBLISHING.append(self)
        with self._harmless():
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the file; nothing is published any more."""
        _PUBLISHING.remove(self)
        with self._harmless():
            self._over.set()
            if self._looks is not None:
                self._looks.stop()
            self._thread.join(timeout=EVERY_S + 1)
            self._file.unlink(missing_ok=True)

    def snapshot(self) -> Snapshot:
        """The run as it is now."""
        with self._lock:
            now, looks = self._now, self._looks
        seen = {} if looks is None else looks.seen()
        return replace(now, at_ns=time.monotonic_ns(), **seen)

    @contextmanager
    def phase(self, name: str, *, expected_s: float | None = None) -> Iterator[None]:
        """A phase of the run, around what it consists of. expected_s: how long it will last, where that is known."""
        phase = PhaseSeen(name=name, began_ns=time.monotonic_ns(), expected_s=expected_s)
        with self._lock:
            self._now = replace(self._now, phases=(*self._now.phases, phase))
        try:
            yield
        finally:
            ended = replace(phase, ended_ns=time.monotonic_ns())
            with self._lock:
                phases = tuple(ended if one is phase else one for one in self._now.phases)
                self._now = replace(self._now, phases=phases)

    def second(self, second: Second) -> None:
        """One more second of the load."""
        with self._harmless(), self._lock:
            self._responses.append(second.responses)
            self._now = replace(self._now, load=_with(self._now.load, second, list(self._responses)))

    def watch(self, cluster: Cluster, observer_address: str) -> None:
        """From now on the observer and the control plane of the cluster are asked."""
        with self._harmless():
            looks = Looks(observer=observer_address, control=cluster.control.pod.address)
            looks.start()
            with self._lock:
                self._looks = looks

    def _publish_often(self) -> None:
        while not self._over.wait(EVERY_S):
            with self._harmless():
                faults = self._faults.so_far()
                with self._lock:
                    self._now = replace(self._now, faults=faults)
            with self._harmless():
                self._write(json.dumps(self.snapshot().as_json()))

    def _write(self, text: str) -> None:
        part = self._file.with_name(f".{self._file.name}.part")
        part.write_text(text)
        part.replace(self._file)

    @contextmanager
    def _harmless(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  a run is not worth less because nobody can look on
            if not self._said:
                self._said = True
                log.warning("the live view cannot show all of this run: %s: %s", type(error).__name__, error)


def publisher_of(scenario: Scenario, *, run_id: str, folder: Path, runs: Path, started_at: str) -> Publisher:
    """Of a run that is about to start. folder: its own. started_at: ISO 8601."""
    first = Snapshot(
        run_id=run_id,
        folder=os.path.relpath(folder, runs),
        scenario=scenario.name,
        topology=f"{scenario.topology.kind} of {scenario.topology.pods}",
        mesh=" ".join(filter(None, (scenario.mesh.mode, scenario.mesh.proxy))),
        workload=scenario.workload.name,
        seed=scenario.seed,
        started_at=started_at,
        owner=ownership.owner(),
        at_ns=time.monotonic_ns(),
        load=LoadSeen(duration_s=scenario.load.duration),
    )
    return Publisher(first, runs=runs)


def _with(load: LoadSeen, second: Second, responses: list[Counts | None]) -> LoadSeen:
    """The load with one more second. responses: of the last seconds, this one among them."""
    seen = SecondSeen(
        t_s=second.t_s,
        offered=second.offered,
        achieved=second.ok,
        failed=second.fail - second.refused,
        refused=second.refused,
        unknown=second.unknown,
        backlog=second.backlog,
        in_flight=second.in_flight,
        response_p99_ms=quantile_ms(second.responses, 0.99),
    )
    last = added(responses)
    return replace(
        load,
        zero_ns=second.at_ns - round(second.t_s * 1e9),
        offered=load.offered + seen.offered,
        achieved=load.achieved + seen.achieved,
        failed=load.failed + seen.failed,
        refused=load.refused + seen.refused,
        unknown=load.unknown + seen.unknown,
        response_p50_ms=quantile_ms(last, 0.5),
        response_p99_ms=quantile_ms(last, 0.99),
        over_s=len(responses),
        seconds=(*load.seconds, seen)[-SECONDS_KEPT:],
    )
