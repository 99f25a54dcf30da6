"""The clusters that `meshbench up` left running, sampled while somebody looks at them and left alone otherwise."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cluster.errors import ConfigurationError, HarnessError
from scenarios.live.looks import Decisions, followed, seen_in
from scenarios.live.state import ClusterSeen
from scenarios.standing import standing
from scenarios.standing.standing import Kept
from scenarios.standing.status import Watcher

SAMPLE_EVERY_S = 0.5
#: The engine is asked this often which clusters there are.
FIND_EVERY_S = 2.0
#: Nobody has asked for so long: nobody looks.
IDLE_S = 10.0


@dataclass(frozen=True, kw_only=True)
class ClustersSeen:
    """problem: why it is not known which there are, or None."""

    clusters: tuple[ClusterSeen, ...] = ()
    problem: str | None = None


class StandingClusters:
    """find: every cluster that is up. watcher: samples one of them."""

    def __init__(
        self,
        *,
        find: Callable[[], list[Kept]] = standing.find,
        watcher: Callable[[Kept], Watcher] = Watcher,
        idle_s: float = IDLE_S,
    ) -> None:
        self._find, self._watcher, self._idle_s = find, watcher, idle_s
        self._lock = threading.Lock()
        self._asked_s = 0.0
        self._looking = False
        self._seen = ClustersSeen()

    def seen(self) -> ClustersSeen:
        """As sampled last; the first answer after nobody has looked is the one from then."""
        with self._lock:
            self._asked_s = time.monotonic()
            if not self._looking:
                self._looking = True
                threading.Thread(target=self._look, name="clusters", daemon=True).start()
            return self._seen

    def _look(self) -> None:
        watched: dict[str, _Watched] = {}
        kept: list[Kept] = []
        problem, found_s = None, 0.0
        while self._somebody_looks():
            if time.monotonic() - found_s >= FIND_EVERY_S:
                found_s = time.monotonic()
                try:
                    kept, problem = self._find(), None
                except (ConfigurationError, HarnessError) as error:
                    kept, problem = [], str(error)
            for run_id in watched.keys() - {one.run_id for one in kept}:
                watched.pop(run_id).close()
            clusters = tuple(self._sampled(one, watched) for one in kept)
            self._seen = ClustersSeen(clusters=clusters, problem=problem)
            time.sleep(SAMPLE_EVERY_S)  # between two looks
        for one in watched.values():
            one.close()

    def _somebody_looks(self) -> bool:
        with self._lock:
            self._looking = time.monotonic() - self._asked_s < self._idle_s
            return self._looking

    def _sampled(self, kept: Kept, watched: dict[str, _Watched]) -> ClusterSeen:
        if not kept.current:
            problem = f"its pods ended when the machine did; `meshbench down {kept.name}` removes it"
            return ClusterSeen(name=kept.name, run_id=kept.run_id, at_ns=time.monotonic_ns(), problem=problem)
        try:
            if kept.run_id not in watched:
                watched[kept.run_id] = _Watched(self._watcher(kept))
        except ConfigurationError as error:
            return ClusterSeen(name=kept.name, run_id=kept.run_id, at_ns=time.monotonic_ns(), problem=str(error))
        return watched[kept.run_id].sample()


class _Watched:
    """A cluster that is sampled again and again."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._decisions: Decisions = ()

    def sample(self) -> ClusterSeen:
        watcher, facts = self._watcher, self._watcher.facts
        rows: list[Mapping[str, Any]] = [
            row | {"at_ns": time.monotonic_ns()} for row in [*watcher.pods(), *watcher.proxies()]
        ]
        with suppress(OSError, ValueError):  # it is asked again
            self._decisions = followed(self._decisions, facts.control, wait_s=0)
        return ClusterSeen(
            name=watcher.kept.name,
            run_id=watcher.kept.run_id,
            at_ns=time.monotonic_ns(),
            topology=f"{facts.kind} of {len(facts.pods)}",
            mesh=facts.mesh,
            started_at=facts.started_at,
            decisions=self._decisions,
            **seen_in(rows),
        )

    def close(self) -> None:
        self._watcher.close()
