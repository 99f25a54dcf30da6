"""A comparison for the summary of a CI step, what is flagged first, and as lines that a CI shows beside the code."""

from __future__ import annotations

from collections.abc import Iterator

from reports.comparison.comparison_types import ComparisonContent, PairContent
from reports.comparison.words import confirmation_line, finding_words, pair_lines, pair_title, side_line
from reports.formats.markdown import escaped


def markdown(content: ComparisonContent) -> str:
    """GitHub-flavored Markdown; ends with a line break."""
    return "\n".join(_lines(content)) + "\n"


def errors(content: ComparisonContent) -> list[str]:
    """One line a finding that a rerun confirmed, such as for ``::error``."""
    return [
        f"{pair['scenario']}, {pair['cell']}: {finding_words(finding)}"
        for pair in content["pairs"]
        for finding in pair["findings"]
        if finding["confirmed"]
    ]


def _lines(content: ComparisonContent) -> Iterator[str]:
    yield f"**{escaped(content['headline'])}**"
    yield ""
    yield f"- {escaped(side_line('A', content['a']))}"
    yield f"- {escaped(side_line('B', content['b']))}"
    if (again := confirmation_line(content)) is not None:
        yield f"- {escaped(again)}"
    for pair in sorted(content["pairs"], key=_quiet):
        yield from ("", f"### {escaped(pair_title(pair))}", "", "| | |", "|---|---|")
        yield from (f"| {escaped(outcome)} | {escaped(text)} |" for outcome, text in pair_lines(pair))
    yield from (
        ("", *(f"- not compared: {escaped(line)}" for line in content["left_out"])) if content["left_out"] else ()
    )


def _quiet(pair: PairContent) -> bool:
    return all(finding["outcome"] != "worse" for finding in pair["findings"])
