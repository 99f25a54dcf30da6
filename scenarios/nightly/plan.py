"""The trials of a suite: which cells there are, and in what order their trials come. Starts nothing.

Trial 1 of every cell, then trial 2: each round in an order of its own, drawn from the seed, so that a machine that
slows down in the night favors no cell, and a night that is cut short has some of everything.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cluster.errors import ConfigurationError
from scenarios.matrix.named import refuse_seed
from scenarios.matrix.plan import plan
from scenarios.nightly.suite import Suite, SuiteScenario
from scenarios.schema.read import catalogue
from scenarios.schema.scenario import Scenario
from scenarios.trials.loop import Planned
from scenarios.user_code.lookup import Look


class Key(NamedTuple):
    """A planned trial of a night. cell: such as ``group / envoy``. number: from 1."""

    scenario: str
    cell: str
    number: int


@dataclass(frozen=True, kw_only=True)
class NightCell:
    """A scenario under a topology and a mesh. run: None where that cannot be, and not_applicable says why. file,
    settings: as after ``meshbench run`` and ``--set``."""

    scenario: str
    topology: str
    mesh: str
    expected: str
    file: str
    settings: Sequence[str] = ()
    run: Scenario | None = None
    not_applicable: str | None = None

    @property
    def name(self) -> str:
        return f"{self.topology} / {self.mesh}"


@dataclass(frozen=True, kw_only=True)
class NightPlan:
    suite: Suite
    cells: Sequence[NightCell]

    def order(self) -> Iterator[Key]:
        runnable = [cell for cell in self.cells if cell.run is not None]
        for number in range(1, self.suite.trials + 1):
            shuffled = list(runnable)
            random.Random(f"{self.suite.seed}:{number}").shuffle(shuffled)
            yield from (Key(cell.scenario, cell.name, number) for cell in shuffled)

    def planned(self, key: Key) -> Planned:
        """Equal numbers have equal seeds in every cell, and every night."""
        cell = self.by_name[key.scenario, key.cell]
        assert cell.run is not None, key
        scenario = cell.run.with_seed(self.suite.seed + key.number - 1)
        return Planned(scenario=scenario, name=cell.file, settings=cell.settings, cell=cell.name, number=key.number)

    @property
    def by_name(self) -> Mapping[tuple[str, str], NightCell]:
        return {(cell.scenario, cell.name): cell for cell in self.cells}


def night_plan(suite: Suite, *, file: Path, settings: Sequence[str] = (), look: Look | None = None) -> NightPlan:
    """file: of the suite, from where its scenarios' files are named. settings: of the command line, for every scenario.

    Raises ConfigurationError for a mistake in a scenario or a setting, and for two scenarios of one name.
    """
    cells: list[NightCell] = []
    for entry in suite.scenarios:
        added = list(_cells(entry, suite, file=file, settings=settings, look=look))
        if any(cell.scenario == added[0].scenario for cell in cells):
            raise ConfigurationError(
                f"{file}: scenarios: {added[0].scenario} is there twice; give one of them another name, "
                f"set: {{name: {added[0].scenario}-2}}"
            )
        cells += added
    return NightPlan(suite=suite, cells=cells)


def _cells(
    entry: SuiteScenario, suite: Suite, *, file: Path, settings: Sequence[str], look: Look | None
) -> Iterator[NightCell]:
    beside = file.parent / entry.scenario
    name = str(beside) if os.path.isfile(beside) and entry.scenario not in catalogue() else entry.scenario  # noqa: PTH113
    added = [*entry.settings(), *settings]
    try:
        refuse_seed(added, of="suite")
        planned = plan(
            name,
            topologies=entry.topologies or suite.topologies,
            meshes=entry.meshes or suite.meshes,
            settings=added,
            seed=suite.seed,
            look=look,
            options=("topologies:", "meshes:"),
        )
    except ConfigurationError as error:
        lines = [line.removeprefix(f"{entry.scenario}: ") for line in str(error).splitlines()]
        raise ConfigurationError("\n".join(f"{file}: {entry.scenario}: {line}" for line in lines)) from None
    for cell in planned.cells:
        runnable = planned.runnable.get(cell)
        yield NightCell(
            scenario=planned.base.name,
            topology=cell.topology,
            mesh=cell.mesh,
            expected=planned.base.expect.verdict,
            file=name,
            settings=[] if runnable is None else runnable.settings,
            run=None if runnable is None else runnable.scenario,
            not_applicable=cell.not_applicable,
        )
