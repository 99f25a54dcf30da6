"""What one altered folder is: a sound one, what was done to it, and what a judge may say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.checks.altered.bases import WORKLOADS, base
from tests.checks.altered.folders import Folder

PASS, FAIL, VOID, REFUSED = "pass", "fail", "void", "exit 2"
#: What a judge may say. LOST: money is gone, made or altered, and nothing excuses another word. WRONG: so, or the file
#: is refused. DOUBTFUL: anything but pass. SAME: as of the sound folder. ANY: nothing is claimed but that it ends well.
LOST = frozenset({FAIL})
WRONG = frozenset({FAIL, REFUSED})
DOUBTFUL = frozenset({FAIL, VOID, REFUSED})
UNREADABLE = frozenset({REFUSED})
SAME = frozenset({PASS})
SAME_OR_REFUSED = frozenset({PASS, REFUSED})
ANY = frozenset({PASS, FAIL, VOID, REFUSED})

Alter = Callable[[Folder], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """kind: in words, a line of the table. place: where, to find it again. files: paths one of which a refusal has to
    name. pages: whether reports are written as well."""

    kind: str
    place: str
    workload: str
    topology: str
    alter: Alter
    allowed: frozenset[str]
    files: tuple[str, ...]
    pages: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind} | {self.workload}/{self.topology} | {self.place}"

    def folder(self) -> Folder:
        folder = base(self.workload, self.topology).copy()
        self.alter(folder)
        return folder


Cases = Iterator[Case]

#: Workloads that leave final/keys.
KEYED = tuple(name for name in WORKLOADS if name != "transfer")


def pods_of(topology: str) -> list[tuple[str, ...]]:
    """One pod, two, and all."""
    if topology == "single":
        return [("node1",)]
    return [("node2",), ("node1", "node3"), ("node1", "node2", "node3")]


def some_pods(topology: str) -> list[tuple[str, ...]]:
    """One replica, and all pods."""
    return [pods_of(topology)[0], pods_of(topology)[-1]] if topology != "single" else pods_of(topology)


def several(pods: tuple[str, ...]) -> str:
    return f"{len(pods)} pod{'s' * (len(pods) > 1)}"


def is_all(topology: str, pods: tuple[str, ...]) -> bool:
    return pods == pods_of(topology)[-1]
