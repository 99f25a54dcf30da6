"""PLAN.yaml resolved: every system that trials are drawn from read and checked before anything starts.

Every mistake is one line: what, where, and what could stand there. What the file leaves out is filled in here and shown
before the plan is frozen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cluster.errors import ConfigurationError
from reports.certificate.plan import Cell, Claim, Plan, comparable
from reports.certificate.sequential import Look as AfterTrials
from scenarios.certify.decidable import undecidable_claim
from scenarios.certify.plan_schema import PlanSection, SystemSection, SystemsSection
from scenarios.matrix.named import refuse_seed, require_agreement
from scenarios.matrix.plan import replicating
from scenarios.run.versions import checkout
from scenarios.schema.read import Origin, explained, read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.schema.section import MisfitError
from scenarios.schema.yaml_lines import load
from scenarios.user_code.lookup import Look

#: Of a plan that does not say: one void trial for so many of the last look.
TRIALS_A_VOID = 10


@dataclass(frozen=True, kw_only=True)
class System:
    """What trials of a cell run. scenario: with any seed. name, settings: from which it was read, as on the command
    line."""

    scenario: Scenario
    name: str
    settings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A plan, and what stands behind its cells, by their names."""

    plan: Plan
    systems: Mapping[str, System]

    @property
    def trial_s(self) -> float:
        """About how long a trial takes: its load, and what stands around it."""
        return AROUND_LOAD_S + sum(one.scenario.load.duration for one in self.systems.values()) / len(self.systems)


#: Measured on two cores: pods start in 4 to 10 s; collecting, judging and removing take as long.
AROUND_LOAD_S = 15.0


def read_plan(file: Path, *, look: Look | None = None) -> Resolved:
    """Read, check and resolve. Raises ConfigurationError with one line for every mistake. look: asks a user's own file,
    for who is about to run it."""
    document, lines = load(file)
    origin = Origin(file=str(file), lines=lines, words={})
    try:
        section = PlanSection.model_validate(document)
    except ValidationError as error:
        problems = [explained(dict(one), origin, document=PlanSection) for one in error.errors()]
        problems += _also_of_systems(document, file.parent, origin)
        raise ConfigurationError("\n".join(dict.fromkeys(problems))) from None
    systems, mistakes = _systems(section, file.parent, origin, look)
    looks: tuple[AfterTrials, ...] = ()
    try:
        looks = section.resolved_looks()
    except MisfitError as error:
        mistakes.append(f"{origin.of(error.path)}: {error.path[0]}: {error}")
    claims = tuple(claim.claim() for claim in section.claims)
    mistakes += _not_shown(claims, systems, origin)
    if mistakes:
        raise ConfigurationError("\n".join(dict.fromkeys(mistakes)))
    cells = [
        Cell(name=name, scenario=one.name, settings=one.settings, resolved=_frozen(one.scenario))
        for name, one in systems.items()
    ]
    made_of = checkout()
    plan = Plan(
        name=section.name,
        claims=claims,
        cells=tuple(cells),
        looks=looks,
        voids_at_most=math.ceil(looks[-1].trials / TRIALS_A_VOID) if section.voids is None else section.voids,
        seed=section.seed,
        commit=made_of["commit"],
        dirty=made_of["dirty"],
    )
    return Resolved(plan=plan, systems=systems)


def _also_of_systems(document: Mapping[str, Any], folder: Path, origin: Origin) -> list[str]:
    """What is wrong with the scenarios of a plan in which something else is wrong, too."""
    try:
        section = SystemsSection.model_validate(
            {key: document[key] for key in SystemsSection.model_fields if key in document}
        )
    except ValidationError:
        return []  # which is told already
    return _systems(section, folder, origin, None)[1]


def _not_shown(claims: Sequence[Claim], systems: Mapping[str, System], origin: Origin) -> Iterator[str]:
    """Claims whose number no trial of a system has, a line each."""
    for at, claim in enumerate(claims):
        for name, system in systems.items():
            if why := undecidable_claim(claim, system.scenario):
                where = origin.of(("claims", at))
                yield f"{where}: claims.{at}.metric: {claim.metric} is in no trial of {name}: {why}; leave one out"


def _systems(
    section: SystemsSection, folder: Path, origin: Origin, look: Look | None
) -> tuple[dict[str, System], list[str]]:
    """Systems by name, and what is wrong, a line each."""
    systems: dict[str, System] = {}
    mistakes: list[str] = []
    for at, entry in enumerate(section.scenarios):
        where = origin.of(("scenarios", at))
        for topology, mesh in product(_or_its_own(section.topologies), _or_its_own(section.meshes)):
            try:
                one = _system_of(entry, topology, mesh, folder, look)
            except ConfigurationError as error:
                combination = " / ".join(filter(None, (topology, mesh)))
                under = f" under {combination}" if combination else ""
                mistakes += [
                    f"{where}: scenarios.{at}: {entry.scenario}{under}: {line.removeprefix(f'{entry.scenario}: ')}"
                    for line in f"{error}".split("\n")
                ]
                continue
            name = f"{entry.name or one.scenario.name}: {one.scenario.topology.kind} / {one.scenario.mesh.word}"
            if name in systems:
                mistakes.append(
                    f"{where}: scenarios.{at}: {name!r} is there twice; leave one out, or give it a name of its own: "
                    "{scenario: …, name: …}"
                )
            systems[name] = one
    return systems, mistakes


def _or_its_own(words: Sequence[str]) -> Sequence[str | None]:
    """None: that of the scenario."""
    return words or [None]


def _system_of(entry: SystemSection, topology: str | None, mesh: str | None, folder: Path, look: Look | None) -> System:
    name = entry.scenario
    if (folder / name).is_file():  # beside the plan; a name of the catalogue has no suffix
        name = str(folder / name)
    blame = {}
    refuse_seed(entry.set, of="plan")
    if topology is not None:
        require_agreement(f"topologies: {topology}", "topology", topology, entry.set)
        blame[replicating(read_scenario(name), topology)] = f"topologies: {topology}"
    if mesh is not None:
        require_agreement(f"meshes: {mesh}", "mesh", mesh, entry.set)
        blame[f"mesh={mesh}"] = f"meshes: {mesh}"
    settings = [*blame, *entry.set]
    scenario = read_scenario(name, settings=settings, blame=blame, look=look)
    return System(scenario=scenario, name=name, settings=tuple(settings))


def _frozen(scenario: Scenario) -> dict[str, Any]:
    return comparable({"scenario": scenario.model_dump(mode="json"), "composed": scenario.composed()})
