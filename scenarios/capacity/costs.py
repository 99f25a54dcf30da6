"""What ``--tax`` and ``--density`` add to a capacity: the same scenario with another mesh, on one server, as other
topologies; each put into the content as soon as it is measured, or why it is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cluster.errors import ConfigurationError
from cluster.platform.platform import Platform
from reports.capacity.content import Measured, Part
from reports.capacity.steps import step_row
from scenarios.capacity.container_tax import measure_container_tax
from scenarios.capacity.density import density
from scenarios.capacity.fronts import Told
from scenarios.capacity.mesh_tax import mesh_tax
from scenarios.capacity.plan import Plan
from scenarios.last_resort import in_one_line
from scenarios.matrix.plan import replicating
from scenarios.schema.mesh import mesh_words
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.trials.loop import say

#: Compared in density, where the scenario can be had so.
TOPOLOGIES = ("single", "semisync", "group")


def add_taxes(measured: Measured, plan: Plan, *, platform: Platform, folder: Path) -> None:
    """Fill ``mesh_tax`` and ``container_tax``."""
    told = _told(measured, plan)

    def meshes() -> None:
        say(f"mesh tax: {', '.join(mesh_words())} in turns …")
        measured["mesh_tax"] = mesh_tax(lambda word: with_mesh(plan, word), platform=platform, folder=folder, told=told)

    def containers() -> None:
        say("container tax: one server in its pod and bare on this machine in turns …")
        measured["container_tax"] = measure_container_tax(alone(plan), platform=platform, folder=folder, told=told)

    _or_missing(measured, "mesh_tax", meshes)
    _or_missing(measured, "container_tax", containers)


def add_density(measured: Measured, plan: Plan, *, platform: Platform, folder: Path) -> None:
    """Fill ``density``."""

    def systems() -> None:
        scenarios = as_topologies(plan)
        say(f"density: whole systems of {', '.join(scenarios)}, one after the other …")
        measured["density"] = density(
            scenarios, plan.objectives, platform=platform, folder=folder, told=_told(measured, plan)
        )

    _or_missing(measured, "density", systems)


def with_mesh(plan: Plan, word: str) -> Scenario:
    """The scenario with a mesh of that word in place of its own; what was set about the mesh holds where it has a
    meaning. Raises ConfigurationError where such a mesh has no place there."""
    own = [setting for setting in plan.settings if setting.startswith("mesh.")]
    scenario = _read(plan, [f"mesh={word}"])
    kept: list[str] = []
    for setting in own:
        try:
            scenario = _read(plan, [f"mesh={word}", *kept, setting])
        except ConfigurationError:
            continue
        kept.append(setting)
    return scenario


def alone(plan: Plan) -> Scenario:
    """One server of it without a mesh; raises ConfigurationError where it cannot be had so."""
    return _read(plan, ["topology=single", "mesh=direct"])


def as_topologies(plan: Plan) -> dict[str, Scenario]:
    """It as it is, and as those others that it can be."""
    scenarios = {plan.scenario.topology.kind: plan.scenario}
    for kind in TOPOLOGIES:
        if kind not in scenarios:
            try:
                scenarios[kind] = _read(plan, [replicating(plan.scenario, kind)])
            except ConfigurationError as error:
                say(f"density: no {kind}: {in_one_line(error)}")
    return scenarios


def _read(plan: Plan, settings: Sequence[str]) -> Scenario:
    return read_scenario(plan.name, settings=[*plan.settings, *settings], seed=plan.scenario.seed, look=plan.look)


def _told(measured: Measured, plan: Plan) -> Told:
    return lambda step: measured["steps"].append(step_row(step, plan.objectives))


def _or_missing(measured: Measured, part: Part, measure: Callable[[], None]) -> None:
    """What this machine, or this scenario, cannot have is missing with the reason, and the rest is none the worse."""
    try:
        measure()
    except ConfigurationError as error:
        measured["missing"][part] = in_one_line(error)
        say(f"{part.replace('_', ' ')}: {measured['missing'][part]}")
