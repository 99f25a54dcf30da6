"""``meshbench gc``: what dead runs have left, and what to do of a run whose owner cannot be seen."""

from __future__ import annotations

from collections.abc import Sequence

from cluster.errors import ConfigurationError
from cluster.platform import ownership
from cluster.platform.docker_engine import require_engine
from scenarios.capacity import bare
from scenarios.cli.exit_codes import PASS
from scenarios.standing import standing


def remove(runs: Sequence[str]) -> int:
    """runs: ids of runs to remove whoever owns them. Raises ConfigurationError, EngineError."""
    require_engine()
    up = {one.run_id: one.name for one in standing.find()}
    for run_id in runs:
        if run_id in up:
            raise ConfigurationError(
                f"gc {run_id}: this is cluster {up[run_id]}; `meshbench down {up[run_id]}` removes it"
            )
    gone = [*ownership.reap(), *bare.remove_left()]
    for run_id in runs:
        gone += ownership.remove(run_id) or _nothing_of(run_id, gone)
    for one in gone:
        print(f"removed {one}")
    live, unknown = ownership.live_runs(), ownership.without_keeper()
    living = sorted(f"cluster {up[run_id]}" if run_id in up else f"run {run_id}" for run_id in live - unknown)
    print(f"{len(gone)} removed" + (f"; in use and left alone: {', '.join(living)}" if living else ""))
    for run_id in sorted(live & unknown):
        print(
            f"left alone: run {run_id}, of an older version: whether its owner lives cannot be seen from here; "
            f"`meshbench gc {run_id}` removes it"
        )
    return PASS


def _nothing_of(run_id: str, gone: list[str]) -> list[str]:
    """Raise ConfigurationError unless the run was removed a moment ago, as one whose owner is dead."""
    if not any(run_id in one for one in gone):
        raise ConfigurationError(
            f"gc {run_id}: nothing on this engine is of such a run; `meshbench gc` shows which are"
        )
    return []
