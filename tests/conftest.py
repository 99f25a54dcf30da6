"""Fixtures for the tests of more than one room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reports import write
from reports.charts.charts import Picture
from tests.browser import browser

__all__ = ["browser"]


@pytest.fixture(scope="module")
def no_figures() -> Iterator[None]:
    """Reports with a few bytes for each figure: drawing takes most of a report's time, and tests/reports draws them."""
    drawn = dict.fromkeys(("timeline", "latency", "waterfall"), Picture(wide=b"wide\nfigure", narrow=b"narrow"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "draw_figures", lambda *_, **__: drawn)
        yield


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures of a capacity run take a second each; not where a test is about something else."""
    monkeypatch.setattr("reports.capacity.write.picture", lambda draw: Picture(wide=b"", narrow=b""))
