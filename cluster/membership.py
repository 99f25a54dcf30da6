"""Who leads and who follows among the nodes: given a part, asked who has which, and brought back to it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

import pymysql

from cluster.control_plane import ControlPlane
from cluster.nodes import Nodes
from cluster.operations.quorum_loss import Rescuer
from cluster.operations.start import BOOT_TIMEOUT_S, facts
from cluster.platform.platform import Pod
from cluster.status.agreement import in_agreement
from cluster.status.poller import UNREACHABLE
from cluster.status.prospects import Prospects
from cluster.status.status import Status, stopped_by
from cluster.topologies.replication import CanForceQuorum
from cluster.wait import WaitTimeoutError, wait_until

log = logging.getLogger("meshbench")

#: A member that still is not online after this long gets what an operator would do: leave and join again.
REJOIN_AFTER_S = 30.0
#: Of a server, in a GTID set; its first group is enough for people to tell it from another.
_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{22}")


class Membership:
    """Of the nodes of one cluster. assisted_rejoins: the pods that an operator would have been called for."""

    def __init__(self, nodes: Nodes, control: ControlPlane) -> None:
        self._nodes = nodes
        self._control = control
        self.assisted_rejoins: list[str] = []
        self._rescuer = Rescuer(nodes, join=self.join, assisted=self.assisted_rejoins)

    def join(self, pod: Pod, *, first: bool = False) -> None:
        """Configure replication on a fresh pod: the first becomes primary, later ones follow whoever leads."""
        with self._nodes.connect(pod.name, timeout_s=BOOT_TIMEOUT_S) as connection:
            self._nodes.topology.replication.join(
                connection, facts(self._nodes, pod), first=first, primary=self.primary
            )

    def primary(self, *, timeout_s: float = 30) -> str:
        """The pod that takes writes now, as a majority of pods sees it; waits for an election that is under way."""
        return wait_until("one pod is a writable primary", self._writable, timeout_s=timeout_s)

    def _writable(self) -> str | None:
        statuses = self._nodes.status()
        writable = [name for name, status in statuses.items() if status and status.writable]
        return next((name for name in writable if in_agreement(name, statuses)), None)

    def in_service(self, pod: str) -> bool:
        """Whether a pod serves and a majority sees it as the pod itself does."""
        return in_agreement(pod, self._nodes.status())

    def has_executed(self, pod: str, gtid_set: str) -> bool:
        """Whether a pod has executed all of a GTID set; raises pymysql.MySQLError when it cannot be asked."""
        with self._nodes.connect(pod) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT GTID_SUBSET(%s, @@global.gtid_executed)", (gtid_set,))
            return bool(cursor.fetchone()[0])

    def quarantined(self) -> Mapping[str, str]:
        """The pods that the control plane keeps out of service -> why. One that is down keeps nobody out."""
        try:
            return self._control.assignment().quarantined
        except (OSError, HTTPException, ValueError):
            return {}

    def bring_back(self, pod: str, *, timeout_s: float, given_up: Callable[[], bool] = lambda: False) -> None:
        """Wait until a healed pod is in service again, or in quarantine; help where the nodes cannot help themselves.

        given_up: whether nobody wants to know any more, after an interruption.

        Such help is noted in ``assisted_rejoins``. Where the control plane promotes, to bring a pod back is its
        business.
        """
        rejoin_at_s = time.monotonic() + REJOIN_AFTER_S
        prospects = Prospects(f"{pod} is in service", self._decisions)
        replication = self._nodes.topology.replication

        def back() -> bool:
            nonlocal rejoin_at_s
            if given_up():
                return True
            statuses = self._nodes.status()
            if in_agreement(pod, statuses) or pod in self.quarantined():
                return True
            prospects.look(statuses)
            if isinstance(replication, CanForceQuorum):
                self._rescuer.look(statuses)
                if time.monotonic() > rejoin_at_s:
                    self._rejoin_member(pod, replication)
                    rejoin_at_s = time.monotonic() + REJOIN_AFTER_S
            return False

        wait_until(f"{pod} is in service", back, timeout_s=timeout_s, poll_s=0.2, now=self.disagreement)

    def _rejoin_member(self, pod: str, replication: CanForceQuorum) -> None:
        """Restart the membership of a member that gave up; one that is busy recovering is left alone."""
        status = self._nodes.status()[pod]
        if status is None or status.state not in ("ERROR", "OFFLINE"):
            return
        log.info("%s is %s: restarting its group membership", pod, status.state)
        self.assisted_rejoins.append(pod)
        try:
            with self._nodes.connect(pod, timeout_s=60) as connection:
                replication.restart_membership(connection)
        except pymysql.MySQLError as error:
            log.info("%s: %s", pod, error)

    def _decisions(self) -> list[dict[str, Any]]:
        """Of the control plane, oldest first; none where there is none, or it is silent."""
        try:
            return self._control.decisions_since(0, wait_s=0)
        except (OSError, HTTPException, ValueError):  # whatever half an answer may be
            return []

    def wait_converged(self, *, timeout_s: float) -> bool:
        """Wait until every pod that is not quarantined is in service with the same executed transactions; False when
        time runs out, or when that cannot come any more."""
        prospects = Prospects("all pods agree", self._decisions)

        def converged() -> bool:
            statuses = self._nodes.status()
            if self._agree(statuses):
                return True
            prospects.look(statuses)
            return False

        try:
            wait_until("all pods agree", converged, timeout_s=timeout_s, poll_s=0.2, now=self.disagreement)
        except WaitTimeoutError as error:
            log.info("%s", error)
            return False
        return True

    def _agree(self, found: Mapping[str, Status | None]) -> bool:
        aside = self.quarantined()
        statuses = {name: status for name, status in found.items() if name not in aside}
        executed = {status.gtid_executed for status in statuses.values() if status}
        return len(executed) == 1 and all(in_agreement(name, statuses) for name in statuses)

    def disagreement(self) -> str:
        """What every pod says of itself, such as ``node1 ONLINE as primary, executed …; node2 does not answer``, and
        with which error its replication has stopped."""
        statuses = self._nodes.status()
        return "; ".join(f"{name} {self._in_words(name, statuses.get(name))}" for name in self._nodes.pods)

    def _in_words(self, pod: str, status: Status | None) -> str:
        if status is None:
            return "does not answer"
        alone = "" if status.quorum else " without a majority"
        executed = _UUID.sub(r"\1…", status.gtid_executed or "nothing")
        said = f"{status.state or 'ONLINE'}{alone} as {status.role}, executed {executed}"
        if not status.in_service:
            try:
                with self._nodes.connect(pod, timeout_s=2) as connection:
                    errors = stopped_by(connection)
            except UNREACHABLE:
                errors = []
            said += "".join(f", stopped by {error}" for error in errors)
        return said
