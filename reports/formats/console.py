"""The last thing a run prints: the verdict, the gates, the numbers, the recovery, and where the report is.

Eighty columns at most unless the terminal is wider; colour only on a terminal. The same words as on the page.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from reports.charts.recovery_steps import recovered
from reports.key_numbers import gate_words, headline_lines, key_numbers
from reports.provenance import provenance_words
from reports.summary_types import CheckRow, Summary
from reports.text.decisions import quarantine_words
from reports.text.server_words import MINOR, WordsRow, words_rows
from reports.text.units import UNKNOWN, duration, label
from reports.text.visible import all_visible, visible

_COLOURS = {"pass": "green", "fail": "red", "void": "yellow", "unknown": "dim"}
_COLUMNS_OF_A_PIPE = 80
_WITNESSES = 5
_WORDS = 10


def print_table(summary: Summary, *, folder: Path | None = None, console: Console | None = None) -> None:
    """Print the summary; ``folder`` is where the report lies. Without a terminal the table is plain text."""
    summary = all_visible(summary)
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _COLUMNS_OF_A_PIPE
    seed = UNKNOWN if summary["seed"] is None else summary["seed"]
    console.print(
        Text(f"{summary['verdict'].upper()} ", style=f"bold {_COLOURS[summary['verdict']]}")
        + Text(f"{summary['scenario'] or 'unnamed run'} (seed {seed})", style="bold")
    )
    for line in (*headline_lines(summary), *summary["notes"]):
        console.print(Text(line))
    for words in provenance_words(summary):
        console.print(Text(words, style="bold yellow"))
    for pod in summary["quarantined"]:
        console.print(Text(quarantine_words(pod), style="bold yellow"))
    for table in _tables(summary):
        console.print()
        console.print(table)
    if folder is not None:
        console.print()
        console.print(Text(visible(f"report: {folder / 'report.html'}")), soft_wrap=True)


def _tables(summary: Summary) -> list[Table]:
    tables = []
    if summary["gates"]:
        gates = _table("gate", "expected", "measured", "result")
        for gate in gate_words(summary):
            gates.add_row(escape(gate.name), gate.expected, escape(gate.measured), _verdict(gate.verdict))
        tables.append(gates)
    checks = _table("check", "result", "what it found")
    for check in summary["checks"]:
        checks.add_row(escape(check["name"]), _verdict(check["verdict"]), escape(check["finding"]))
    tables.append(checks)
    for check in summary["checks"]:
        if check["verdict"] == "fail" and check["witness"]:
            tables.append(_witnesses(check))
    if words := words_rows(summary):
        tables.append(_server_words(words))
    numbers = _table("number", "value", "")
    for number in key_numbers(summary):
        numbers.add_row(number.label, number.value, Text(number.note, style="dim"))
    tables.append(numbers)
    for fault in recovered(summary["faults"]):
        steps = _table(
            f"recovery after {escape(fault['name'])} of {escape(fault['pod'] or fault['target'])}",
            "since injection",
            "source",
        )
        for step in fault["waterfall"]:
            steps.add_row(escape(label(step["step"])), duration(step["since_ms"]), escape(step["source"] or ""))
        tables.append(steps)
    return tables


def _server_words(words: list[WordsRow]) -> Table:
    """The first of what the servers said; the report has all, in MySQL's own words."""
    said = _table("since load began", "MySQL's log of", "says")
    # Where not all fits, messages that all is well again are left out first.
    telling = words if len(words) <= _WORDS else [row for row in words if row.code not in MINOR]
    for row in telling[:_WORDS]:
        said.add_row(row.since, escape(row.pods), escape(f"{row.what} ({row.code})"))
    if rest := len(words) - len(telling[:_WORDS]):
        said.add_row("", "", f"… {rest} more in the report")
    return said


def _witnesses(check: CheckRow) -> Table:
    """The first few rows that show the failure; the report has more of them."""
    shown = _table(f"witnesses of {escape(check['name'])}")
    for sentence in check["sentences"][:_WITNESSES]:
        shown.add_row(escape(sentence))
    if len(check["witness"]) > _WITNESSES:
        shown.add_row("… more in the report")
    return shown


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _verdict(verdict: str) -> Text:
    return Text(verdict, style=_COLOURS[verdict])
