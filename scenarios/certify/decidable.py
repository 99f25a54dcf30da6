"""Claims that no trial of a system can decide.

The number would be in none of them, every trial would count as bad, and the plan would be refused for what it asked,
not for what the system did.
"""

from __future__ import annotations

from checks.registry import GATES
from reports.certificate.plan import Claim
from scenarios.schema.decidable import undecidable
from scenarios.schema.scenario import Scenario


def undecidable_claim(claim: Claim, scenario: Scenario) -> str:
    """Why no run of the scenario can show the claim's number; empty where one could."""
    gate = GATES.get(claim.metric.removesuffix("_ms"))  # those numbers are named after the gate that limits them
    if gate is not None:
        return undecidable(gate, scenario)
    if claim.metric == "torn" and "torn" not in scenario.workload.decides:
        return f"workload {scenario.workload.name} cannot decide it: it does not show half of an operation"
    if claim.metric.startswith("step_"):
        return _without_recovery(scenario)
    return ""


def _without_recovery(scenario: Scenario) -> str:
    if not scenario.faults:
        return "faults has no step, so there is nothing to recover from"
    for step in scenario.timeline():
        asked = step.asked()
        if asked.intends == "new_primary" or (asked.part == "node" and asked.hits in ("node", "link")):
            return ""
    return "no step of faults hits a node or hands over, so nothing fails over"
