"""Renews ``<runs>/index.html`` from the history and from what lies beside the runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from reports.console.beside import beside
from reports.console.content import content
from reports.console.page import console_html
from reports.files import lock, write_atomically
from reports.trends.store import Store

NAME = "index.html"
#: Another process renews it in less than a second.
BUSY_S = 20.0


def write_console(runs: Path) -> Path:
    """Returns the page's path. Raises OSError where it cannot be written, and StoreError where the history cannot be
    read; the page is then as it was.

    One process at a time reads and writes: else a run that ended first could overwrite the page of one that ended
    later, with fewer runs.
    """
    with _alone(runs):
        page = console_html(content(Store(runs).rows(), beside(runs)), made_at=datetime.now(UTC).isoformat())
        write_atomically(runs / NAME, page.encode())
    return runs / NAME


@contextmanager
def _alone(runs: Path) -> Iterator[None]:
    """The lock is gone with the process, however that ends."""
    folder = os.open(runs, os.O_RDONLY)
    try:
        if not lock(folder, timeout_s=BUSY_S):
            raise TimeoutError(f"{runs / NAME}: another process has been writing it for {BUSY_S:g} s")
        yield
    finally:
        os.close(folder)
