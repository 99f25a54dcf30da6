"""Which gates a scenario can decide at all, known before anything starts.

A gate that somebody wrote and no run of the scenario can decide is a mistake; a default that cannot be decided does not
apply, and is left out of the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.check import Check, Gate
from checks.registry import CHECKS, DECIDER, GATES
from history.fields import DeclarationError
from loadgen.workloads.registry import WORKLOADS
from scenarios.schema.gates import GatesSection
from scenarios.schema.scenario import Scenario
from scenarios.schema.workload import WorkloadSection

for _check in CHECKS.values():
    if _check.workload and _check.workload not in WORKLOADS:
        raise DeclarationError(
            f"check {_check.name}: there is no workload {_check.workload!r}; workloads: {', '.join(WORKLOADS)}"
        )


def misfits(written: GatesSection, scenario: Scenario) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong, one line each, with the place below ``gates``. written: as they stand in the document."""
    for name, gate in GATES.items():
        given = name in written.model_fields_set and getattr(written, name) is not None
        if given and (why := undecidable(gate, scenario)):
            yield (name,), f"gates.{name}: {why}; leave it out, or set it to null"
    workload = scenario.workload
    for number, check in enumerate(written.require or [] if "require" in written.model_fields_set else []):
        if check not in workload.decides:
            yield ("require", str(number)), f"gates.require: {_not_by(workload, CHECKS[check])}; leave it out"


def without_moot(scenario: Scenario) -> Scenario:
    """The scenario without the defaults that it cannot decide."""
    moot = {name: None for name, gate in GATES.items() if undecidable(gate, scenario)}
    return scenario.model_copy(update={"gates": scenario.gates.model_copy(update=moot)}) if moot else scenario


def undecidable(gate: Gate, scenario: Scenario) -> str:
    """Why a run could not decide the gate; empty if it could."""
    workload = scenario.workload
    check = DECIDER.get(gate.name)
    if check is not None and check.name not in workload.decides:
        return _not_by(workload, check)
    if gate.needs == "reads" and not workload.reads:
        return f"{_name(workload)} reads nothing{_share(workload)}, so it cannot decide it"
    if gate.needs == "writes" and not workload.writes:
        return f"{_name(workload)} writes nothing{_share(workload)}, so it cannot decide it"
    if gate.needs == "arrivals" and workload.is_locustfile:
        return f"{_name(workload)} asks when its users do, so nothing that it sends is late"
    if not scenario.faults and gate.needs == "fault":
        return "faults has no step, so there is nothing during or after one"
    if not scenario.faults and isinstance(getattr(scenario.gates, gate.name), str):
        return "faults has no step, so there is no before to be a multiple of"
    return ""


def _not_by(workload: WorkloadSection, check: Check) -> str:
    can = [name for name in WORKLOADS if check.workload in (None, name)]
    can += ["a class of your own with a final table keys"] if check.needs == "keys" else []
    what = "it" if check.gates else check.name
    return f"{_name(workload)} cannot decide {what}; what can: {', '.join(can)}"


def _name(workload: WorkloadSection) -> str:
    if workload.is_locustfile:
        return f"a locustfile ({workload.name})"
    return f"workload {workload.name}"


def _share(workload: WorkloadSection) -> str:
    share = workload.options.get("read_share")
    return "" if share is None else f" (read_share: {share:g})"
