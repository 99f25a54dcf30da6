"""Whether this engine's host can do what the steps of a scenario ask of it, asked before anything starts."""

from __future__ import annotations

from chaos.needs import unavailable, unmet
from cluster.errors import ConfigurationError
from cluster.platform.platform import Platform
from scenarios.schema.scenario import Scenario


def require_needs(scenario: Scenario, platform: Platform) -> None:
    """Raises ConfigurationError, a line a step, where the host of the engine lacks what a fault needs."""
    faults = [step.fault for step in scenario.timeline()]
    unmet_needs = unmet({need for fault in faults for need in fault.needs}, platform)
    reasons = [
        f"faults.{number}.fault: {fault.name} cannot be done here: {why}"
        for number, fault in enumerate(faults)
        if (why := unavailable(type(fault), unmet_needs))
    ]
    if reasons:
        raise ConfigurationError("; ".join([*reasons, "`meshbench faults` lists what can"]))
