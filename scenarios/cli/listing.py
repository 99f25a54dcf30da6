"""What ``meshbench list`` prints of a scenario: its name, the verdict expected, its description, and its gates."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from checks.registry import DECIDER, GATES
from scenarios.schema.scenario import Scenario

WIDTH = 100
_INDENT = "    "


def lines(scenario: Scenario) -> Iterator[str]:
    """No longer than WIDTH; the first one begins with the name."""
    finders = f", by {', '.join(scenario.expect.checks)}" if scenario.expect.checks else ""
    yield f"{scenario.name:30}expected: {scenario.expect.verdict}{finders}"
    for paragraph in (scenario.description, f"gates: {', '.join(_gates(scenario))}"):
        yield from textwrap.wrap(paragraph, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _gates(scenario: Scenario) -> Iterator[str]:
    """Each gate as a scenario writes it; those on the noise of the host only where they are not the usual ones."""
    usual = type(scenario.gates)().model_dump(mode="json")
    for name, value in scenario.gates.model_dump(mode="json").items():
        gate = GATES.get(name)
        if gate is not None and value is not None and (name in DECIDER or value != usual[name]):
            least = "at least " if gate.at == "at least" else ""
            yield f"{name} {least}{value}"
