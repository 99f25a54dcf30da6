"""What every fault can do, and what counts as evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from cluster.cluster import Cluster
from cluster.wait import WaitTimeoutError, wait_until
from history.fault_lines import Hits

#: A fault that does not show within this time did not bite.
BITE_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a probe on real pods showed. ok: it shows what was claimed; seen: the probe's words, JSON-serialisable."""

    ok: bool
    seen: dict[str, Any] = field(default_factory=dict)


class Fault(Protocol):
    """One way to break one pod, or one operation on it. Inject and heal are a pair; heal may be called twice, or with
    nothing to heal.

    lasts: whether it goes on until it is healed. An operation (scale-out, switchover) does not: it is over when it is
    done, and its heal undoes what one that failed has left. hits: what of the pod it hits: ``node``, ``agent``,
    ``proxy``, ``control_plane``, ``load``, or its ``link``. isolates_from: the pods, by name, that it cuts its own off
    from; EVERYONE for all of them, clients included.
    """

    @property
    def name(self) -> str: ...

    @property
    def teaches(self) -> str: ...

    @property
    def lasts(self) -> bool: ...

    @property
    def hits(self) -> Hits: ...

    @property
    def isolates_from(self) -> tuple[str, ...]: ...

    def aimed(self, part: Hits, peers: tuple[str, ...]) -> Fault:
        """The same fault of that part of a pod, and for a partition from these pods alone (none: from everyone)."""

    def inject(self, cluster: Cluster, pod: str) -> None: ...

    def effect(self, cluster: Cluster, pod: str) -> Evidence:
        """Look once whether the fault shows on the pod right now; true of a broken pod, false of a sound one."""

    def heal(self, cluster: Cluster, pod: str) -> None: ...

    def residue(self, cluster: Cluster, pod: str) -> Evidence:
        """Look once whether anything of the fault is left on the pod; ok means nothing is."""


class Change:
    """What the planned changes have in common: a DBA does them on purpose, they are done when they are done."""

    lasts = False
    hits: Hits = "node"
    isolates_from: tuple[str, ...] = ()

    def aimed(self, part: Hits, peers: tuple[str, ...]) -> Self:
        del part, peers  # a change knows by itself what it is of
        return self


def await_evidence(what: str, look: Callable[[], Evidence], *, timeout_s: float) -> Evidence:
    """Look again and again until the evidence is ok or time runs out; returns the last that was seen."""
    last = Evidence(ok=False)

    def ok() -> bool:
        nonlocal last
        last = look()
        return last.ok

    try:
        wait_until(what, ok, timeout_s=timeout_s)
    except WaitTimeoutError:
        return last
    return last
