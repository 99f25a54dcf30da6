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
        f"## {summary['verdict'].upper()}: {_text(summary['scenario'] or 'unnamed run')} (seed {seed})",
        "",
        *(f"{_text(line)}\n" for line in (*headline_lines(summary), *summary["notes"])),
    ]
    for words in (*provenance_words(summary), *map(quarantine_words, summary["quarantined"])):
        lines += ["", f"**{_text(words)}**"]
    gates = [
        [_text(gate.name), _text(gate.expected), _text(gate.measured), gate.verdict] for gate in gate_words(summary)
    ]
    if gates:
        lines += ["", *_table(["gate", "expected", "measured", "result"], gates)]
    checks = [[_text(check["name"]), check["verdict"], _text(check["finding"])] for check in summary["checks"]]
    if checks:
        lines += ["", *_table(["check", "result", "what it found"], checks)]
    lines += ["", *_table(["number", "value"], [[_text(n.label), _text(n.value)] for n in key_numbers(summary)])]
    latency = [
        [row.phase, row.kind, *(duration(row.numbers[name]) for name in PERCENTILES)] for row in latency_rows(summary)
    ]
    if latency:
        lines += ["", *_table(["phase", "latency", *PERCENTILES.values()], latency)]
    if steps := summary["faults"]:
        rows = [[_text(step_words(step)), _yes(step["bitten"]), _yes(step["clean"])] for step in steps]
        lines += ["", *_table(["fault or planned change", "took effect", "clean"], rows)]
    for fault in recovered(summary["faults"]):
        rows = [
            [_text(label(known["step"])), duration(known["since_ms"]), _text(known["source"] or "")]
            for known in fault["waterfall"]
        ]
        title = f"Recovery after {_text(fault['name'])} of {_text(fault['target'])}"
        lines += ["", f"### {title}", "", *_table(["step", "since injection", "source"], rows)]
    if said := words_rows(summary):
        rows = [[_text(cell) for cell in row] for row in said]
        head = ["since load began", "log of", "what happened", "code", "MySQL's own log messages"]
        lines += ["", "### MySQL's own log messages", "", *_table(head, rows)]
    if summary["decisions"]:
        rows = [[_text(cell) for cell in row] for row in decision_rows(summary)]
        lines += ["", "### Control plane decisions", "", *_table(["since load began", "event", "node", "detail"], rows)]
    return "\n".join([*lines, ""])


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(visible(str(value)).split()))
