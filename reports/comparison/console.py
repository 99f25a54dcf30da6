"""What ``meshbench compare`` prints: the sides, what moved in each scenario, and the answer last."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from reports.comparison.comparison_types import ComparisonContent
from reports.comparison.words import confirmation_line, pair_lines, pair_title, side_line
from reports.text.visible import visible

_WIDTH = 20


def lines(content: ComparisonContent) -> Iterator[str]:
    """Plain text."""
    yield from (visible(line) for line in _lines(content))


def _lines(content: ComparisonContent) -> Iterator[str]:
    yield side_line("A", content["a"])
    yield side_line("B", content["b"])
    for pair in content["pairs"]:
        yield ""
        yield pair_title(pair)
        for outcome, text in pair_lines(pair):
            yield from wrap(text, 120, initial_indent=f"  {outcome:<{_WIDTH}}", subsequent_indent=" " * (_WIDTH + 2))
    if content["left_out"]:
        yield ""
        yield from (f"not compared: {line}" for line in content["left_out"])
    yield ""
    if (again := confirmation_line(content)) is not None:
        yield again
    yield content["headline"]
