"""What the host tells the control plane once, at its start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cluster.topologies.lookup import replication_of
from cluster.topologies.replication import Replication
from cluster.topology import Kind


@dataclass(frozen=True, kw_only=True)
class Plan:
    """pods: name -> address. password, repl_password: of ``meshbench_control`` and ``meshbench_repl``.

    down_after_s: silence before a primary is suspected. wait_count: replicas a semi-synchronous commit waits for.
    """

    kind: Kind
    pods: Mapping[str, str]
    password: str
    repl_password: str
    down_after_s: float = 1.0
    wait_count: int = 1

    @property
    def replication(self) -> Replication:
        return replication_of(self.kind)


USER = "meshbench_control"
STATE = "/state"
EDS = "/eds"
