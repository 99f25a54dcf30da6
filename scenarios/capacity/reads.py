"""Reads alone at the read port: what they hold with every replica, and with one replica dead.

Of a mix the writes are the limit as a rule. So here the workload offers its reads and nothing else (``read_share`` 1);
what they hold says nothing of the mix. The system is sound before and after: when this returns, the replica is back,
and serves reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from reports.capacity.content import ReadsRow
from reports.capacity.headline import limit_words
from reports.capacity.objective import Objective
from reports.capacity.steps import READS, READS_ONE_LESS
from scenarios.capacity.measuring import Measuring
from scenarios.capacity.rows import limit_row
from scenarios.capacity.search import LEAST_TPS, Found, search
from scenarios.capacity.system import System
from scenarios.schema.workload import WorkloadSection
from scenarios.trials.loop import say

#: The key of a workload by which it offers reads alone, where it has it.
SHARE = "read_share"
#: Coarser than that of the system, and from a better guess.
WIDTH = 0.05
PROBE_S = 5.0
#: Of what a closed loop carried, and of what all replicas carried, as the first guess.
START_SHARE, ONE_LESS_SHARE = 0.7, 0.9


def reads_row(
    workload: WorkloadSection, system: System, measuring: Measuring, objectives: Sequence[Objective]
) -> ReadsRow:
    """Search twice, and bring the replica back; of a workload that cannot, the row says why. Raises what `System` does,
    and NoisyError."""
    if why := cannot(workload):
        return {"max_tps": None, "n_minus_1_max_tps": None, "ratio": None, "words": why}
    with system.offering({SHARE: 1.0}):
        probe = system.measure(None, purpose="ramp", setting=READS, duration_s=PROBE_S)
        say(f"reads alone: a closed loop carries {probe.achieved_tps:.0f}/s; searching with every replica")
        start_tps = max(LEAST_TPS, START_SHARE * probe.achieved_tps)
        every = _searched(system, measuring, objectives, setting=READS, start_tps=start_tps)
        if every.max_tps is None:
            words = f"no maximum of reads alone with every replica, so none was killed: {_words(every)}"
            return {"max_tps": None, "n_minus_1_max_tps": None, "ratio": None, "words": words}
        node = system.lose(system.replica())
        system.await_reads(node, served=False)
        say(f"reads alone: the replica {node} was killed: searching with one less")
        less = _searched(
            system, measuring, objectives, setting=READS_ONE_LESS, start_tps=ONE_LESS_SHARE * every.max_tps
        )
    system.rejoin(node)
    system.wait_for(node)
    system.await_reads(node, served=True)
    say(f"{node} is back and serves reads")
    return {
        "max_tps": every.max_tps,
        "n_minus_1_max_tps": less.max_tps,
        "ratio": None if less.max_tps is None else less.max_tps / every.max_tps,
        "words": f"reads alone ({SHARE} 1): {_words(every)}. With the replica {node} killed: {_words(less)}",
    }


def cannot(workload: WorkloadSection) -> str:
    """Why reads cannot be searched apart, and what to do; empty where they can."""
    if not workload.facts.read_port:
        return (
            f"none: the workload {workload.name} reads where it writes, so no read pool is used. "
            "`--workload mixed-read` has reads at the read port, or a class of your own that names them (read_port)"
        )
    if SHARE not in workload.options:
        return (
            f"not searched: the workload {workload.name} has no key {SHARE}, by which it would offer reads alone; give "
            f"its Options a {SHARE} from 0 to 1, or take `--workload mixed-read`"
        )
    return ""


def _searched(
    system: System, measuring: Measuring, objectives: Sequence[Objective], *, setting: str, start_tps: float
) -> Found:
    found = search(measuring.on(system, setting=setting), objectives, start_tps=start_tps, width=WIDTH)
    say(found.words)
    return found


def _words(found: Found) -> str:
    """What came of a search, how far it came where it found none, and who was the limit."""
    words = found.words
    if found.max_tps is None and found.bracket is not None:
        words += f"; {found.bracket.low_tps:.4g}/s held and {found.bracket.high_tps:.4g}/s did not"
    limit = limit_row(found.limit)
    return words if limit is None else f"{words}; the limit was {limit_words(limit)}"
