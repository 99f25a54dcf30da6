"""One node that replicates with nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cluster.status.status import Status
from cluster.topologies import node_status
from cluster.topologies.replication import Node, Replication
from cluster.topologies.requirements import Floor


class Single(Replication):
    kind = "single"
    replicates = False
    elects_by_itself = False
    guarantee = "primary"
    lead_words = "lead"
    follow_words = "replicate from its source"
    no_switchover = "a single node has no replica to switch over to"
    needs = Floor((8, 0, 19), "the table constructor VALUES ROW(), in the workload tpcc")
    switchover_needs = needs
    status_query = node_status.STATUS_QUERY

    def options(self, node: Node) -> list[str]:  # noqa: ARG002  # others need it
        return []

    def prepare(self, connection: Any, node: Node) -> None:
        """Nothing: it takes writes whenever it runs."""

    def join(self, connection: Any, node: Node, *, first: bool, primary: Callable[[], str]) -> None:
        """Nothing: there is nobody to join."""

    def leave(self, connection: Any) -> None:
        """Nothing, as above."""

    def can_lose(self, nodes: int, *, primary: bool, wait_count: int = 1) -> int:  # noqa: ARG002
        return 0

    def parse(self, rows: Sequence[Sequence[Any]]) -> Status:
        answer = node_status.read(rows)
        return answer.status(kind=self.kind, role="replica" if answer.read_only else "primary", state=None, view={})
