"""A capacity run as a row of the history, from its capacity.json alone.

It stands beside the runs of its scenario under a name of its own, ``capacity of primary-kill``: what a search found and
what a run at a fixed load measured are never compared with each other. As the runs in which it lost a node it is part
of itself, so that ``compare`` knows it by its id.
"""

from __future__ import annotations

from os.path import relpath
from pathlib import Path
from typing import cast

from history.json_files import HistoryError, read_object
from history.manifest import PartOf
from reports.capacity.content import CapacityContent
from reports.capacity.objective import parse
from reports.capacity.planner import FILE
from reports.summary_types import Summary
from reports.trends.metrics import numbers
from reports.trends.row import TrialRow, host_words, in_words, row_of, scenario_digest, seal_of

_NAMED = "capacity of "


def sealed_row_of(folder: Path, *, runs: Path) -> TrialRow:
    """The row of a sealed folder, a run or a capacity run. Raises HistoryError as `row_of` does."""
    return capacity_row_of(folder, runs=runs) if (folder / FILE).exists() else row_of(folder, runs=runs)


def is_capacity(row: TrialRow) -> bool:
    """Whether it is the row of a capacity run, and not of a run that one started."""
    return row.scenario.startswith(_NAMED)


def capacity_row_of(folder: Path, *, runs: Path) -> TrialRow:
    """The row of a sealed capacity run. Raises HistoryError where it is none, or its file cannot be read."""
    content = cast("CapacityContent | None", read_object(folder / FILE))
    if content is None:
        raise HistoryError(f"{folder}: there is no {FILE}")
    seal = seal_of(folder)
    try:
        return _row(content, folder=Path(relpath(folder, runs)).as_posix(), seal=seal)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise HistoryError(f"{folder}: {FILE} is not of a capacity run: {in_words(error)}") from None


def _row(content: CapacityContent, *, folder: str, seal: str) -> TrialRow:
    topology, mesh, whole = content["topology"], content["mesh"], content["verdict"] in ("pass", "fail")
    counts = whole and not content["interrupted"]
    objectives = sorted((one.metric, one.limit) for one in map(parse, content["slo"]))
    return TrialRow(
        folder=folder,
        seal=seal,
        scenario=f"{_NAMED}{content['scenario']}",
        scenario_digest=scenario_digest({**content["settings"], "objectives": objectives}),
        cell=f"{topology} / {mesh}",
        topology=topology,
        pods=content["pods"],
        mesh=mesh,
        workload=content["workload"],
        seed=content["seed"],
        started_at=content["started_at"],
        commit=content["versions"].get("commit"),
        dirty=content["versions"].get("dirty"),
        versions=content["versions"],
        images=content["images"],
        host=host_words(content["host"]),
        verdict=content["verdict"] if counts else "void",
        why=content["why"],
        void_reasons=() if counts else (content["why"],),
        command=tuple(content["command"]),
        part_of=PartOf(kind="capacity", name=content["scenario"], id=Path(folder).name, trial=1),
        # Every metric looks for its number by name; what only runs have is not in capacity.json.
        numbers=numbers(cast("Summary", content)),
    )
