"""What a MySQL pod says of itself: one query, read by role agent, observer, control plane and cluster alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cluster.topology import Kind, is_group, is_source_replica

#: One round trip. Without Group Replication the join gives one row whose members are null; so does a missing channel.
#: lag_ms: age of the oldest transaction that an applier worker is applying right now; null when none is.
STATUS_QUERY = """
SELECT @@global.super_read_only OR @@global.read_only, @@global.gtid_executed,
       (SELECT MAX(TIMESTAMPDIFF(MICROSECOND, w.APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, NOW(6))) / 1000
          FROM performance_schema.replication_applier_status_by_worker w WHERE w.APPLYING_TRANSACTION <> ''),
       m.MEMBER_HOST, m.MEMBER_STATE, m.MEMBER_ROLE, m.MEMBER_ID = @@server_uuid,
       @@report_host, c.HOST, r.SERVICE_STATE, r.RECEIVED_TRANSACTION_SET, a.SERVICE_STATE
  FROM (SELECT 1) one
  LEFT JOIN performance_schema.replication_group_members m ON m.MEMBER_HOST <> ''
  LEFT JOIN performance_schema.replication_connection_configuration c ON c.CHANNEL_NAME = ''
  LEFT JOIN performance_schema.replication_connection_status r ON r.CHANNEL_NAME = ''
  LEFT JOIN performance_schema.replication_applier_status a ON a.CHANNEL_NAME = ''
"""

Role = Literal["primary", "replica"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """A sample of one pod.

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
    kind: Kind = "single"
    view: dict[str, str] = field(default_factory=dict)
    source: str | None = None
    received: str = ""
    receiving: bool = False

    @property
    def quorum(self) -> bool:
        """Whether this pod sees a majority of its group; always true without a group."""
        reachable = sum(1 for state in self.view.values() if not state.startswith("UNREACHABLE"))
        return not self.view or reachable * 2 > len(self.view)

    @property
    def in_service(self) -> bool:
        return self.state in ("ONLINE", None) and self.quorum

    @property
    def writable(self) -> bool:
        """Primary, in service, and past the read-only moment of an election."""
        return self.role == "primary" and self.in_service and not self.read_only


def parse(rows: Sequence[Sequence[Any]], *, kind: Kind) -> Status:
    """Read the rows of STATUS_QUERY.

    kind: how the pod is meant to replicate. One that belongs to a group but is in none (yet, or any more) is an
    OFFLINE replica, never a primary: after a restart it is writable for a moment before it rejoins.
    """
    read_only, gtid_executed, lag_ms = rows[0][:3]
    own_name, source, receiver, received, applier = rows[0][7:12]
    role: Role
    state: str | None
    if is_group(kind):
        view = {row[3]: f"{row[4]}/{row[5] or ''}" for row in rows if row[3]}
        own = next((row for row in rows if row[6]), None)
        role = "primary" if own is not None and own[5] == "PRIMARY" else "replica"
        state = "OFFLINE" if own is None else str(own[4])
    elif is_source_replica(kind):
        role = "replica" if source or read_only else "primary"
        state = _channel_state(receiver, applier) if source else ("ONLINE" if role == "primary" else "OFFLINE")
        leader = source or (own_name if role == "primary" else None)
        view = {leader: "ONLINE/PRIMARY"} if leader else {}
    else:
        role, state, view = "replica" if read_only else "primary", None, {}
    return Status(
        role=role,
        state=state,
        read_only=bool(read_only),
        gtid_executed="".join(str(gtid_executed).split()),
        lag_ms=None if lag_ms is None else float(lag_ms),
        kind=kind,
        view=view,
        source=source or None,
        received="".join(str(received or "").split()),
        receiving=receiver == "ON",
    )


def _channel_state(receiver: str | None, applier: str | None) -> str:
    if applier != "ON":
        return "ERROR"
    return {"ON": "ONLINE", "CONNECTING": "CONNECTING"}.get(receiver or "OFF", "OFFLINE")


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


def in_agreement(name: str, statuses: Mapping[str, Status | None]) -> bool:
    """Whether a pod is in service and a majority sees who leads exactly as it does.

    Its own word is not enough: a primary that was frozen or cut off believes for seconds after it is back that it
    still leads a group which has long expelled it. In a group the majority is of all pods, as Group Replication counts;
    elsewhere of the pods in service, since a dead replica takes nothing from a primary's right to lead.
    """
    own = statuses[name]
    if own is None or not own.in_service:
        return False
    voices = [one for one in statuses.values() if one is not None and (is_group(own.kind) or one.in_service)]
    alike = sum(1 for one in voices if one.view == own.view)
    return alike * 2 > (len(statuses) if is_group(own.kind) else len(voices))
