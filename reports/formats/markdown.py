"""``summary.md``: verdict, gates and key numbers as GitHub-flavoured Markdown, for the job summary of a CI run."""

from __future__ import annotations

import re

from reports.charts.recovery_steps import recovered
from reports.key_numbers import PERCENTILES, gate_words, headline_lines, key_numbers, latency_rows
from reports.provenance import provenance_words
from reports.summary_types import Summary
from reports.text.decisions import decision_rows, quarantine_words
from reports.text.server_words import words_rows
from reports.text.steps import step_words
from reports.text.units import UNKNOWN, duration, label
from reports.text.visible import visible

# What starts markup, HTML or a new cell inside a line of text; values come from logs and files.
_SPECIAL = re.compile(r"([\\`*\[\]<>|~&])")


def summary_md(summary: Summary) -> str:
    """The page as text, ending with a newline."""
    seed = UNKNOWN if summary["seed"] is None else str(summary["seed"])
    lines = [
        f"## {summary['verdict'].upper()}: {escaped(summary['scenario'] or 'unnamed run')} (seed {seed})",
        "",
        *(f"{escaped(line)}\n" for line in (*headline_lines(summary), *summary["notes"])),
    ]
    for words in (*provenance_words(summary), *map(quarantine_words, summary["quarantined"])):
        lines += ["", f"**{escaped(words)}**"]
    gates = [
        [escaped(gate.name), escaped(gate.expected), escaped(gate.measured), gate.verdict]
        for gate in gate_words(summary)
    ]
    if gates:
        lines += ["", *table(["gate", "expected", "measured", "result"], gates)]
    checks = [[escaped(check["name"]), check["verdict"], escaped(check["finding"])] for check in summary["checks"]]
    if checks:
        lines += ["", *table(["check", "result", "what it found"], checks)]
    lines += ["", *table(["number", "value"], [[escaped(n.label), escaped(n.value)] for n in key_numbers(summary)])]
    latency = [
        [row.phase, row.kind, *(duration(row.numbers[name]) for name in PERCENTILES)] for row in latency_rows(summary)
    ]
    if latency:
        lines += ["", *table(["phase", "latency", *PERCENTILES.values()], latency)]
    if steps := summary["faults"]:
        rows = [[escaped(step_words(step)), _yes(step["bitten"]), _yes(step["clean"])] for step in steps]
        lines += ["", *table(["fault or planned change", "took effect", "clean"], rows)]
    for fault in recovered(summary["faults"]):
        rows = [
            [escaped(label(known["step"])), duration(known["since_ms"]), escaped(known["source"] or "")]
            for known in fault["waterfall"]
        ]
        title = f"Recovery after {escaped(fault['name'])} of {escaped(fault['target'])}"
        lines += ["", f"### {title}", "", *table(["step", "since injection", "source"], rows)]
    if said := words_rows(summary):
        rows = [[escaped(cell) for cell in row] for row in said]
        head = ["since load began", "log of", "what happened", "code", "MySQL's own log messages"]
        lines += ["", "### MySQL's own log messages", "", *table(head, rows)]
    if summary["decisions"]:
        rows = [[escaped(cell) for cell in row] for row in decision_rows(summary)]
        lines += ["", "### Control plane decisions", "", *table(["since load began", "event", "node", "detail"], rows)]
    return "\n".join([*lines, ""])


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Its lines; the cells are Markdown already."""
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(value: str) -> str:
    """Text of logs and files on one line, as it stands."""
    """Text in a line or a cell, none of which is Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(visible(str(value)).split()))
