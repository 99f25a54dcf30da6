"""The pages beside nightly.json."""

from __future__ import annotations

from pathlib import Path

from reports.files import write_atomically
from reports.nightly.junit import junit_xml
from reports.nightly.nightly_types import Nightly
from reports.nightly.page import nightly_html
from reports.nightly.step_summary import step_summary


def write_pages(night: Nightly, folder: Path) -> None:
    """Write report.html, junit.xml and summary.md. Raises OSError where it cannot."""
    write_atomically(folder / "report.html", nightly_html(night).encode())
    write_atomically(folder / "junit.xml", junit_xml(night))
    write_atomically(folder / "summary.md", step_summary(night).encode())
