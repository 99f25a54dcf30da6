"""What a MySQL pod says of itself: one query, read by the role agent, the observer and the cluster alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

#: One round trip. Without Group Replication the join gives one row of nulls.
#: lag_ms: age of the oldest transaction that an applier worker is applying right now; null when none is.
STATUS_QUERY = """
SELECT @@global.super_read_only OR @@global.read_only, @@global.gtid_executed,
       (SELECT MAX(TIMESTAMPDIFF(MICROSECOND, w.APPLYING_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP, NOW(6))) / 1000
          FROM performance_schema.replication_applier_status_by_worker w WHERE w.APPLYING_TRANSACTION <> ''),
       m.MEMBER_HOST, m.MEMBER_STATE, m.MEMBER_ROLE, m.MEMBER_ID = @@server_uuid
  FROM (SELECT 1) one LEFT JOIN performance_schema.replication_group_members m ON m.MEMBER_HOST <> ''
"""

Role = Literal["primary", "replica"]


@dataclass(frozen=True, kw_only=True)
class Status:
    """A sample of one pod.

    state: Group Replication's member state (ONLINE, RECOVERING, ERROR, OFFLINE …), or None without a group.
    view: member host -> "STATE/ROLE" as this pod sees its group; empty without one.
    """

    role: Role
    state: str | None
    read_only: bool
    gtid_executed: str
    lag_ms: float | None
    view: dict[str, str] = field(default_factory=dict)

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


def parse(rows: Sequence[Sequence[Any]], *, expects_group: bool) -> Status:
    """Read the rows of STATUS_QUERY.

    expects_group: a pod that belongs to a group but is in none (yet, or any more) is an OFFLINE replica, never a
    primary: after a restart it is writable for a moment before it rejoins.
    """
    read_only, gtid_executed, lag_ms = rows[0][:3]
    view = {row[3]: f"{row[4]}/{row[5] or ''}" for row in rows if row[3]}
    own = next((row for row in rows if row[6]), None)
    role: Role
    if own is not None:
        state, role = str(own[4]), "primary" if own[5] == "PRIMARY" else "replica"
    elif expects_group:
        state, role = "OFFLINE", "replica"
    else:
        state, role = None, "replica" if read_only else "primary"
    return Status(
        role=role,
        state=state,
        read_only=bool(read_only),
        gtid_executed="".join(str(gtid_executed).split()),
        lag_ms=None if lag_ms is None else float(lag_ms),
        view=view,
    )


def in_agreement(name: str, statuses: Mapping[str, Status | None]) -> bool:
    """Whether a pod is in service and a majority of all pods sees the group exactly as it does.

    Its own word is not enough: a primary that was frozen or cut off believes for seconds after it is back that it
    still leads a group which has long expelled it.
    """
    own = statuses[name]
    if own is None or not own.in_service:
        return False
    alike = sum(1 for one in statuses.values() if one is not None and one.view == own.view)
    return alike * 2 > len(statuses)
