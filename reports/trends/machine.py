"""Whether the machine itself was slower for B than for A, told by fixed work that was done beside each trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from reports.trends.row import TrialRow

#: A machine that is slower than that may be why results are. Writes that reach the disk scatter widely on any machine.
SLOWER_MAX: Mapping[str, float] = {"cpu_s": 0.1, "fsync_ms": 0.5}
#: Queues amplify: work that takes a tenth longer may make a service a fifth slower. More than that is not explained.
AMPLIFIED = 2.0


@dataclass(frozen=True, kw_only=True)
class Machine:
    """slower: by how much each piece of the fixed work took longer for B, a share of A's median (0.1: a tenth longer);
    empty where it was not measured for both. hosts: different machines in words, empty where it was one."""

    slower: Mapping[str, float]
    hosts: Sequence[str]

    @property
    def explains_up_to(self) -> float:
        """How much slower results may be only because the machine was, as a share; 0 where it was as fast as before."""
        beyond = [share for name, share in self.slower.items() if share > SLOWER_MAX[name]]
        return AMPLIFIED * max(beyond, default=0.0)


def machine_of(a: Sequence[TrialRow], b: Sequence[TrialRow]) -> Machine:
    """a, b: the trials that are compared."""
    slower = {}
    for name in SLOWER_MAX:
        of_a, of_b = _sentinels(a, name), _sentinels(b, name)
        if of_a and of_b and median(of_a) > 0:
            slower[name] = median(of_b) / median(of_a) - 1
    hosts = sorted({row.host for row in (*a, *b) if row.host})
    return Machine(slower=slower, hosts=hosts if len(hosts) > 1 else ())


def _sentinels(rows: Iterable[TrialRow], name: str) -> list[float]:
    return [
        float(getattr(row.part_of.sentinel, name))
        for row in rows
        if row.part_of is not None and row.part_of.sentinel is not None
    ]
