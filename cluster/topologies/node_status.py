"""One query for whatever MySQL's own replication says of a node, and what its rows have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.status.status import Role, Status

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


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The rows of STATUS_QUERY by name. members: those of the group as this node sees it, (host, state, role, self)."""

    read_only: bool
    gtid_executed: str
    lag_ms: float | None
    members: Sequence[tuple[str, str, str | None, bool]]
    name: str | None
    source: str | None
    receiver: str | None
    received: str
    applier: str | None

    def status(self, *, kind: str, role: Role, state: str | None, view: Mapping[str, str]) -> Status:
        return Status(
            role=role,
            state=state,
            read_only=self.read_only,
            gtid_executed=self.gtid_executed,
            lag_ms=self.lag_ms,
            kind=kind,
            view=dict(view),
            source=self.source,
            received=self.received,
            receiving=self.receiver == "ON",
        )


def read(rows: Sequence[Sequence[Any]]) -> Answer:
    read_only, gtid_executed, lag_ms = rows[0][:3]
    name, source, receiver, received, applier = rows[0][7:12]
    return Answer(
        read_only=bool(read_only),
        gtid_executed="".join(str(gtid_executed).split()),
        lag_ms=None if lag_ms is None else float(lag_ms),
        members=[(row[3], str(row[4]), row[5], bool(row[6])) for row in rows if row[3]],
        name=name,
        source=source or None,
        receiver=receiver,
        received="".join(str(received or "").split()),
        applier=applier,
    )
