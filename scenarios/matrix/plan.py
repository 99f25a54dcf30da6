"""The plan of a matrix: which cells there are, which of them can be run, and in what order their trials come.

A cell is the scenario with its topology and its mesh replaced, the varied keys set, and all else kept: faults, load,
gates, number of pods, MySQL options (those of Group Replication are ignored by a mysqld that has no group; where they
are what is varied such a cell is not applicable). Starts nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from cluster.errors import ConfigurationError
from cluster.mysqld.option_names import canonical
from cluster.mysqld.requested import not_loaded
from cluster.topologies.lookup import kinds, replication_of
from reports.matrix.experiment import Cell, Varied
from scenarios.matrix.axes import Axis, read_axes
from scenarios.matrix.levels import setting
from scenarios.matrix.named import require_agreement
from scenarios.schema.mesh import mesh_words
from scenarios.schema.read import CATALOGUE, OPTIONS, read_scenario
from scenarios.schema.scenario import Scenario
from scenarios.schema.told import brief
from scenarios.trials.loop import TRIALS_MAX
from scenarios.trials.repeated import seeded
from scenarios.user_code.lookup import Look

#: Each is a run of a minute or so, and a page with more is read by nobody.
CELLS_MAX = 100


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
    vary: Sequence[str] = (),
    settings: Sequence[str] = (),
    trials: int = 1,
    seed: int | None = None,
    look: Look | None = None,
    options: tuple[str, str] = ("--topology", "--mesh"),
) -> Plan:
    """Check everything before anything starts. topologies, meshes: None: the scenario's own. vary: words such as
    ``load.rate=100,200``. look: as `read_scenario` takes it. options: by which the user names topologies and meshes.

    Raises ConfigurationError for a word that is no topology or no mesh, a mistake in scenario, settings or axes, a
    value of an axis that fits no cell, too many cells, and when no cell can be run. A combination that the scenario
    refuses is a cell that is not applicable.
    """
    if not 1 <= trials <= TRIALS_MAX:
        raise ConfigurationError(f"--trials {trials}: expected 1 to {TRIALS_MAX}")
    _assert_words("--topology", topologies or (), kinds())
    _assert_words("--mesh", meshes or (), mesh_words())
    for option, section, words in zip(options, ("topology", "mesh"), (topologies, meshes), strict=True):
        for word in words or ():
            require_agreement(f"{option} {word}", section, word, settings)
    axes = read_axes(vary, settings=settings)
    _assert_few([topologies or (), meshes or (), *(axis.values for axis in axes)])
    everywhere = [one for one in settings if not one.startswith("control.")]
    base = read_scenario(name, settings=everywhere, seed=seed, look=look)
    seeded(base, trials)  # raises: the last one has no seed
    cells: list[Cell] = []
    runnable: dict[Cell, Runnable] = {}
    refused: dict[Cell, str] = {}
    labels = _labels(axes)
    for topology, mesh, *values in product(
        topologies or [base.topology.kind], meshes or [base.mesh.word], *(axis.values for axis in axes)
    ):
        blame = {replicating(base, topology): f"{options[0]} {topology}"} if topologies else {}
        blame |= {f"mesh={mesh}": f"{options[1]} {mesh}"} if meshes else {}
        # What is set about a mesh that replaces the scenario's holds where that mesh has such a key, what is set about
        # the control plane where that fails over.
        own = [one for one in settings if one.startswith(("mesh.", "mesh=", "control.") if meshes else "control.")]
        chosen = [*(one for one in everywhere if one not in own), *blame]
        chosen += [one for one in own if _readable(name, [*chosen, one])]
        varied = [
            Varied(key=axis.key, label=label, asked=value)
            for axis, label, value in zip(axes, labels, values, strict=True)
        ]
        levels = [setting(one.key, one.asked, base) for one in varied]
        blame |= dict(zip(levels, map(_word, varied), strict=True))
        cell = Cell(topology=topology, mesh=mesh, varied=tuple(varied))
        try:
            scenario = read_scenario(name, settings=[*chosen, *levels], blame=blame, seed=seed, look=look)
            _assert_in_effect(varied, topology)
        except ConfigurationError as error:
            refused[cell] = str(error)
            why = "; ".join(refused[cell].replace(f"{CATALOGUE}/", "").splitlines())
            cells.append(replace(cell, not_applicable=why))
        else:
            cells.append(cell)
            runnable[cell] = Runnable(scenario=scenario, settings=[*chosen, *levels])
    if mistakes := _fitting_nowhere(refused, runnable):
        raise ConfigurationError("\n".join(mistakes))
    if not runnable:
        raise ConfigurationError(f"{name}: none of the {len(cells)} combinations can be run: {cells[0].not_applicable}")
    _assert_different(runnable)
    held = {word for one in runnable.values() for word in one.settings}
    for lost in (one for one in settings if one not in held):
        read_scenario(name, settings=[*chosen, lost], blame=blame, seed=seed)  # says what it does not apply to
        raise ConfigurationError(f"--set {brief(lost)}: applies to none of the combinations that can be run")
    return Plan(base=base, trials=trials, cells=cells, runnable=runnable)


def _assert_few(lists: Sequence[Sequence[str]]) -> None:
    counts = [len(one) for one in lists if one]
    if (cells := prod(counts)) > CELLS_MAX:
        raise ConfigurationError(
            f"{' x '.join(map(str, counts))} make {cells:,} cells, and at most {CELLS_MAX} can be: give fewer values, "
            "or vary fewer keys at a time"
        )


def _assert_in_effect(varied: Sequence[Varied], topology: str) -> None:
    """Raise ConfigurationError for options of a plugin that the topology lacks: mysqld drops them, and cells that
    differ in nothing else would be the same system."""
    mistakes = [
        f"{_word(one)}: {why}, so it would change nothing"
        for one in varied
        if one.key.startswith(OPTIONS) and (why := not_loaded(topology, canonical(one.key.removeprefix(OPTIONS))))
    ]
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))


def _labels(axes: Sequence[Axis]) -> list[str]:
    """What stands for each key in the names of cells: its last part where that is a word, and no other axis has it."""
    last = [axis.key.rpartition(".")[2] for axis in axes]
    return [
        axis.key if part.isdecimal() or last.count(part) > 1 else part for axis, part in zip(axes, last, strict=True)
    ]


def _word(one: Varied) -> str:
    return f"--vary {brief(f'{one.key}={one.asked}')}"


def _fitting_nowhere(refused: Mapping[Cell, str], runnable: Mapping[Cell, Runnable]) -> list[str]:
    """A line for whatever is wrong with the values of axes that are part of no cell that can be run, those of one key
    for the same reason in one line."""
    fit = {one for cell in runnable for one in cell.varied}
    values_of: dict[tuple[str, str], list[str]] = {}
    for one in dict.fromkeys(one for cell in refused for one in cell.varied if one not in fit):
        # the cell with the fewest mistakes is the one where the others' values are right
        lines = min((why.splitlines() for cell, why in refused.items() if one in cell.varied), key=len)
        told = f"{_word(one)}: "
        own = [line.removeprefix(told) for line in lines if line.startswith(told)]
        for line in own:
            values_of.setdefault((one.key, line), []).append(one.asked)
        if not own:
            values_of |= {("", line): [] for line in lines if not line.startswith("--vary ")}
    words = {place: brief(f"{place[0]}={','.join(values)}") for place, values in values_of.items()}
    return [f"--vary {words[place]}: {place[1]}" if place[0] else place[1] for place in values_of]


def _assert_different(runnable: Mapping[Cell, Runnable]) -> None:
    """Two cells that are the same scenario would be compared with each other as if they were not."""
    met: dict[str, Cell] = {}
    mistakes: dict[str, None] = {}
    for cell, one in runnable.items():
        before = met.setdefault(one.scenario.model_dump_json(), cell)
        apart = [pair for pair in zip(before.varied, cell.varied, strict=True) if pair[0] != pair[1]]
        if apart:
            first, second = apart[0]
            mistakes[f"--vary {brief(first.key)}: {first.asked} and {second.asked} mean the same; keep one"] = None
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))


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
