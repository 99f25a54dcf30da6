"""What a night has for GitHub's annotations: ``::error`` lines, which GitHub shows at the top of a workflow's page.

GitHub shows ten of a step, so there are ten at most, and the tenth says how many more there are. Escaped as its runner
wants it (https://docs.github.com/actions/reference/workflow-commands-for-github-actions; actions/toolkit, command.ts).
"""

from __future__ import annotations

from reports.nightly.flagged import Flag, flagged
from reports.nightly.nightly_types import Nightly
from reports.text.visible import visible

LINES_MAX = 10


def error_lines(content: Nightly) -> list[str]:
    """The lines, without their ends, for standard output; none where nothing is flagged."""
    flags = flagged(content)
    if len(flags) > LINES_MAX:
        left = len(flags) - LINES_MAX + 1
        flags = [*flags[: LINES_MAX - 1], Flag(title=content["name"], text=f"and {left} more; see the summary")]
    return [f"::error title={_property(flag.title)}::{_data(flag.text)}" for flag in flags]


def _data(text: str) -> str:
    return visible(text, keep="\n\r").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
