"""One node less: the maximum with a node dead, while it comes back, and the load at which a failover can be borne.

Reads alone come first, while the system is sound: for them a replica dies and comes back (`scenarios.capacity.reads`).
Then the node that dies is the primary, so that the others have to fail over first. What a safe load is, is found by
trying: a run of the same system in which the primary is killed, whose objectives have to hold outside of the outage
itself (`reports.capacity.outside`); where they do not, at less load again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from os.path import relpath
from pathlib import Path
from typing import Any

from cluster.platform.platform import Platform
from cluster.topologies.replication import CanForceQuorum
from history.history import load_history
from reports.capacity.content import Measured, NMinus1, Rejoining, SafeRun
from reports.capacity.objective import Objective, holds
from reports.capacity.outside import outside
from reports.summary_types import Summary
from reports.text.units import count
from scenarios.capacity.measuring import Measuring
from scenarios.capacity.plan import Plan
from scenarios.capacity.reads import reads_row
from scenarios.capacity.rows import bracket_row, limit_row
from scenarios.capacity.search import search
from scenarios.capacity.system import System
from scenarios.trials.loop import Planned, Trials, say

#: The search with a node dead begins near what all nodes carried, and may be coarser: it takes fewer steps.
START_SHARE, WIDTH = 0.9, 0.05
#: A node that comes back is looked at for so long: it starts, joins and catches up.
REJOINING_S = 30.0
#: Loads that are tried while a node comes back; for a failover going down; and then between what held and what did not,
#: where these are further apart than CLOSE.
REJOINING_TRIES, TRIES, TRIES_BETWEEN = 4, 3, 2
CLOSE = 1.25
#: What is tried next, of what did not hold. A machine that three servers fill has little left for a node that catches
#: up, so that far less may be safe.
LESS = 0.75
#: Of the maximum, and of what held while the node came back: loads that are tried for a failover.
MARGIN = 0.9
KILL_AT, HEAL_AFTER, LASTS = "8s", "16s", "65s"


def add_one_less(measured: Measured, system: System, measuring: Measuring, plan: Plan) -> None:
    """Fill ``n_minus_1`` as it goes: reads; then kill the primary of a sound system, and search; then let it come
    back."""
    max_tps, objectives = measured["max_tps"], plan.objectives
    row = measured["n_minus_1"] = _nothing_yet()
    row["reads"] = reads_row(plan.scenario.workload, system, measuring, objectives)
    if max_tps is None:
        row["words"] = "not searched: there is no maximum with all nodes to compare it with"
        return
    node = system.lose()
    say(f"{node} was killed, and the others take writes: searching with one node less")
    found = search(
        measuring.on(system, setting="n_minus_1"),
        objectives,
        start_tps=START_SHARE * max_tps,
        width=WIDTH,
    )
    say(found.words)
    row["max_tps"], row["words"] = found.max_tps, found.words
    row["bracket"], row["limit"] = bracket_row(found), limit_row(found.limit)
    if found.max_tps is not None:
        row["ratio"] = found.max_tps / max_tps
    if found.bracket is not None:  # also of a search that was not settled: what it held is worth trying
        first_tps = min(found.bracket.low_tps, max_tps)
        row["rejoining"] = _rejoining(system, measuring, objectives, node=node, first_tps=first_tps, max_tps=max_tps)


def _nothing_yet() -> NMinus1:
    """Before its first step."""
    return {
        "max_tps": None,
        "bracket": None,
        "limit": None,
        "ratio": None,
        "safe_tps": None,
        "safe_verified": None,
        "at_90_percent": None,
        "safe_broke_tps": None,
        "tried": [],
        "headroom": None,
        "rejoining": None,
        "reads": None,
        "words": "it ended before the search did",
    }


def _rejoining(
    system: System,
    measuring: Measuring,
    objectives: Sequence[Objective],
    *,
    node: str,
    first_tps: float,
    max_tps: float,
) -> Rejoining:
    """Whether the objectives hold while the node comes back, at the load that holds without it, and else at less."""
    grouped = isinstance(system.cluster.topology.replication, CanForceQuorum)
    how = "distributed recovery" if grouped else "replication from where it had stopped"

    began_s = took_s = 0.0

    def gone() -> None:
        if node not in system.lost:
            system.lose(node)

    def rejoin() -> None:
        nonlocal began_s
        began_s = time.monotonic()
        system.rejoin(node)

    def back() -> None:
        nonlocal took_s
        system.wait_for(node)
        took_s = time.monotonic() - began_s

    rate_tps = first_tps
    for _ in range(REJOINING_TRIES):
        step = measuring.step(
            system,
            rate_tps,
            "bisect",
            setting="rejoining",
            least_s=REJOINING_S,
            meanwhile=rejoin,
            before=gone,
            after=back,
        )
        if holds(step, objectives):
            words = f"held at {rate_tps:.4g}/s while {node} came back, which it had within {took_s:.0f} s"
            return {"max_tps": rate_tps, "ratio": rate_tps / max_tps, "how": how, "words": words}
        rate_tps *= LESS
    words = f"did not hold while {node} came back, down to {rate_tps / LESS:.4g}/s"
    return {"max_tps": None, "ratio": None, "how": how, "words": words}


class SafeLoad:
    """Runs with the primary killed in them. folder: of the capacity, which their folders are told relative to."""

    def __init__(self, plan: Plan, *, runs: Path, platform: Platform, folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self._trials = Trials(runs=runs, platform=platform, kind="capacity", name=plan.scenario.name, id=folder.name)
        self._number = 0

    def find(self, row: NMinus1, *, max_tps: float) -> None:
        """Fill in what the runs say. row: of `add_one_less`. max_tps: with all nodes."""
        tried = row["tried"]

        def run_at(rate_tps: float) -> SafeRun:
            tried.append(self.run(rate_tps))
            return tried[-1]

        best = row["at_90_percent"] = run_at(MARGIN * max_tps)
        broke_tps: float | None = None
        least_tps = min(max_tps, row["bracket"]["low_tps"] if row["bracket"] else max_tps)
        rejoining = row["rejoining"] and row["rejoining"]["max_tps"]
        first_tps = MARGIN * (rejoining or LESS**REJOINING_TRIES * least_tps)
        for _ in range(TRIES):
            if best["holds"]:
                break
            if best["holds"] is False:
                broke_tps = best["offered_tps"]
            best = run_at(min(first_tps, LESS * best["offered_tps"]))
        for _ in range(TRIES_BETWEEN):
            if not best["holds"] or broke_tps is None or broke_tps <= CLOSE * best["offered_tps"]:
                break
            run = run_at(math.sqrt(best["offered_tps"] * broke_tps))
            if run["holds"] is None:
                break
            if run["holds"]:
                best = run
            else:
                broke_tps = run["offered_tps"]
        row["safe_verified"] = best
        if best["holds"]:
            row["safe_tps"], row["headroom"] = best["offered_tps"], 1 - best["offered_tps"] / max_tps
        row["safe_broke_tps"] = best["offered_tps"] if best["holds"] is False else broke_tps

    def run(self, rate_tps: float) -> SafeRun:
        self._number += 1
        gates: dict[str, Any] = {}
        for objective in self._plan.objectives:
            if objective.metric == "response_p99":
                limit = f"{objective.limit:g}ms"
                gates = {"response_p99_before": limit, "response_p99_after": limit}
        kill = {"at": KILL_AT, "fault": "kill", "target": "primary", "heal_after": HEAL_AFTER}
        asked = {"model": "poisson", "rate": round(rate_tps, 3), "duration": LASTS}
        planned = self._plan.run_of(asked, faults=[kill], gates=gates)
        say(f"a run at {rate_tps:.0f}/s in which the primary is killed …")
        trial = self._trials.run(
            Planned(
                scenario=planned.scenario,
                name=self._plan.name,
                settings=planned.settings,
                number=self._number,
                cell=f"{rate_tps:.0f} per second",
            )
        )
        told: SafeRun = {
            "offered_tps": rate_tps,
            "holds": None,
            "held_before": None,
            "words": f"the run is {trial.verdict}: {trial.why}",
            "write_outage_ms": None,
            "folder": None if trial.folder is None else relpath(trial.folder, self._folder),
        }
        if gone := trial.summary and _money_gone(trial.summary):
            told |= {"holds": False, "words": gone}
        elif trial.counts and trial.folder is not None and trial.summary is not None:
            said = outside(load_history(trial.folder), self._plan.objectives)
            told |= {
                "holds": said.holds,
                "held_before": said.held_before,
                "words": said.words,
                "write_outage_ms": trial.summary["write_outage_ms"],
            }
        how = {True: "held", False: "did not hold", None: "could not tell whether it held"}[told["holds"]]
        say(f"  {how} outside of the outage: {told['words']}")
        return told


def _money_gone(summary: Summary) -> str:
    """Such as ``37 acknowledged writes were lost``; empty where none is known to be."""
    rpo = summary["rpo"]
    found = {"lost": rpo["lost"], "duplicated": rpo["duplicated"], "torn": rpo["torn"]}
    return ", ".join(f"{count(number)} acknowledged writes were {how}" for how, number in found.items() if number)
