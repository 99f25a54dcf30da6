"""The last thing ``run --trials`` prints: the sentences and the table of its page, and where the page is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from reports.text.visible import all_visible, visible
from reports.trials.headline import middle, short_words, value_words
from reports.trials.page import counted_words, quantile_words
from reports.trials.trials_types import TrialsContent

_COLUMNS_OF_A_PIPE = 110


def print_trials(content: TrialsContent, *, folder: Path, console: Console | None = None) -> None:
    """Print the trials; ``folder`` is where the page lies. Without a terminal it is plain text."""
    content = all_visible(content)
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _COLUMNS_OF_A_PIPE
    console.print(Text(f"{content['verdict'].upper()} {content['scenario']}: {counted_words(content)}", style="bold"))
    for sentence in content["headline"]:
        console.print(Text(sentence))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "trials", "median", "95 % interval", "shortest", "longest"):
        table.add_column(column, overflow="fold")
    for one in content["distributions"]:
        median, bounds = quantile_words(middle(one), one)
        shortest, longest = value_words(one["min"], one), value_words(one["max"], one)
        table.add_row(escape(short_words(one)), str(one["n"]), median, bounds, shortest, longest)
    console.print()
    console.print(table)
    console.print()
    console.print(Text(visible(f"page: {folder / 'report.html'}")), soft_wrap=True)
