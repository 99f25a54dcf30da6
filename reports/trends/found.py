"""The run folders below a runs folder: those that are evidence as rows, and those that are left out, and why."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from history.json_files import HistoryError
from reports.capacity.planner import FILE as CAPACITY
from reports.seal import CHECKSUMS, MANIFEST, alterations, in_words
from reports.trends.capacity_row import sealed_row_of
from reports.trends.row import TrialRow, seal_of

#: Folders of a capacity run that hold no runs.
_OF_A_CAPACITY = frozenset({"steps", "logs"})
#: ``runs/<scenario>/<run>``, and room for a folder of folders.
_DEPTH = 4


class LeftOut(NamedTuple):
    """A folder without a row. folder: relative to the runs folder. why: one line."""

    folder: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Found:
    rows: list[TrialRow]
    left_out: list[LeftOut]


def run_folders(runs: Path, *, known: Mapping[str, str] = MappingProxyType({})) -> Found:
    """Read every run folder. known: seal -> folder of rows that need not be read again.

    A folder that was altered, or broke off, is no evidence and is left out. Raises nothing for what is in a folder.
    """
    rows: list[TrialRow] = []
    left_out: list[LeftOut] = []
    folder_of = dict(known)
    for folder in _candidates(runs):
        name = folder.relative_to(runs).as_posix()
        try:
            same = folder_of.get(seal_of(folder))
            if same is not None:
                left_out += [LeftOut(name, f"the same run as {same}")] if same != name else []
            elif altered := alterations(folder):
                left_out.append(LeftOut(name, f"not as the run left it: {in_words(altered)}"))
            else:
                rows.append(sealed_row_of(folder, runs=runs))
                folder_of[rows[-1].seal] = name
        except (HistoryError, OSError) as error:
            left_out.append(LeftOut(name, str(error).removeprefix(f"{folder}: ")))
    return Found(rows=rows, left_out=left_out)


def _candidates(runs: Path) -> Iterator[Path]:
    """Every folder that has something of a run, sorted; nothing below a run, no link, nothing hidden."""
    for place, folders, files in os.walk(runs):
        folder = Path(place)
        if CAPACITY in files:  # runs that confirmed it may lie below it, its steps are none
            folders[:] = sorted(one for one in folders if one not in _OF_A_CAPACITY)
            yield folder
            continue
        if {MANIFEST, CHECKSUMS} & set(files) or "ops" in folders:
            folders.clear()
            yield folder
            continue
        deep = len(folder.relative_to(runs).parts) >= _DEPTH
        folders[:] = [] if deep else sorted(one for one in folders if not one.startswith("."))
