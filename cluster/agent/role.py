"""What a role agent answers, from its own mysqld's status and what it has heard of others. No server, no thread."""

from __future__ import annotations

import socket
import time
from dataclasses import asdict, dataclass

from cluster.agent.lease import LEASE_S, agreement, lease_from, needs_fencing
from cluster.agent.peers import UNHEARD, Gossip
from cluster.status.status import Status
from cluster.topologies.replication import CanPromote, Replication

MAX_AGE_S = 1.0
#: How long a promise waits for the own mysqld to take no more writes before it is answered without that.
GIVE_UP_S = 0.4


@dataclass
class Latest:
    """The newest sample and when it was taken (CLOCK_MONOTONIC seconds)."""

    status: Status | None = None
    at_s: float = 0.0

    def fresh(self) -> Status | None:
        return None if time.monotonic() - self.at_s > MAX_AGE_S else self.status


class Role:
    """What proxies, peers and the control plane ask one pod."""

    def __init__(self, replication: Replication, *, gossip: Gossip, latest: Latest) -> None:
        self.replication = replication
        self.gossip = gossip
        self.latest = latest
        self._agreed_s = 0.0

    def holds(self, path: str) -> bool:
        """Whether what ``path`` asks is true now."""
        status = self.latest.fresh()
        if status is None:
            return False
        if path == "/primary":
            return status.writable and (not self.replication.replicates or self.leads(status))
        return status.in_service and (path == "/health" or (path == "/replica" and status.role == "replica"))

    def leads(self, status: Status) -> bool:
        """Whether others bear out that this pod is primary: they did within LEASE_S, or do now."""
        now_s, gossip = time.monotonic(), self.gossip
        if not self.replication.elects_by_itself:
            return lease_from(
                gossip.own, gossip.assignment, control=gossip.control, peers=dict(gossip.peers), now_s=now_s
            )
        if agreement(gossip.own, status.view, peers=dict(gossip.peers), now_s=now_s):
            self._agreed_s = now_s
        return now_s - self._agreed_s <= LEASE_S

    def members(self) -> list[str]:
        """The pods of the own group's view; none without a group."""
        status = self.latest.status
        return list(status.view) if status is not None and self.replication.elects_by_itself else []

    def report(self) -> dict[str, object]:
        """For the other agents: this pod's status (null when it has none) and the newest assignment it knows."""
        status = self.latest.fresh()
        return {"status": asdict(status) if status else None, "assignment": asdict(self.gossip.assignment)}

    def takes_writes(self) -> bool:
        """Whether the mysqld beside this agent may take writes, as far as can be told: a frozen one may, a dead one
        comes back read-only."""
        status = self.latest.fresh()
        return not (status.read_only if status else refuses(self.gossip.own))

    def in_the_way(self) -> bool:
        """Whether the own mysqld takes writes that it may not take."""
        status = self.latest.fresh()
        if status is None:
            return False
        leased = self.leads(status)  # asked in any case: that is how an agreement is remembered for LEASE_S
        if not isinstance(self.replication, CanPromote):  # the nodes see to it themselves
            return False
        return needs_fencing(read_only=status.read_only, assignment=self.gossip.assignment, leased=leased)

    def promise(self) -> dict[str, object]:
        """The answer to an assignment that was just adopted: what is known now, and whether this pod takes writes.

        A pod that the assignment names has heard the control plane before it answers, so that it is not fenced again in
        the moment in which it is opened.
        """
        gossip = self.gossip
        if gossip.assignment.primary == gossip.own:
            try:
                gossip.ask_control()
            except UNHEARD as error:
                print(f"accepted leadership but cannot reach the control plane: {error!r}", flush=True)
        else:
            deadline_s = time.monotonic() + GIVE_UP_S
            while self.takes_writes() and time.monotonic() < deadline_s:
                time.sleep(0.01)
        return {"version": gossip.assignment.version, "takes_writes": self.takes_writes()}


def refuses(host: str, *, port: int = 3306, timeout_s: float = MAX_AGE_S) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
