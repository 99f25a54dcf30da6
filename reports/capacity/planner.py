"""The planner's table: which measured system carries a load. Nothing is interpolated beyond what was measured.

Its rows come from this capacity run and from the sealed ones beside it that were measured on the same machine, with the
same objectives and alike in all but topology and mesh. Of one system the newest run counts, whatever older ones
carried. With no node lost a system carries the rate that its search found; with one lost, the safe load that a run with
a node killed confirmed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from history.json_files import HistoryError, read_object
from reports.capacity.content import Measured, PlannerRow
from reports.capacity.objective import parse
from reports.schema import CAPACITY_ID
from reports.seal import CHECKSUMS, alterations
from reports.trends.row import ABOUT_IT, host_words

log = logging.getLogger("meshbench")

FILE = "capacity.json"
#: Of the rates that are asked about, in each decade.
_STEPS = (1, 2, 5)
#: Sections of the settings that make one system of the table another.
_OF_THE_SYSTEM = frozenset({"topology", "mesh", "control"})
#: What a group is set up with, and no other topology has.
_OF_GROUPS = "group_replication_"


class Run(NamedTuple):
    """A capacity run. folder: relative to the page; empty: the run that the page is of."""

    measured: Measured
    folder: str
    started_at: datetime


class Carried(NamedTuple):
    """A load that one measured system carries. folder, started_at (ISO 8601): of that measurement; folder is relative
    to the page, and empty for the run that the page is of."""

    nodes_lost: int
    carries_tps: float
    pods: int | None
    topology: str
    mesh: str
    folder: str
    started_at: str


def planner(measured: Measured, folder: Path) -> list[PlannerRow]:
    """Rows by nodes lost and rate ascending. folder: where capacity.json of ``measured`` goes."""
    beside = sorted(_beside(measured, folder), key=lambda run: run.started_at, reverse=True)
    carried = list(_of_newest([_run(measured, folder=""), *beside]))
    return [row for nodes_lost in (0, 1) for row in _rows([one for one in carried if one.nodes_lost == nodes_lost])]


def carried_by(measured: Measured, *, folder: str) -> Iterator[Carried]:
    """What one capacity run shows that its system carries."""
    of = (measured["pods"], measured["topology"], measured["mesh"], folder, measured["started_at"])
    if measured["verdict"] == "pass" and measured["max_tps"] and _confirmed(measured):
        yield Carried(0, measured["max_tps"], *of)
    lost = measured["n_minus_1"]
    if lost and lost["safe_tps"] and lost["safe_verified"] and lost["safe_verified"]["holds"]:
        yield Carried(1, lost["safe_tps"], *of)


def _confirmed(measured: Measured) -> bool:
    """A maximum that did not hold when it was tried again is none."""
    below = measured["verify"]["below"]
    return below is None or below["holds"] is not False


def _of_newest(runs: Iterable[Run]) -> Iterator[Carried]:
    """What each system carries. runs: newest first.

    Where the newest run of a system lost no node, the newest one that did counts for that, unless it claims more than
    the system carries by now with all nodes.
    """
    systems: dict[tuple[object, ...], list[Run]] = {}
    for run in runs:
        measured = run.measured
        systems.setdefault((measured["topology"], measured["pods"], measured["mesh"]), []).append(run)
    for newest, *older in systems.values():
        carried = list(carried_by(newest.measured, folder=newest.folder))
        yield from carried
        lost = next((run for run in older if run.measured["n_minus_1"]), None)
        if carried and lost and not newest.measured["n_minus_1"]:
            for load in carried_by(lost.measured, folder=lost.folder):
                if load.nodes_lost and load.carries_tps <= carried[0].carries_tps:
                    yield load


def _run(measured: Measured, *, folder: str) -> Run:
    return Run(measured, folder, datetime.fromisoformat(measured["started_at"]).astimezone(UTC))


def _beside(measured: Measured, folder: Path) -> Iterator[Run]:
    """Those that may be compared, and that came to an end of their own, as for a row of the history that counts."""
    wanted = _comparable(measured)
    for file in sorted(folder.parent.glob(f"*/{FILE}")):
        other = file.parent
        if other.is_symlink() or other.resolve() == folder.resolve() or not (other / CHECKSUMS).exists():
            continue
        try:
            content: Any = read_object(file)
            if content and content["schema"] == CAPACITY_ID and _ended(content) and _comparable(content) == wanted:
                if altered := alterations(other):
                    log.warning("not in the planner's table: %s: %s", other, altered[0])
                    continue
                yield _run(content, folder=f"../{other.name}")
        except (HistoryError, OSError, KeyError, TypeError, AttributeError, ValueError) as error:
            log.warning("not in the planner's table: %s: %s", file, error)


def _ended(measured: Measured) -> bool:
    return measured["verdict"] in ("pass", "fail") and not measured["interrupted"]


def _comparable(measured: Measured) -> tuple[object, ...]:
    """What two runs have to share, so that only the system tells their numbers apart."""
    objectives = {(one.metric, one.comparison, one.limit) for one in map(parse, measured["slo"])}
    return host_words(measured["host"]), measured["workload"], objectives, alike(measured["settings"])


def alike(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without those of the system itself and those that change nothing: workload, clients, MySQL."""
    mysql = settings.get("mysql") or {}
    config = {
        option.replace("-", "_").removeprefix("loose_"): value for option, value in (mysql.get("config") or {}).items()
    }
    kept = {option: value for option, value in config.items() if not option.startswith(_OF_GROUPS)}
    rest = {key: value for key, value in settings.items() if key not in ABOUT_IT | _OF_THE_SYSTEM}
    return {**rest, "mysql": {**mysql, "config": kept}}


def _rows(carried: Sequence[Carried]) -> Iterator[PlannerRow]:
    for needed_tps in _rates([one.carries_tps for one in carried]):
        enough = [one for one in carried if one.carries_tps >= needed_tps]
        if enough:
            yield _row(needed_tps, min(enough, key=lambda one: (one.pods or 0, one.carries_tps)))
        else:
            yield _beyond(needed_tps, max(carried, key=lambda one: one.carries_tps))


def _rates(carried_tps: Sequence[float]) -> list[float]:
    """Round rates from a fifth of the least that is carried to the first one that nothing carries."""
    if not carried_tps:
        return []
    least, most = min(carried_tps) / 5, max(carried_tps)
    rates = [float(step * 10**decade) for decade in range(7) for step in _STEPS]
    return [rate for at, rate in enumerate(rates) if rate >= least and (at == 0 or rates[at - 1] <= most)]


def _row(needed_tps: float, best: Carried) -> PlannerRow:
    nodes = f", {best.pods} node{'' if best.pods == 1 else 's'}" if best.pods else ""
    return {
        "needed_tps": needed_tps,
        "nodes_lost": best.nodes_lost,
        "topology": best.topology,
        "mesh": best.mesh,
        "pods": best.pods,
        "carries_tps": best.carries_tps,
        "folder": best.folder or ".",
        "started_at": best.started_at,
        "words": f"{best.topology} behind {best.mesh}{nodes}",
    }


def _beyond(needed_tps: float, most: Carried) -> PlannerRow:
    return {
        "needed_tps": needed_tps,
        "nodes_lost": most.nodes_lost,
        "topology": None,
        "mesh": None,
        "pods": None,
        "carries_tps": None,
        "folder": None,
        "started_at": most.started_at,
        "words": f"nothing that was measured carries that: the most is {most.carries_tps:,.0f}/s",
    }
