"""What an operator does for a group that lost its majority, once all its pods are running again.

Group Replication never forms a group again by itself: members that crashed cannot be admitted without a majority, and
survivors without one wait for ever. MySQL reference manual, "Handling a Network Partition and Loss of Quorum" and
"Restarting a Group". Nothing is done while a single pod is silent: it might be a majority elsewhere.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pymysql

from cluster.nodes import Nodes
from cluster.operations.start import wait_for_login
from cluster.status.status import Status
from cluster.status.views import unreachable
from cluster.topologies.replication import CanForceQuorum

log = logging.getLogger("meshbench")

#: How long a group must have been seen beyond its own help before anything is done for it.
PATIENCE_S = 3.0
#: A forced membership takes XCom up to half a minute on its own, and longer while others knock.
FORCE_TIMEOUT_S = 120.0
KILL_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """survivors: members that are ONLINE without a majority; empty when no member is left. outside: all other pods,
    each of which says itself that it is in no group."""

    survivors: tuple[str, ...]
    outside: tuple[str, ...]


def plan_for(statuses: Mapping[str, Status | None]) -> Plan | None:
    """What to do, or None: a pod is silent, a majority is there, or the survivors do not see one another alike."""
    known = {name: one for name, one in statuses.items() if one is not None}
    if len(known) < len(statuses):
        return None
    survivors = tuple(sorted(name for name, one in known.items() if one.state == "ONLINE"))
    outside = tuple(sorted(set(known) - set(survivors)))
    if any(known[name].quorum for name in survivors):
        return None
    if not all(known[name].state in ("OFFLINE", "ERROR", "RECOVERING") for name in outside):
        return None
    for name in survivors:
        reachable = {member for member, state in known[name].view.items() if not unreachable(state)}
        if reachable != set(survivors):
            return None
    return Plan(survivors=survivors, outside=outside) if outside else None


class Rescuer:
    """Looks at a group's statuses whenever it is shown them, and acts once a plan has stood for PATIENCE_S.

    Shared by all who wait for a pod to come back: the group is rescued once, not once a pod.
    """

    def __init__(self, nodes: Nodes, *, join: Callable[..., None], assisted: list[str]) -> None:
        """join: as `Membership.join`. assisted: takes the names of those that were helped."""
        self._nodes = nodes
        self._join = join
        self._assisted = assisted
        self._lock = threading.Lock()
        self._plan: Plan | None = None
        self._since_s = 0.0

    def look(self, statuses: Mapping[str, Status | None]) -> None:
        """Act, if it is time; blocks until done. A step that mysqld refuses is logged, and tried again later."""
        with self._lock:
            plan = plan_for(statuses)
            if plan is None or plan != self._plan:
                self._plan, self._since_s = plan, time.monotonic()
                return
            if time.monotonic() - self._since_s < PATIENCE_S:
                return
            try:
                self._act(plan)
            except (pymysql.MySQLError, OSError) as error:
                log.info("rescue of the group: %s", error)
            self._plan = None

    @property
    def _replication(self) -> CanForceQuorum:
        replication = self._nodes.topology.replication
        assert isinstance(replication, CanForceQuorum), "shown to no others"
        return replication

    def _act(self, plan: Plan) -> None:
        log.info("no majority is left; ONLINE: %s", ", ".join(plan.survivors) or "nobody")
        with ThreadPoolExecutor(max_workers=len(plan.outside)) as pool:
            list(pool.map(self._calm, plan.outside))
            joining = set(plan.outside)
            if plan.survivors:
                self._force(plan.survivors)
            else:
                leader = self._most_advanced(plan.outside)
                joining.remove(leader)
                self._assisted.append(leader)
                self._join(self._nodes.pods[leader], first=True)
            for name in sorted(joining):
                self._assisted.append(name)
            list(pool.map(lambda name: self._join(self._nodes.pods[name], first=False), sorted(joining)))

    def _calm(self, name: str) -> None:
        """End a pod's attempt to rejoin by itself, which lasts a minute and which STOP would wait for: restart mysqld
        with its start on boot turned off. `Membership.join` turns it on again."""
        with self._nodes.connect(name) as connection:
            if not self._replication.disable_start_on_boot(connection):
                return
        container = self._nodes.pods[name].containers["mysqld"]
        container.kill()
        container.wait(timeout_s=KILL_TIMEOUT_S)
        container.start()
        wait_for_login(self._nodes, self._nodes.pods[name])

    def _force(self, survivors: tuple[str, ...]) -> None:
        log.info("forcing the group's membership to %s", ", ".join(survivors))
        self._assisted += survivors
        with self._nodes.connect(survivors[0], timeout_s=FORCE_TIMEOUT_S) as connection:
            self._replication.force_members(connection, [self._nodes.hosts[name] for name in survivors])

    def _most_advanced(self, names: tuple[str, ...]) -> str:
        """The pod that lacks nothing of what another has executed or received; of equals, the first."""
        have: dict[str, str] = {}
        for name in names:
            with self._nodes.connect(name) as connection:
                have[name] = self._replication.executed_or_received(connection)
        with self._nodes.connect(names[0]) as connection, connection.cursor() as cursor:
            leader = names[0]
            for name in names[1:]:
                cursor.execute(
                    "SELECT GTID_SUBSET(%s, %s) AND NOT GTID_SUBSET(%s, %s)",
                    (have[leader], have[name], have[name], have[leader]),
                )
                if cursor.fetchone()[0]:
                    leader = name
        return leader
