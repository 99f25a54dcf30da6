"""A night told to the CI service that it runs in: GitHub's summary and annotations. Others read junit.xml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from reports.nightly.error_lines import error_lines
from reports.nightly.nightly_types import Nightly
from reports.nightly.step_summary import step_summary
from scenarios.trials.loop import say


def told(night: Nightly, *, environment: Mapping[str, str]) -> Iterator[str]:
    """Lines for standard output, where GitHub Actions reads them; none elsewhere. Also adds to the step's summary, to
    which other parts of the step may have written. environment: of the process."""
    summary = environment.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(step_summary(night))
        except OSError as error:  # the night is over, and its exit code counts
            say(f"GITHUB_STEP_SUMMARY: {summary}: cannot be written: {error.strerror or error}")
    if environment.get("GITHUB_ACTIONS") == "true":
        yield from error_lines(night)
