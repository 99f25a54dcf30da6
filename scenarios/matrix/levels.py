"""What a value of an axis says as a ``--set``, and how a step of the timeline becomes another fault.

On an axis of a timeline step a value may say more than the key does, so that a curve can go from nothing to a crash:

* ``faults.0=noop,{fault: delay, latency: 50ms},kill``: a fault's name, or a mapping, in place of the step. What it
  leaves out of ``at``, ``after``, ``target`` and ``heal_after`` stays; the keys of the fault that was there go with it.
* ``faults.0.fault=delay,kill``: the same by name alone.
* ``faults.0.latency=0ms,50ms,kill``: where the key takes no 0, 0 (bare, or in a unit of the key) means nothing, the
  fault ``noop``; and a fault's name which is no value of the key means that fault.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from chaos.registry import FAULTS
from chaos.timeline import OF_A_STEP
from cluster.errors import ConfigurationError
from cluster.keys import Key
from scenarios.schema.faults import FaultSection
from scenarios.schema.read import place_of
from scenarios.schema.scenario import Scenario
from scenarios.schema.yaml_lines import value_of

#: Breaks nothing.
NOTHING = "noop"


def setting(key: str, text: str, base: Scenario) -> str:
    """The ``--set`` that gives an axis one of its values. base: the scenario that is varied."""
    step = _step(key, base)
    try:
        value = value_of(text)
    except (ValueError, ConfigurationError):
        return f"{key}={text}"  # reading it says what is wrong
    if step is None or (replaced := _replaced(key, value, step)) is None:
        return f"{key}={text}"
    place = ".".join(key.split(".")[:2])
    return f"{place}={json.dumps(replaced, ensure_ascii=False)}"


def step_number(key: str) -> int | None:
    """Of the step of the timeline that a key is about; None of any other key."""
    match place_of(key):
        case ("faults", int(number), *_):
            return number
    return None


def _step(key: str, base: Scenario) -> FaultSection | None:
    """The plain step that a key is about; those within compositions take the values of their keys alone."""
    number = step_number(key)
    if number is None or base.composed() or number >= len(base.steps):
        return None
    return base.steps[number]


def _replaced(key: str, value: Any, step: FaultSection) -> dict[str, Any] | None:
    """The step that takes its place; None where the value is one of the key as it is."""
    match key.split(".")[2:]:
        case [] | ["fault"]:
            return _another(step, value)
        case [name] if name not in OF_A_STEP and (declared := FAULTS[step.fault].declared_keys().get(name)):
            try:
                declared.read(value)
            except ValueError:
                if isinstance(value, str) and value in FAULTS:
                    return _another(step, value)
                if _is_zero(value, declared):
                    return _another(step, NOTHING)
    return None


def _is_zero(value: Any, key: Key) -> bool:
    """Whether it is a bare 0, or a 0 of what the key takes, in one of its units."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value == 0
    try:
        return bool(dataclasses.replace(key, at_least=None, at_most=None).read(value) == 0)
    except ValueError:
        return False


def _another(step: FaultSection, value: Any) -> dict[str, Any] | None:
    document: dict[str, Any] = step.model_dump(mode="json", exclude_none=True)
    if value == step.fault:
        return document
    kept = {name: document[name] for name in OF_A_STEP if name in document}
    if isinstance(value, str):
        return {**kept, "fault": value}
    if not isinstance(value, dict):
        return None
    moments = ("at", "after") if {"at", "after"} & value.keys() else ()
    return {name: inner for name, inner in kept.items() if name not in moments} | value
