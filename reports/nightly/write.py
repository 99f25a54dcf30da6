"""The pages beside nightly.json."""

from __future__ import annotations

from pathlib import Path

from reports.files import write_atomically
from reports.nightly.nightly_types import Nightly
from reports.nightly.page import nightly_html


def write_pages(night: Nightly, folder: Path) -> None:
    """Write report.html. Raises OSError where it cannot."""
    write_atomically(folder / "report.html", nightly_html(night).encode())
