"""The summary of a night as GitHub-flavored Markdown, for ``GITHUB_STEP_SUMMARY``: what is flagged first.

GitHub refuses a summary of more than 1 MiB a step. What does not fit is left out, the least important first, and it is
said how much that is; nightly.json has everything.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from reports.formats.markdown import escaped, table
from reports.nightly.capacity import system_words
from reports.nightly.flagged import flagged, name_of
from reports.nightly.nightly_types import CellRow, Nightly
from reports.text.units import UNKNOWN, count, duration, measured

#: https://docs.github.com/actions/reference/workflow-commands-for-github-actions (adding a job summary): 1 MiB a step.
#: What else the step writes has its place too.
BYTES_MAX = 1_000_000
#: Of the longest reason on a line.
_REASON_MAX = 400


def step_summary(content: Nightly) -> str:
    """The page as text, ending with a newline; at most BYTES_MAX bytes in UTF-8."""
    return _cut(_lines(content), bytes_max=BYTES_MAX)


def _cut(lines: Iterator[str], *, bytes_max: int) -> str:
    """As many lines as fit, and how many do not."""
    kept, size, left = list[str](), 0, 0
    room = bytes_max - 200  # for the last line
    for line in lines:
        size += len(line.encode()) + 1
        if size > room:
            left += 1
        else:
            kept.append(line)
    if left:
        kept += ["", f"_{count(left)} lines do not fit here; nightly.json has everything._"]
    return "\n".join([*kept, ""])


def _lines(content: Nightly) -> Iterator[str]:
    yield f"## {content['verdict'].upper()}: {escaped(content['name'])} ({escaped(content['id'])})"
    yield from ("", escaped(content["why"]))
    for title, part in (
        ("To look at", _flags(content)),
        ("Compared with earlier nights", _gate(content)),
        ("Capacity", _capacity(content)),
        ("Cells", _cells(content)),
        ("Trials that failed, broke or were void", _trials(content)),
        ("Not run", _not_run(content)),
    ):
        lines = list(part)
        if lines:
            yield from ("", f"### {title}", "", *lines)
    yield from ("", f"`{shlex.join(content['command'])}`", "")
    commit = f"{content['commit'] or UNKNOWN}{' with changes' if content['dirty'] else ''}"
    facts = (f"commit {commit}", f"host {content['host']}", f"seeds from {content['seed']}")
    yield escaped(", ".join((*facts, f"took {duration(content['spent_s'] * 1000)}")))


def _flags(content: Nightly) -> Iterator[str]:
    for flag in flagged(content):
        yield f"- **{escaped(flag.title)}**: {_reason(flag.text)}"


def _gate(content: Nightly) -> Iterator[str]:
    gate = content["gate"]
    if gate is None:
        return
    yield f"**{gate['verdict']}**: {escaped(gate['why'])}"
    if gate["findings"]:
        rows = [
            [
                escaped(name_of(row["scenario"], row["cell"])),
                escaped(row["metric"]),
                measured(row["before"], f"_{row['unit']}"),
                measured(row["tonight"], f"_{row['unit']}"),
                f"{row['p']:.2g}",
                escaped(row["step"] or ""),
                {True: "yes", False: "no", None: "was not run again"}[row["confirmed"]],
            ]
            for row in sorted(gate["findings"], key=lambda row: not row["confirmed"])
        ]
        yield from ("", *table(["where", "number", "before", "tonight", "p", "step", "confirmed"], rows))
    if gate["undecided"]:
        yield from ("", *(f"- {escaped(words)}" for words in gate["undecided"]))


def _capacity(content: Nightly) -> Iterator[str]:
    if capacity := content.get("capacity"):
        yield escaped(capacity["why"])
        if capacity["series"]:
            yield ""
        for row in capacity["series"]:
            yield f"- {escaped(system_words(row))}: {escaped(row['text'])}"


#: The worst first.
_ORDER = ("fail", "broken", "void", "not run", "pass", "not applicable")


def _cells(content: Nightly) -> Sequence[str]:
    cells = sorted(content["cells"], key=lambda cell: _ORDER.index(cell["verdict"]))
    head = ["scenario", "topology / mesh", "result", "expected", "as expected", "write outage", "p99 before", "lost"]
    return table(head, [_cell(cell) for cell in cells]) if cells else []


def _cell(cell: CellRow) -> list[str]:
    medians = cell["medians"]
    aside = [f"{cell[what]} {what}" for what in ("void", "broken") if cell[what]]
    aside += [f"{cell['left_out']} not run"] if cell["left_out"] else []
    return [
        escaped(cell["scenario"]),
        escaped(cell["cell"]),
        cell["verdict"],
        escaped(cell["expected"]),
        ", ".join([f"{cell['passed']} of {cell['planned']}", *aside]),
        duration(medians.get("write_outage_ms")),
        duration(medians.get("response_p99_before_ms")),
        count(medians.get("lost")),
    ]


def _trials(content: Nightly) -> Sequence[str]:
    shown = [row for outcome in ("fail", "broken", "void") for row in content["trials"] if row["outcome"] == outcome]
    rows = [
        [
            escaped(name_of(row["scenario"], row["cell"])),
            f"{row['number']}" + (f", attempt {row['attempt']}" if row["attempt"] > 1 else ""),
            row["outcome"],
            _reason(row["why"]),
            escaped(shlex.join(row["command"])),
        ]
        for row in shown
    ]
    return table(["where", "trial", "result", "why", "again"], rows) if rows else []


def _not_run(content: Nightly) -> Sequence[str]:
    left = [(row, escaped(row["why"])) for row in content["left_out"]]
    rows = [[escaped(name_of(row["scenario"], row["cell"])), str(row["number"]), why] for row, why in left]
    rows += [
        [escaped(name_of(cell["scenario"], cell["cell"])), "all", escaped(cell["not_applicable"])]
        for cell in content["cells"]
        if cell["not_applicable"] is not None
    ]
    return table(["where", "trial", "why"], rows) if rows else []


def _reason(text: str) -> str:
    return escaped(text if len(text) <= _REASON_MAX else f"{text[: _REASON_MAX - 1]}…")
