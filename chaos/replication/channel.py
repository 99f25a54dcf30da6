"""The way from a source to a replica, as that replica tells of it, and how its options are changed while it is in use.

MySQL changes options of an applier only while that is stopped, and throws away everything received and not yet applied
where the receiver is stopped as well (reference manual, "CHANGE REPLICATION SOURCE TO": the relay log files). Under
semi-sync that may be the only copy of an acknowledged write, so nothing here ever does that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaos import sql
from cluster.cluster import Cluster
from cluster.errors import HarnessError
from cluster.status.poller import UNREACHABLE
from cluster.wait import wait_until
from history import gtid

#: A pod that is down when its fault is to be healed is asked again for so long.
HEAL_TIMEOUT_S = 60.0
#: To stop a receiver that is connecting to silence takes until that has timed out.
CHANGE_TIMEOUT_S = 20.0
_LOOK = """
SELECT r.SERVICE_STATE, a.SERVICE_STATE, r.RECEIVED_TRANSACTION_SET, ac.DESIRED_DELAY, a.REMAINING_DELAY,
       ac.PRIVILEGE_CHECKS_USER, c.NETWORK_INTERFACE, r.LAST_ERROR_NUMBER, co.LAST_ERROR_NUMBER,
       (SELECT MAX(TIMESTAMPDIFF(MICROSECOND, w.LAST_APPLIED_TRANSACTION_ORIGINAL_COMMIT_TIMESTAMP,
                                 w.LAST_APPLIED_TRANSACTION_END_APPLY_TIMESTAMP)) / 1e6
          FROM performance_schema.replication_applier_status_by_worker w
         WHERE w.CHANNEL_NAME = '' AND w.LAST_APPLIED_TRANSACTION <> '')
  FROM performance_schema.replication_connection_configuration c
  JOIN performance_schema.replication_connection_status r USING (CHANNEL_NAME)
  JOIN performance_schema.replication_applier_configuration ac USING (CHANNEL_NAME)
  JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME)
  LEFT JOIN performance_schema.replication_applier_status_by_coordinator co USING (CHANNEL_NAME)
 WHERE CHANNEL_NAME = '' AND c.HOST <> ''
"""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """receiver, applier: ``ON``, ``OFF``, of the receiver also ``CONNECTING``; with the number of the error that either
    ended with last, or 0. received: a GTID set. delay_s: what the applier is told to wait; waits: whether it does.
    checks_user: whose privileges the applier has, and bound_to: the address the receiver connects from, where told.
    lag_s: how old the youngest transactions were when they had been applied, since the applier was started.
    """

    receiver: str
    applier: str
    received: str
    delay_s: int
    waits: bool
    checks_user: str | None
    bound_to: str | None
    receiver_error: int
    applier_error: int
    lag_s: float | None


def look(cluster: Cluster, pod: str) -> Channel | None:
    """None of a pod that follows nobody; raises one of UNREACHABLE."""
    found = sql.rows(cluster, pod, _LOOK)
    if not found:
        return None
    receiver, applier, received, delay, remaining, user, interface, receiver_error, applier_error, lag_s = found[0]
    return Channel(
        receiver=receiver,
        applier=applier,
        received="".join(str(received or "").split()),
        delay_s=int(delay),
        waits=remaining is not None,
        checks_user=user or None,
        bound_to=interface or None,
        receiver_error=int(receiver_error or 0),
        applier_error=int(applier_error or 0),
        lag_s=None if lag_s is None else round(float(lag_s), 3),
    )


def behind(cluster: Cluster, pod: str) -> int:
    """How many transactions a pod has not executed that it has received, or that another pod has executed."""
    executed = [status.gtid_executed for name, status in cluster.status().items() if status and name != pod]
    channel = look(cluster, pod)
    everywhere = ",".join(filter(None, [*executed, channel.received if channel else ""]))
    missing = sql.value(cluster, pod, "SELECT GTID_SUBTRACT(%s, @@global.gtid_executed)", everywhere)
    return gtid.count(gtid.parse(str(missing)))


def change_applier(cluster: Cluster, pod: str, option: str) -> None:
    """Set an option of the applier, such as ``SOURCE_DELAY = 3``, keeping what has been received.

    Raises one of UNREACHABLE, and HarnessError where something was thrown away all the same.
    """
    with cluster.connect(pod, timeout_s=CHANGE_TIMEOUT_S) as connection, connection.cursor() as cursor:
        channel = look(cluster, pod)
        if channel is None:
            return
        # whoever stopped the receiver, or is about to: for this moment it runs, though it may reach nobody
        _run(cursor, "STOP REPLICA SQL_THREAD", "START REPLICA IO_THREAD", f"CHANGE REPLICATION SOURCE TO {option}")
        _run(cursor, *(["STOP REPLICA IO_THREAD"] if channel.receiver == "OFF" else []), "START REPLICA SQL_THREAD")
    _require_kept(cluster, pod, channel.received)


def change_receiver(cluster: Cluster, pod: str, option: str) -> None:
    """The same for an option of the receiver, whose applier must not have stopped."""
    with cluster.connect(pod, timeout_s=CHANGE_TIMEOUT_S) as connection, connection.cursor() as cursor:
        channel = look(cluster, pod)
        if channel is None:
            return
        if channel.applier != "ON":
            raise HarnessError(f"{pod}: its applier has stopped, so {option} would throw away what it has received")
        _run(cursor, "STOP REPLICA IO_THREAD", f"CHANGE REPLICATION SOURCE TO {option}", "START REPLICA IO_THREAD")
    _require_kept(cluster, pod, channel.received)


def restored(cluster: Cluster, pod: str, what: str, mend: Any) -> None:
    """Mend the channel of a pod, which may be down for the moment; raises WaitTimeoutError when it stays away.

    mend: called with the channel, where there is one.
    """

    def mended() -> bool:
        try:
            if (channel := look(cluster, pod)) is not None:
                mend(channel)
        except UNREACHABLE as error:
            raise ConnectionError(" ".join(str(error).split())) from error
        return True

    wait_until(f"{what} of {pod} is undone", mended, timeout_s=HEAL_TIMEOUT_S, poll_s=0.5, tolerate=ConnectionError)


def _run(cursor: Any, *statements: str) -> None:
    for statement in statements:
        cursor.execute(statement)


def _require_kept(cluster: Cluster, pod: str, before: str) -> None:
    """Raise HarnessError when transactions that were there are neither received nor executed any more."""
    channel = look(cluster, pod)
    kept = channel.received if channel else ""
    lost = sql.value(
        cluster, pod, "SELECT GTID_SUBTRACT(%s, CONCAT_WS(',', NULLIF(%s, ''), @@global.gtid_executed))", before, kept
    )
    if lost:
        raise HarnessError(f"{pod} has thrown away what it had received and not applied: {lost}; both of its threads "
                           "were stopped when an option was changed")  # fmt: skip
