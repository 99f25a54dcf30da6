"""The mesh tax: one system, every mesh in front of it in turns (`scenarios.capacity.fronts`), compared in pairs.

First at saturation, a closed loop of as many clients as the scenario has connections, which says how much goes through
and at what price in CPU; then all at the same random arrivals, so few that the weakest mesh carries them with ease,
which says what each adds to the response time. Within a round every mesh has one turn, in an order of that round.
"""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cluster.errors import ConfigurationError, EngineError, HarnessError
from cluster.platform.platform import Platform
from reports.capacity.content import MeshCost
from reports.capacity.costs.tax import BASELINE, Turn, answered, mesh_costs
from scenarios.capacity.fronts import Front, Fronts, Told, take_turns
from scenarios.capacity.system import System
from scenarios.last_resort import in_one_line
from scenarios.schema.mesh import mesh_words
from scenarios.schema.scenario import Scenario

log = logging.getLogger("meshbench")

#: Six would carry an interval, which then is the least and the greatest of them, so that one stall of the disk is its
#: bound. Of nine the bounds are the second from either end.
ROUNDS = 9
#: Of the weakest mesh's throughput at saturation.
FIXED_SHARE = 0.5
#: Of what is counted in a turn. Many short turns say more than few long ones: what the machine does is then in both of
#: a pair.
TURN_S = 4.0


def mesh_tax(
    with_mesh: Callable[[str], Scenario],
    *,
    platform: Platform,
    folder: Path,
    meshes: Sequence[str] | None = None,
    rounds: int = ROUNDS,
    turn_s: float = TURN_S,
    told: Told = lambda _: None,
) -> dict[str, MeshCost]:
    """with_mesh: the scenario with such a mesh in place of its own, or ConfigurationError where it has no place there.
    meshes: words such as ``envoy`` and ``mtls``; None: all there are. told: hears of every step.

    Raises ConfigurationError, HarnessError and what `System` raises.
    """
    scenarios, absent = _fitting(with_mesh, meshes or mesh_words())
    saturated: list[Turn] = []
    fixed: list[Turn] = []
    fixed_tps: float | None = None
    with System(scenarios[BASELINE], platform=platform, folder=folder) as system:
        fronts = Fronts(system, scenarios[BASELINE])
        try:
            standing = _standing(fronts, system, scenarios, absent)
            take = partial(
                take_turns,
                fronts,
                standing,
                rounds=rounds,
                turn_s=turn_s,
                seed=scenarios[BASELINE].seed,
                told=told,
            )
            saturated = take(rate_tps=None)
            if (fixed_tps := fixed_rate(saturated)) is not None:
                fixed = take(rate_tps=fixed_tps)
        finally:
            fronts.thaw_all()
    return mesh_costs(saturated, fixed, fixed_tps=fixed_tps, absent=absent)


def fixed_rate(saturated: Sequence[Turn]) -> float | None:
    """Arrivals a second that everybody carries: a share of what goes through the weakest; None where nothing does."""
    by_mesh: dict[str, list[float]] = {}
    for turn in answered(saturated):
        by_mesh.setdefault(turn.who, []).append(turn.step.achieved_tps)
    return float(round(FIXED_SHARE * min(map(statistics.median, by_mesh.values())))) if by_mesh else None


def _fitting(with_mesh: Callable[[str], Scenario], words: Sequence[str]) -> tuple[dict[str, Scenario], dict[str, str]]:
    """The scenarios of those that have a place there, and why the others have none. Raises for the baseline."""
    scenarios, absent = {BASELINE: with_mesh(BASELINE)}, dict[str, str]()
    for word in words:
        if word == BASELINE:
            continue
        try:
            scenarios[word] = with_mesh(word)
        except ConfigurationError as error:
            absent[word] = in_one_line(error)
    return scenarios, absent


def _standing(
    fronts: Fronts, system: System, scenarios: dict[str, Scenario], absent: dict[str, str]
) -> dict[str, Front]:
    """Every mesh that could be started; of the others ``absent`` gets why."""
    standing = {BASELINE: Front(mesh=system.mesh)}
    for name, scenario in scenarios.items():
        if name == BASELINE:
            continue
        try:
            standing[name] = fronts.start(scenario)
        except (HarnessError, EngineError) as error:
            absent[name] = f"could not be started: {in_one_line(error)}"
            log.warning("mesh %s %s", name, absent[name])
    return standing
