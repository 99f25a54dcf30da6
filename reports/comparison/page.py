"""``compare.html``: a comparison on one page that works anywhere, offline, without a script, in the look of a run's."""

from __future__ import annotations

from pathlib import Path

from reports.comparison.comparison_types import ComparisonContent
from reports.comparison.words import confirmation_line, pair_lines, pair_title, side_line
from reports.formats.page import CSS, template

_HERE = Path(__file__).parent
#: What colors the header, by verdict.
_HEADER = {"regression": "fail", "flagged": "fail", "nothing_found": "pass"}


def comparison_html(content: ComparisonContent) -> str:
    """The page."""
    return template(_HERE / "comparison.html.j2").render(
        css=CSS.read_text(),
        header=_HEADER.get(content["verdict"], "void"),
        headline=content["headline"],
        facts=[side_line("A", content["a"]), side_line("B", content["b"]), *_again(content)],
        pairs=[(pair_title(pair), list(pair_lines(pair))) for pair in content["pairs"]],
        left_out=content["left_out"],
    )


def _again(content: ComparisonContent) -> list[str]:
    line = confirmation_line(content)
    return [] if line is None else [line]
