"""``meshbench trace``: the story of one operation, on the terminal."""

from __future__ import annotations

from pathlib import Path

from cluster.errors import ConfigurationError
from reports.text.visible import visible
from reports.trace.of_folder import trace_in
from reports.trace.trace import NoSuchKeyError
from reports.trace.words import headline, lines, what

PASS = 0


def print_trace(folder: Path, key: str) -> int:
    """Print it; returns the exit code, which says nothing of how the operation ended. Raises ConfigurationError where
    there is no such key, HistoryError where the folder cannot be read."""
    try:
        traced = trace_in(folder, key)
    except NoSuchKeyError as error:
        raise ConfigurationError(f"trace: {folder}: {error}") from None
    told = lines(traced)
    wide = max(len(line.when) for line in told)
    story = [f"{line.when:>{wide}}  {line.words}" for line in told]
    print("\n".join(visible(line) for line in [f"{key}: {headline(traced)}", what(traced), *story]))
    return PASS
