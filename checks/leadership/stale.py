"""Writes that reached a pod which had been the primary, after another had been made the primary: what was sent by who
still followed stale endpoints, whatever that pod answered.

A client that hears MySQL's refusal has lost some time; one whose write is acknowledged there has lost the write, unless
it comes back. So both are counted, and told apart. Uses ops and handovers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from checks.evidence.intervals import END_OF_TIME_NS
from checks.evidence.operations import column_ns, refused, writes
from checks.leadership.changes import Handover
from checks.leadership.split_brain import SLACK_NS, Intruder
from history.history import History

#: MySQL's numbers of errors that the client made up itself: no server answered.
_CLIENT_ERRORS = range(2000, 3000)


@dataclass(frozen=True, kw_only=True)
class StaleWrites:
    """reached: how many a former primary answered. acknowledged: those of them that it took for certain, in order."""

    reached: int = 0
    acknowledged: Sequence[Intruder] = ()


def stale_writes(history: History, handovers: Sequence[Handover], *, possible: Sequence[Handover] = ()) -> StaleWrites:
    """Those that began after a handover had taken the writes from the pod that answered, to which nothing may have
    given them back since. possible: handovers that there may have been, unseen.

    One that was acknowledged must have begun SLACK_NS after that: a handover is noted a little before it takes effect.
    """
    asked = writes(history.ops, history.workload)
    errno = asked["errno"]
    by_server = errno.notna() & ~errno.isin(list(_CLIENT_ERRORS))
    answered = asked[(asked["outcome"] == "ok") | by_server | refused(asked, history.workload)]
    ordered = sorted(handovers, key=lambda handover: handover.latest_ns)
    reached, found = 0, list[Intruder]()
    for before, handover in pairwise(ordered):
        if handover.pod == before.pod:
            continue
        back_ns = min(
            (
                one.earliest_ns
                for one in (*ordered, *possible)
                if one.pod == before.pod and one is not before and one.latest_ns >= handover.latest_ns
            ),
            default=END_OF_TIME_NS,
        )
        own = answered[answered["server"] == before.pod]
        starts, ends = column_ns(own, "start_ns"), column_ns(own, "end_ns")
        stale = (starts >= handover.latest_ns) & (ends < back_ns)
        certain = stale & (starts >= handover.latest_ns + SLACK_NS) & (own["outcome"] == "ok").to_numpy()
        reached += int(stale.sum())
        found += [
            Intruder(key=str(key), server=before.pod, start_ns=int(start), end_ns=int(end))
            for key, start, end in zip(own["key"][certain], starts[certain], ends[certain], strict=True)
        ]
    return StaleWrites(reached=reached, acknowledged=sorted(found, key=lambda one: (one.start_ns, one.key)))
