"""The load of one measured step: a scenario's own clients and policies at a rate, for a few seconds."""

from __future__ import annotations

from cluster.duration import show_duration
from scenarios.schema.load import LoadSection
from scenarios.schema.scenario import Scenario

#: How long what has not been answered may still take after the last arrival. An application has given up by then, and
#: what a step could not carry must not hold up the next one.
DRAIN_S = 2.0
#: Operations that may wait for a client: more than any step offers, so that its backlog is seen as it grows.
BACKLOG = 1_000_000
#: What a step keeps of a scenario's load; the rest says how much is asked for and when, which is what is searched.
KEPT = ("connections", "workers", "statement_timeout", "batch", "retry", "reconnect", "pool", "environment")


def offered(
    scenario: Scenario, rate_tps: float | None, *, lasts_s: float, number: int, clients: int | None = None
) -> Scenario:
    """The scenario with random arrivals at a rate, or as a closed loop without pauses (None).

    clients: of the closed loop, by default as many as it has connections, which saturates.
    number: of the step, from 1. It moves the seed: keys are made of it, and on one data set none may come twice.
    """
    pace = {"model": "closed"} if rate_tps is None else {"model": "poisson", "rate": rate_tps}
    load = LoadSection.model_validate(
        {**pace, "duration": show_duration(lasts_s), "drain": show_duration(DRAIN_S), "backlog": BACKLOG}
    )
    kept = {key: getattr(scenario.load, key) for key in KEPT}
    if rate_tps is None:
        kept["users"] = clients or scenario.load.connections
    seed = (scenario.seed + number) % 2**63
    return scenario.model_copy(update={"load": load.model_copy(update=kept), "seed": seed})
