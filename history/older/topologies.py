"""What an older manifest does not say of its topology, by the kind's name: the only place that knows kinds by name.

A manifest says it itself by now (``topology.replication``), that of any kind which is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from history.fields import Flag, Text


@dataclass(frozen=True, kw_only=True)
class ReplicationFacts:
    """replicates: whether there may be replicas. elects_by_itself: whether the nodes choose their primary. promoted:
    whether the control plane chooses it. multi_primary: whether every node takes writes. guarantee: where an
    acknowledged commit is: on the ``primary``, on a ``replica`` too, or received by a ``majority``."""

    replicates: Flag = True
    elects_by_itself: Flag = False
    promoted: Flag = False
    multi_primary: Flag = False
    guarantee: Text = "primary"


_GROUP = ReplicationFacts(elects_by_itself=True, guarantee="majority")
BY_KIND: Mapping[str, ReplicationFacts] = {
    "single": ReplicationFacts(replicates=False),
    "async": ReplicationFacts(promoted=True),
    "semisync": ReplicationFacts(promoted=True, guarantee="replica"),
    "group": _GROUP,
    "group-multi": ReplicationFacts(elects_by_itself=True, multi_primary=True, guarantee="majority"),
}
