"""A run, or a capacity run, that has ended goes into the history beside the runs, and the page of all runs is renewed.

The run folder is the evidence and is sealed by now, so nothing that goes wrong here may end the run: it is said in a
line, and `meshbench index` catches up.
"""

from __future__ import annotations

import logging
from pathlib import Path

from reports.console.write import write_console
from reports.trends.capacity_row import sealed_row_of
from reports.trends.store import Store
from scenarios.last_resort import in_one_line

log = logging.getLogger("meshbench")


def remember(folder: Path, runs: Path) -> None:
    """Add a sealed folder, of a run or a capacity, to the history of ``runs``; renew its page. Raises nothing."""
    try:
        Store(runs).add(sealed_row_of(folder, runs=runs))
    except Exception as error:  # noqa: BLE001  whatever it is, the run is judged and its folder is whole
        log.warning("not in the history, `meshbench index --runs %s` adds it: %s", runs, in_one_line(error))
        return
    renew_console(runs)


def renew_console(runs: Path) -> None:
    """Renew the page of all runs, and of what lies beside them. Raises nothing."""
    try:
        write_console(runs)
    except Exception as error:  # noqa: BLE001  what was run is whole without it
        log.warning(
            "the page of all runs is not renewed, `meshbench index --runs %s` does it: %s", runs, in_one_line(error)
        )
