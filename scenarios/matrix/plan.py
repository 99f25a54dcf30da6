"""The plan of a matrix: which cells there are, which of them can be run, and in what order their trials come.

A cell is the scenario with its topology and its mesh replaced and all else kept: faults, load, gates, number of pods,
MySQL options (those of Group Replication are ignored by a mysqld that has no group). Starts nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cluster.errors import ConfigurationError
from cluster.topologies.lookup import kinds, replication_of
from reports.matrix.experiment import Cell
from scenarios.schema.mesh import mesh_words
from scenarios.schema.read import CATALOGUE, read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.trials.loop import TRIALS_MAX
from scenarios.user_code.lookup import Look


@dataclass(frozen=True, kw_only=True)
class Runnable:
    """scenario: of the cell, with the seed of trial 1. settings: the ``--set`` words that make it so."""

    scenario: Scenario
    settings: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """base: the scenario as it was asked for. runnable: cells that can be run; the others say why not."""

    base: Scenario
    trials: int
    cells: Sequence[Cell]
    runnable: Mapping[Cell, Runnable]

    def order(self) -> Iterator[tuple[int, Cell]]:
        """(trial number from 1, cell): trial 1 of every cell, then trial 2; each round in an order of its own.

        The shuffle depends on seed and round alone, so that a machine that slows down favours no cell for long.
        """
        for number in range(1, self.trials + 1):
            cells = list(self.runnable)
            random.Random(f"{self.base.seed}:{number}").shuffle(cells)
            yield from ((number, cell) for cell in cells)

    def seed(self, number: int) -> int:
        """Of every trial with this number: the scenario's own for trial 1, then counting up."""
        return self.base.seed + number - 1


def plan(
    name: str,
    *,
    topologies: Sequence[str] | None,
    meshes: Sequence[str] | None,
    settings: Sequence[str] = (),
    trials: int = 1,
    seed: int | None = None,
    look: Look | None = None,
) -> Plan:
    """Check everything before anything starts. topologies, meshes: None: the scenario's own. look: as `read_scenario`
    takes it.

    Raises ConfigurationError for a word that is no topology or no mesh, a mistake in scenario or settings, and when no
    cell can be run. A combination that the scenario refuses is a cell that is not applicable.
    """
    if not 1 <= trials <= TRIALS_MAX:
        raise ConfigurationError(f"--trials {trials}: expected 1 to {TRIALS_MAX}")
    _assert_words("--topology", topologies or (), kinds())
    _assert_words("--mesh", meshes or (), mesh_words())
    everywhere = [one for one in settings if not one.startswith("control.")]
    base = read_scenario(name, settings=everywhere, seed=seed, look=look)
    cells: list[Cell] = []
    runnable: dict[Cell, Runnable] = {}
    own_mesh = (base.mesh.proxy if base.mesh.mode == "gateway" else None) or base.mesh.mode
    for topology in topologies or [base.topology.kind]:
        for mesh in meshes or [own_mesh]:
            chosen = [*everywhere, *([replicating(base, topology)] if topologies else [])]
            chosen += [f"mesh={mesh}"] if meshes else []
            # What was set about the mesh went with the mesh that was replaced; it holds again where it has a meaning.
            # What was set about the control plane holds where that fails over.
            own = [one for one in settings if one.startswith(("mesh.", "control.") if meshes else "control.")]
            chosen += [one for one in own if _readable(name, [*chosen, one])]
            try:
                scenario = read_scenario(name, settings=chosen, seed=seed, look=look)
            except ConfigurationError as error:
                why = "; ".join(str(error).replace(f"{CATALOGUE}/", "").splitlines())
                cells.append(Cell(topology=topology, mesh=mesh, not_applicable=why))
            else:
                cells.append(Cell(topology=topology, mesh=mesh))
                runnable[cells[-1]] = Runnable(scenario=scenario, settings=chosen)
    if not runnable:
        raise ConfigurationError(f"{name}: none of the {len(cells)} combinations can be run: {cells[0].not_applicable}")
    held = {setting for one in runnable.values() for setting in one.settings}
    if not held.issuperset(settings):
        read_scenario(name, settings=list(settings), seed=seed)  # raises: it means nothing in any cell
    return Plan(base=base, trials=trials, cells=cells, runnable=runnable)


def replicating(base: Scenario, topology: str) -> str:
    """The setting that replaces the topology.

    From one replicated kind to another the number of pods stays; a single pod has none to keep, and gets the default.
    """
    replicated = all(replication_of(kind).replicates for kind in (topology, base.topology.kind))
    return f"topology.kind={topology}" if replicated else f"topology={topology}"


def _readable(name: str, settings: list[str]) -> bool:
    try:
        read_scenario(name, settings=settings)
    except ConfigurationError:
        return False
    return True


def _assert_words(option: str, words: Sequence[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise ConfigurationError(f"{option}: unknown word {word!r}; allowed: {', '.join(known)}")
        if words.count(word) > 1:
            raise ConfigurationError(f"{option}: {word} is there twice; keep one")
