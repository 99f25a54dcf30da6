"""Tables of README and docs that say what checks, gates, workloads and faults declare, made from the declarations.

A table stands between ``<!-- table: checks -->`` and ``<!-- end of table -->``; ``python -m scenarios.tables``, or
``make tables``, renews every one of them, and a test holds them current.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from chaos.registry import FAULTS
from checks.gates import REQUIRE
from checks.registry import CHECKS, GATES
from loadgen.workloads.registry import WORKLOADS

ROOT = Path(__file__).parents[1]
_TABLE = re.compile(r"^( *)<!-- table: (\w+) -->\n.*?^ *<!-- end of table -->$", re.MULTILINE | re.DOTALL)


def _checks() -> str:
    rows = [f"| {check.name} | {check.question} |" for check in CHECKS.values()]
    return "\n".join(["| check | question |", "|---|---|", *rows])


def _gates() -> str:
    rows = [f"| `{gate.name}` | {gate.at} | {gate.asks} |" for gate in GATES.values()]
    own = f"| `{REQUIRE}` | | checks that must be decided; by default those that the workload can |"
    return "\n".join(["| gate | | |", "|---|---|---|", *rows, own])


def _workloads() -> str:
    own = {
        name: [f"`{check.name}`" for check in CHECKS.values() if check.workload == name] or ["the checks of its keys"]
        for name in WORKLOADS
    }
    rows = [f"| `{name}` | {kind.about} | {', '.join(own[name])} |" for name, kind in WORKLOADS.items()]
    return "\n".join(["| name | what it is | own invariants (check) |", "|---|---|---|", *rows, *_OF_USERS])


def _faults() -> str:
    """By family, planned changes in a row of their own."""
    families: dict[str, list[str]] = {}
    for name, fault in FAULTS.items():
        families.setdefault(fault.family() if fault.lasts else _CHANGES, []).append(f"`{name}`")
    rows = [f"| {family} | {', '.join(names)} |" for family, names in families.items()]
    return "\n".join(["| what breaks | faults |", "|---|---|", *rows])


_CHANGES = "planned changes"
_OF_USERS = (
    "| `path/to/file.py:ClassName` | your own class | the checks of its keys |",
    "| `path/to/locustfile.py` | an ordinary locustfile, as it is | none |",
)
#: Name of a table -> what makes it.
BLOCKS: Mapping[str, Callable[[], str]] = {
    "checks": _checks, "gates": _gates, "workloads": _workloads, "faults": _faults,
}  # fmt: skip


def renewed(text: str) -> str:
    """A page with every table made anew, as far in as it stood."""

    def made(match: re.Match[str]) -> str:
        indent, name = match[1], match[2]
        lines = [f"<!-- table: {name} -->", *BLOCKS[name]().splitlines(), "<!-- end of table -->"]
        return "\n".join(f"{indent}{line}" for line in lines)

    return _TABLE.sub(made, text)


def pages() -> Iterator[Path]:
    """The pages that may have such tables."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").glob("*.md"))


if __name__ == "__main__":
    for page in pages():
        page.write_text(renewed(page.read_text()))
