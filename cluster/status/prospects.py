"""Why a pod, or the agreement of all, cannot come any more: so that nobody waits to the end for what is decided.

Said only while every pod answers, since a silent one may still come back, and once it has stood for STANDS_S:

- a group has lost its majority for good: the members that its survivors miss are no pods of the cluster any more;
- the control plane of source and replicas says that it can choose no primary (``no_failover``), and nobody leads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from cluster.status.status import Status
from cluster.status.views import unreachable
from cluster.topologies.lookup import replication_of
from cluster.wait import CannotComeError

STANDS_S = 10.0
#: Decisions after which an earlier ``no_failover`` says nothing any more.
_OVERTAKEN_BY = frozenset({"promoted", "reopened", "switchover_done"})


def no_prospect(statuses: Mapping[str, Status | None], decisions: Callable[[], list[dict[str, Any]]]) -> str:
    """Why nobody can lead any more, as it looks now; empty where somebody may. decisions: of the control plane, oldest
    first; asked only where it decides."""
    if not statuses:
        return "no node is left"
    known = {name: one for name, one in statuses.items() if one is not None}
    if len(known) < len(statuses) or any(one.writable for one in known.values()):
        return ""
    if any(replication_of(status.kind).elects_by_itself for status in known.values()):
        return _majority_gone(known)
    last = ""
    for one in decisions():
        if one["event"] == "no_failover":
            last = str((one.get("detail") or {}).get("reason") or "it does not say why")
        elif one["event"] in _OVERTAKEN_BY:
            last = ""
    return f"the control plane can choose no primary: {last}" if last else ""


def _majority_gone(known: Mapping[str, Status]) -> str:
    survivors = [name for name, one in known.items() if one.state == "ONLINE"]
    missed: set[str] = set()
    for name in survivors:
        if known[name].quorum:
            return ""
        missed |= {member for member, state in known[name].view.items() if unreachable(state)}
    if not survivors or missed & known.keys():
        return ""
    return (
        f"the group has lost its majority: {', '.join(survivors)} cannot reach {', '.join(sorted(missed))}, "
        "which will not come back"
    )


class Prospects:
    """Looks at statuses again and again; raises CannotComeError once there has been no prospect for STANDS_S."""

    def __init__(self, what: str, decisions: Callable[[], list[dict[str, Any]]]) -> None:
        """what: completes the sentence "… cannot come", such as ``"node2 is in service"``."""
        self._what = what
        self._decisions = decisions
        self._why = ""
        self._since_s = 0.0

    def look(self, statuses: Mapping[str, Status | None]) -> None:
        why = no_prospect(statuses, self._decisions)
        now_s = time.monotonic()
        if not why or why != self._why:
            self._why, self._since_s = why, now_s
        elif now_s - self._since_s >= STANDS_S:
            raise CannotComeError(f"waited until {self._what}, which cannot come: {why}")
