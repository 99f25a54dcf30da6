"""The gate of a night: tonight's trials against those of the nights before, confirmed by a rerun; and what the history
says of capacity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from os.path import relpath
from pathlib import Path

from cluster.errors import ConfigurationError
from history.json_files import HistoryError
from reports.comparison.content import content, side_of
from reports.nightly.capacity import capacity_of, not_read
from reports.nightly.gate import gate_of, not_compared
from reports.nightly.nightly_types import Capacity, Gate, Nightly
from reports.trends.comparison import Least
from reports.trends.row import TrialRow, row_of
from reports.trends.store import Store, StoreError
from scenarios.compare.compare import write
from scenarios.compare.gate import Rerun, gate
from scenarios.nightly.suite import CompareSection
from scenarios.trials.loop import say


def against_earlier(
    night: Nightly, *, folder: Path, runs: Path, wanted: CompareSection, rerun: Rerun | None
) -> Gate | None:
    """None where the suite wants no comparison. Also writes compare.html, compare.md and compare.json into ``folder``.

    Only what a rerun confirms is ``worse``. Raises KeyboardInterrupt, and OSError.
    """
    if not wanted.nights:
        return None
    try:
        known = Store(runs).rows(part_kind="nightly", part_name=night["name"])
    except StoreError as error:
        return not_compared(f"not compared with earlier nights: {error}")
    nights = sorted({_night(row) for row in known if _night(row) < night["id"]})[-wanted.nights :]
    earlier = [row for row in known if _night(row) in nights]
    tonight = list(_tonight(night, folder=folder, runs=runs))
    if not tonight or not earlier:
        return not_compared(
            f"not compared: there is no earlier night of suite {night['name']}"
            if tonight
            else "not compared: no trial of tonight was judged"
        )
    least = _least(wanted)
    try:
        comparison = gate(tonight, earlier, rerun=rerun, least=least)
    except ConfigurationError as error:  # all trials are done; a finding is then told as one that was not run again
        say(f"nightly: nothing can be run again: {error}")
        comparison = gate(tonight, earlier, least=least)
    words = f"{len(nights)} earlier night{'' if len(nights) == 1 else 's'}"
    told = content(comparison, a=side_of(words, earlier), b=side_of("tonight", tonight))
    write(told, folder)
    return gate_of(told, nights=nights)


def capacity_known(night: Nightly, *, folder: Path, runs: Path, wanted: CompareSection) -> Capacity | None:
    """None where the suite wants no comparison. What cannot be read is said, and fails no night."""
    if not wanted.nights:
        return None
    try:
        rows = Store(runs).rows(part_kind="capacity")
    except StoreError as error:
        return not_read(str(error))
    return capacity_of(
        rows,
        host=night["host"],
        now=datetime.now(UTC),
        link=Path(relpath(runs, folder)).as_posix(),
        alarms=wanted.rerun > 0,
        topology=night["cells"][0]["topology"],
    )


def _tonight(night: Nightly, *, folder: Path, runs: Path) -> Iterator[TrialRow]:
    """From the run folders, so that a history that could not be written costs nothing."""
    for trial in night["trials"]:
        if trial["folder"] is not None:
            try:
                yield row_of(folder / trial["folder"], runs=runs)
            except HistoryError:  # it broke off before it was sealed, and its verdict says so
                continue


def _night(row: TrialRow) -> str:
    return row.part_of.id if row.part_of is not None else ""


def _least(wanted: CompareSection) -> dict[str, Least]:
    return {
        name: Least(relative=one.relative or 0.0, absolute=one.absolute or 0.0) for name, one in wanted.least.items()
    }
