"""What an older journal does not say of a step, by the name of its fault: the only place that knows faults by name.

A line says it itself by now (`history.fault_lines`), that of any fault which is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from history.fault_lines import Intent, Kind, Role


@dataclass(frozen=True, kw_only=True)
class Facts:
    """As the keys of a line. isolates: from everyone, as far as the journal says."""

    kind: Kind = "fault"
    intends: Intent | None = None
    isolates: bool = False
    refuted_by: Mapping[str, Mapping[str, list[Any]]] = field(default_factory=dict)


#: Targets that are MySQL pods of the cluster, or stand beside one.
NODE_WORDS = frozenset({"primary", "one_replica", "replicas", "minority", "majority", "all"})
NODE_WORDS |= {"candidate", "old_primary", "new_primary"}
#: Target -> what its pods are when it strikes.
ROLES: Mapping[str, Role] = {"primary": "primary", "one_replica": "replica", "replicas": "replica"}

BY_NAME: Mapping[str, Facts] = {
    "kill": Facts(
        refuted_by={
            "bitten": {"container": ["running"], "state": ["running"], "exit_code": [0], "answers": [True]},
            "clean": {
                "container": ["exited", "dead", "paused"],
                "state": ["exited", "dead", "paused"],
                "answers": [False],
            },
        }
    ),
    "pause": Facts(
        refuted_by={
            "bitten": {"paused": [False], "answers": [True]},
            "clean": {"paused": [True], "answers": [False]},
        }
    ),
    "partition": Facts(isolates=True, refuted_by={"bitten": {"rule": [False], "packets_dropped": [0]}}),
    "switchover": Facts(kind="change", intends="new_primary", refuted_by={"bitten": {"primary": [None]}}),
    "scale-out": Facts(
        kind="change",
        intends="pod_added",
        refuted_by={"bitten": {name: [False] for name in ("exists", "published", "in_service", "taken_for_reads")}},
    ),
    "scale-in": Facts(
        kind="change",
        intends="pod_removed",
        refuted_by={"bitten": {"counted": [True], "published": [True]}},
    ),
}
_NOTHING = Facts()


def facts(fault: str) -> Facts:
    return BY_NAME.get(fault, _NOTHING)
