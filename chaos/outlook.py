"""Who plays which part, looked at all the time while the load runs, so that a fault is aimed without any waiting.

In the middle of a failover nobody is the primary. What counts then is the last moment at which the pods agreed on one,
and what the control plane has decided since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from chaos.feed import Decision
from cluster.cluster import Cluster
from cluster.status.agreement import in_agreement
from cluster.status.poller import UNREACHABLE, Poller
from cluster.status.status import Status

LOOK_S = 0.1
TIMEOUT_S = 1.0

Statuses = Mapping[str, Status | None]


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The last moment at which most pods agreed on a writable primary, and what each pod then said of itself."""

    primary: str
    statuses: Statuses


@dataclass(frozen=True, kw_only=True)
class Handover:
    """The last way from one primary to another since the load began, as far as it has come.

    old: who led before. candidate: who is to lead, once that is decided and until it does. new: who leads instead.
    """

    old: str | None = None
    candidate: str | None = None
    new: str | None = None


def handover(made: list[Decision]) -> Handover:
    """Read the control plane's decisions, oldest first."""
    last = Handover()
    for one in made:
        pod = one["pod"]
        match one["event"]:
            case "primary_suspected" if last.old is None:
                last = Handover(old=pod)
            case "primary_gone" if pod != last.old or last.new is not None:
                last = Handover(old=pod)
            case "switchover_started":
                last = Handover(old=one["detail"].get("old"), candidate=pod)
            case "switchover_refused":
                last = Handover()
            case "candidate_chosen":
                last = Handover(old=last.old, candidate=pod)
            case "promoted":
                last = Handover(old=last.old, new=pod)
    return last


class Outlook:
    """Looks at every pod of a cluster, a thread and a connection each: a frozen pod holds up nobody."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._seen: dict[str, Status | None] = {}
        self._settled: Settled | None = None

    def start(self) -> None:
        """Begin to look; return once there is a primary. Raises WaitTimeoutError where there is none."""
        primary = self._cluster.membership.primary()
        self._settled = Settled(primary=primary, statuses=self._cluster.status())
        for watch in (self._watch, self._settle):
            self._run(watch)

    def stop(self) -> None:
        self._over.set()

    @property
    def settled(self) -> Settled:
        assert self._settled is not None, "start it first"
        return self._settled

    @property
    def statuses(self) -> Statuses:
        """The newest answers, None of a pod that has not answered."""
        return dict(self._seen)

    def _run(self, watch: object, *args: str) -> None:
        thread = threading.Thread(target=watch, args=args, name="outlook", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _watch(self) -> None:
        """Have each pod looked at by a thread of its own, those that come later too."""
        watched: set[str] = set()
        while not self._over.is_set():
            for name in set(self._cluster.pods) - watched:
                watched.add(name)
                self._run(self._sample, name)
            self._over.wait(LOOK_S)

    def _sample(self, name: str) -> None:
        poller = Poller(
            host=self._cluster.hosts[name],
            user="root",
            password=self._cluster.credentials.root,
            replication=self._cluster.topology.replication,
            timeout_s=TIMEOUT_S,
        )
        while name in self._cluster.pods and not self._over.is_set():
            begin_s = time.monotonic()
            try:
                self._seen[name] = poller.sample()
            except UNREACHABLE:
                self._seen[name] = None
            self._over.wait(max(0.01, begin_s + LOOK_S - time.monotonic()))
        self._seen.pop(name, None)
        poller.close()

    def _settle(self) -> None:
        while not self._over.wait(LOOK_S):
            statuses = self.statuses
            for name, status in statuses.items():
                if status is not None and status.writable and in_agreement(name, statuses):
                    self._settled = Settled(primary=name, statuses=statuses)
                    break
