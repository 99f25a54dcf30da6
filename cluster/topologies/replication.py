"""What a way to replicate is: an object that knows its statements and says its facts, so that nobody asks for its name.

One object a kind, in a file of this folder; `cluster.topologies.lookup` finds it by its word. Every method that takes a
connection wants one of a user with the privileges for it, blocks for a bounded time, and raises pymysql.MySQLError.
What only some can do is a protocol of its own: ask with ``isinstance``. Runs in pods; needs only PyMySQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from cluster.status.status import Status
from cluster.topologies.requirements import Floor, OptionRule, Unfit


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node and those around it, as far as its replication must know them.

    address: its own. seeds: the addresses of all nodes of now, itself included. subnet: of the run's network.
    group_name: a UUID, the same on all nodes. members: how many nodes count now. expected: how many there may ever be.
    password: of the user ``meshbench_repl``.
    """

    address: str
    seeds: Sequence[str]
    subnet: str
    group_name: str
    members: int
    expected: int
    password: str


class Replication(Protocol):
    """kind: its word in a scenario. replicates: False where there is only ever one node.

    elects_by_itself: whether the nodes choose their primary; else the control plane does, where it `CanPromote`, or
        nobody does.
    multi_primary: whether every node takes writes.
    guarantee: where an acknowledged commit is: on the primary alone, on a replica too, received by a majority.
    position: what tells how far a node is.
    replicated_by: what does it, for messages. lead_words, follow_words: what the first node does, and each later one.
    passing_errors: of MySQL, on joining: worth another try.
    join_apart_s: how long after the node before is in service a node begins to join, so that they are not in each
        other's way; 0: all at once.
    no_switchover: why its primary is not changed as planned, or None.
    needs, switchover_needs: the MySQL version it takes, and the one that a switchover takes.
    option_rules, unfit: options with which it does not work. plugins: what the options of its plugins begin with ->
        the plugin. wait_count_option: mysqld's option for how many replicas a commit waits for, or None.
    replication_privileges: what the user ``meshbench_repl`` needs beside REPLICATION SLAVE.
    replication_ports: TCP ports of a node by which transactions come to the others.
    """

    kind: str
    replicates: bool
    elects_by_itself: bool
    multi_primary: bool = False
    guarantee: Literal["primary", "replica", "majority"]
    position: Literal["gtid"] = "gtid"
    lead_words: str
    follow_words: str
    passing_errors: frozenset[int] = frozenset()
    join_apart_s: float = 0.0
    no_switchover: str | None = None
    needs: Floor
    switchover_needs: Floor
    option_rules: Sequence[OptionRule] = ()
    unfit: Sequence[Unfit] = ()
    plugins: Mapping[str, str] = {}
    wait_count_option: str | None = None
    replication_privileges: Sequence[str] = ()
    replication_ports: tuple[int, ...] = ()
    status_query: str

    def options(self, node: Node) -> list[str]:
        """mysqld's arguments for a node that may lead today and follow tomorrow."""

    def prepare(self, connection: Any, node: Node) -> None:
        """Set a fresh node up, so that after each later start it takes no writes before it has its part again."""

    def join(self, connection: Any, node: Node, *, first: bool, primary: Callable[[], str]) -> None:
        """Give a node that replicates with nobody its part: the first one leads, others follow.

        primary: waits for whoever takes writes now, and returns its name.
        """

    def leave(self, connection: Any) -> None:
        """Stop replicating, in order: the others know at once."""

    def can_lose(self, nodes: int, *, primary: bool, wait_count: int = 1) -> int:
        """How many of so many nodes may be gone at the same time so that writes go on, or go on again by themselves.

        primary: whether the one that leads is among them. wait_count: how many replicas a commit waits for, where it
        waits for any.
        """

    def parse(self, rows: Sequence[Sequence[Any]]) -> Status:
        """The status of a node from the rows of ``status_query``."""

    def back_s(self, gone_s: float, *, crashed: bool) -> float:  # noqa: ARG002
        """After how long a node is a full one again, at most, that its peers had missed for so long.

        crashed: its mysqld had ended without a word to them."""
        return 10.0


def primaries(replication: Replication, nodes: int) -> int:
    """How many of so many nodes take writes when all is well."""
    return nodes if replication.multi_primary else 1


def replication_facts(replication: Replication) -> dict[str, bool | str]:
    """What a manifest says of it, for those who judge and know no topology."""
    return {
        "replicates": replication.replicates,
        "elects_by_itself": replication.elects_by_itself,
        "promoted": isinstance(replication, CanPromote),
        "multi_primary": replication.multi_primary,
        "guarantee": replication.guarantee,
        "position": replication.position,
    }


@runtime_checkable
class CanPromote(Protocol):
    """The control plane decides who leads. Each verb is a step of a failover, and may be repeated."""

    def stop_receiving(self, connection: Any) -> None:
        """Take nothing more from the source; what has been received goes on being applied."""

    def drain(self, connection: Any, *, received: str, timeout_s: float) -> bool:
        """Wait until a GTID set is executed; False when time runs out."""

    def promote(self, connection: Any) -> None:
        """End being a replica. The node stays read-only: `open_for_writes` is a step of its own."""

    def open_for_writes(self, connection: Any) -> None:
        """Take writes until the next restart or `fence`."""

    def fence(self, connection: Any) -> None:
        """Take no more writes."""


@runtime_checkable
class CanFollow(Protocol):
    """A node is told whom to replicate from: what goes with `CanPromote`, on the other nodes."""

    def detach(self, connection: Any) -> None:
        """Stop replicating; what has been received stays."""

    def errant(self, connection: Any, *, executed: str, source: Any) -> str:
        """The transactions of ``executed`` that the source (a connection) has neither executed nor under way, as a GTID
        set; empty when there are none."""

    def follow(self, connection: Any, *, source: str, password: str) -> None:
        """Replicate from a node (by name), from wherever the own executed GTID set ends."""

    def resume(self, connection: Any) -> None:
        """Replicate again from the source that is set already, keeping what has been received."""

    def forget_source(self, connection: Any) -> None:
        """Drop the source that is set, and what was received from it."""


@runtime_checkable
class CanHandOver(Protocol):
    """The nodes change their primary themselves, when they are asked."""

    def hand_over(self, connection: Any, *, timeout_s: float) -> None:
        """Have the connected node elected; sessions whose transactions run longer than half that time are ended."""


@runtime_checkable
class CanClone(Protocol):
    """A new node gets its data from another one while both serve."""

    clone_passing_errors: frozenset[int]

    def fetch(self, connection: Any, *, donor: str, password: str) -> None:
        """Replace all data of the connected node by that of ``donor`` (an address), as user ``meshbench_repl``.

        Returns when the data is there and mysqld is about to end.
        """

    def after_clone(self, connection: Any) -> None:
        """Drop what came with the donor's data and is not this node's, once mysqld runs again."""


@runtime_checkable
class CanForceQuorum(Protocol):
    """What an operator can do where a majority is gone, or a member has given up."""

    def restart_membership(self, connection: Any) -> None:
        """What helps a member that gave up: leave cleanly, join again."""

    def disable_start_on_boot(self, connection: Any) -> bool:
        """Do not start replication at the next boot; returns whether that was on."""

    def force_members(self, connection: Any, addresses: list[str]) -> None:
        """Make these members, of which the connected one is one, the whole group; returns when they are."""

    def executed_or_received(self, connection: Any) -> str:
        """The GTID set that a member has executed, or received and not yet applied."""
