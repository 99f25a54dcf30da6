"""``meshbench index``: the history brought up to date with the run folders, or made anew from them, and their page."""

from __future__ import annotations

from pathlib import Path

from cluster.errors import ConfigurationError
from reports.console.write import NAME as PAGE
from reports.console.write import write_console
from reports.trends.found import Found
from reports.trends.store import Store

#: So many folders that were left out are told; they are the same every time.
_TOLD = 20


def index(runs: Path, *, rebuild: bool) -> list[str]:
    """What was done, as lines. Raises StoreError where it cannot be, and ConfigurationError where the page of all runs
    cannot be written."""
    store = Store(runs)
    store.require_folder()
    found = store.rebuild() if rebuild else store.update()
    return [*_told(found, store, rebuild=rebuild), f"{_renewed(runs)}: the page of all runs"]


def _renewed(runs: Path) -> Path:
    try:
        return write_console(runs)
    except OSError as error:
        raise ConfigurationError(f"{runs / PAGE}: cannot be written: {error.strerror or error}") from None


def _told(found: Found, store: Store, *, rebuild: bool) -> list[str]:
    rows = len(found.rows)
    done = f"made anew from {rows} run{'' if rows == 1 else 's'}" if rebuild else f"{rows} added"
    lines = [f"{store.file}: {done}, {len(store.rows())} in all"]
    lines += [f"left out: {one.folder}: {one.why}" for one in found.left_out[:_TOLD]]
    more = len(found.left_out) - _TOLD
    return [*lines, *([f"left out: {more} more folders"] if more > 0 else [])]
