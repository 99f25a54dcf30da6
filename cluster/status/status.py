"""What a MySQL pod says of itself, the same for role agent, observer, control plane and cluster; how it is asked is its
topology's (`cluster.topologies`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cluster.status.views import unreachable

Role = Literal["primary", "replica"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """A sample of one pod.

    kind: how it is meant to replicate.
    state: Group Replication's member state (ONLINE, RECOVERING, ERROR, OFFLINE …). Of a pod with a source or with
        replicas: ONLINE (takes writes, or receives and applies), CONNECTING (does not hear its source), ERROR (does
        not apply), OFFLINE (read-only and follows nobody, such as a fenced primary, or has stopped listening). None for
        a single pod.
    view: who plays which part as this pod sees it, pod -> "STATE/ROLE": its group, or the source it follows.
    source: the pod this one replicates from, or None. received: the GTID set that came over that channel since it was
        set up, applied or not; empty without one. receiving: whether it hears that source, whatever its applier does.
    """

    role: Role
    state: str | None
    read_only: bool
    gtid_executed: str
    lag_ms: float | None
    kind: str = "single"
    view: dict[str, str] = field(default_factory=dict)
    source: str | None = None
    received: str = ""
    receiving: bool = False

    @property
    def quorum(self) -> bool:
        """Whether this pod sees a majority of its group; always true without a group."""
        reachable = sum(1 for state in self.view.values() if not unreachable(state))
        return not self.view or reachable * 2 > len(self.view)

    @property
    def in_service(self) -> bool:
        return self.state in ("ONLINE", None) and self.quorum

    @property
    def writable(self) -> bool:
        """Primary, in service, and past the read-only moment of an election."""
        return self.role == "primary" and self.in_service and not self.read_only


def stopped_by(connection: Any) -> list[str]:
    """The errors with which replication has stopped on a pod, each once: ``1146 Table 'shop.a' doesn't exist``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE FROM ("
            " SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE FROM performance_schema.replication_connection_status"
            " UNION SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE"
            " FROM performance_schema.replication_applier_status_by_coordinator"
            " UNION SELECT LAST_ERROR_NUMBER, LAST_ERROR_MESSAGE"
            " FROM performance_schema.replication_applier_status_by_worker) errors WHERE LAST_ERROR_NUMBER <> 0"
        )
        return [f"{number} {' '.join(str(words).split())}" for number, words in cursor.fetchall()]
