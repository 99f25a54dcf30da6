"""Whether the pods bear out what one of them says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.status.status import Status
from cluster.status.views import see_alike
from cluster.topologies.lookup import replication_of


def in_agreement(name: str, statuses: Mapping[str, Status | None]) -> bool:
    """Whether a pod is in service and a majority sees who leads as it does.

    Its own word is not enough: a primary that was frozen or cut off believes for seconds after it is back that it
    still leads a group which has long expelled it. In a group the majority is of all pods, as Group Replication counts;
    elsewhere of the pods in service, since a dead replica takes nothing from a primary's right to lead.
    """
    own = statuses[name]
    if own is None or not own.in_service:
        return False
    all_count = replication_of(own.kind).elects_by_itself
    voices = {peer: status for peer, status in statuses.items() if status and (all_count or status.in_service)}
    alike = sum(1 for peer, status in voices.items() if see_alike(name, own.view, peer, status.view))
    return alike * 2 > (len(statuses) if all_count else len(voices))
