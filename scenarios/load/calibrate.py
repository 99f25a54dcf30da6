"""How much the cluster can carry, measured before a load whose rate is a share of it.

A closed loop of as many users as connections, without think time, on the real workload and through the real mesh, in
the load pods. The maximum is the median second of its second half: the first half warms the caches. Its operations are
no part of the record; whoever calls sets the data up anew afterwards.
"""

from __future__ import annotations

import statistics
from typing import Any

from cluster.duration import show_duration
from cluster.errors import ConfigurationError, HarnessError
from scenarios.load.load import Load
from scenarios.schema.load import LoadSection
from scenarios.schema.scenario import Scenario


def calibration(scenario: Scenario) -> Scenario | None:
    """The same with the load of a calibration, or None where none is needed."""
    load = scenario.load
    if load.calibrate is None:
        return None
    closed = LoadSection.model_validate(
        {
            "model": "closed",
            "duration": show_duration(load.calibrate),
            "connections": load.connections,
            "workers": load.workers,
            "statement_timeout": show_duration(load.statement_timeout),
            "drain": show_duration(load.drain),
            "batch": load.batch,
        }
    )
    return scenario.model_copy(update={"load": closed})


def measure(trial: Load, scenario: Scenario) -> dict[str, Any]:
    """{maximum_tps, connections, seconds}; seconds: acknowledged in each. trial: of `calibration`. Raises
    ConfigurationError when there is no maximum to take a share of."""
    seconds: list[int] = []
    trial.start()
    trial.run(lambda second: seconds.append(second.ok))
    if not trial.totals["complete"]:
        raise HarnessError("calibration: the load pod exited early; see its log")
    return {
        "maximum_tps": maximum(seconds, lasted_s=scenario.load.calibrate or 0.0),
        "connections": scenario.load.connections,
        "seconds": seconds,
    }


def maximum(seconds: list[int], *, lasted_s: float) -> float:
    """Acknowledged operations a second: the median of the second half of the full seconds.

    Raises ConfigurationError when there were none.
    """
    full = seconds[: int(lasted_s)]
    found = float(statistics.median(full[len(full) // 2 :])) if full else 0.0
    if found <= 0:
        raise ConfigurationError(
            f"load.rate: no maximum could be measured: {sum(seconds)} operations were acknowledged in a calibration of "
            f"{show_duration(lasted_s)}; give arrivals per second, or a longer load.calibrate"
        )
    return found
