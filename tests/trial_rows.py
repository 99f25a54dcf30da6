"""Rows of trials as a group behind Envoy leaves them when its primary is killed, without running any.

The write outage is the sum of its steps; what clients see follows from it, as it does in real runs: brown-out, success
ratio and the response times of operations that were due meanwhile. Money is whole, so that its counts are constant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from history.manifest import PartOf, Sentinel
from reports.trends.row import TrialRow

#: Milliseconds, medians; together 4 s.
STEPS = {"detected": 1000.0, "elected": 600.0, "rerouted": 1900.0, "first_ack": 500.0}
_OUTAGE_MS = sum(STEPS.values())


def trial_row(**given: Any) -> TrialRow:
    """A row that passed, with what is given in place of its own."""
    usual: dict[str, Any] = {
        "folder": "primary-kill/20261127T010203Z-7",
        "seal": "0" * 64,
        "scenario": "primary-kill",
        "scenario_digest": "d" * 64,
        "cell": "group / envoy",
        "topology": "group",
        "pods": 3,
        "mesh": "envoy",
        "workload": "transfer",
        "seed": 7,
        "started_at": "2026-11-27T01:02:03+00:00",
        "commit": "a" * 40,
        "dirty": False,
        "versions": {},
        "images": {},
        "host": "x86_64, 2 cores, 23.5 GiB",
        "verdict": "pass",
        "why": "",
        "void_reasons": (),
        "command": ("meshbench", "run", "primary-kill", "--seed", "7"),
        "part_of": None,
        "numbers": {},
    }
    return TrialRow(**usual | given)


def trial_rows(
    seed: int, number: int, *, longer: float = 1.0, step: str | None = None, variation: float = 0.15, **given: Any
) -> list[TrialRow]:
    """So many trials of one law. longer: the whole outage lasts so many times as long, by one step where that is named.
    variation: the coefficient of variation of the outage."""
    rng = np.random.default_rng(seed)
    prefix = f"{given.get('scenario', 'primary-kill')}/{seed}"
    return [
        replace(
            trial_row(**given),
            folder=f"{prefix}-{trial}",
            seal=f"{seed:032x}{trial:032x}",
            seed=trial,
            numbers=numbers(rng, longer=longer, step=step, variation=variation),
        )
        for trial in range(1, number + 1)
    ]


def numbers(
    rng: np.random.Generator, *, longer: float = 1.0, step: str | None = None, variation: float = 0.15
) -> Mapping[str, float]:
    spread = np.sqrt(np.log1p(variation**2))
    steps_ms = {
        name: ms * (1.0 if step else longer) + (_OUTAGE_MS * (longer - 1) if name == step else 0.0)
        for name, ms in STEPS.items()
    }
    slow = rng.lognormal(0, spread)  # of the whole recovery, so that steps and outage go together
    outage_ms = sum(steps_ms.values()) * slow
    busy = rng.lognormal(0, 0.08)  # of the machine
    due = outage_ms / 50_000  # the part of the load that was due in the outage
    return {
        "write_outage_ms": outage_ms,
        "read_outage_ms": outage_ms * rng.lognormal(-0.1, 0.05),
        "brownout_ms": outage_ms * rng.lognormal(0.1, 0.1),
        "behind_ms": rng.lognormal(1, 0.5),
        "success_ratio": 1 - due * rng.uniform(0.05, 0.15),
        "achieved_tps": 400 * (1 - due * 0.1) * rng.normal(1, 0.005),
        "response_p50_ms": 6 * busy * rng.lognormal(0, 0.05),
        "response_p99_ms": outage_ms * rng.lognormal(-0.2, 0.1),
        "response_p99_before_ms": 25 * busy * rng.lognormal(0, 0.2),
        "response_p99_during_ms": outage_ms * rng.lognormal(0, 0.05),
        "response_p99_after_ms": 30 * busy * rng.lognormal(0, 0.25),
        "service_p99_ms": 40 * busy * rng.lognormal(0, 0.2),
        "lost": 0.0,
        "duplicated": 0.0,
        "torn": 0.0,
        "boot_s": 9 * busy * rng.lognormal(0, 0.05),
        "client_cpu_us_per_txn": 220 * busy * rng.lognormal(0, 0.03),
        **{f"step_{name}_ms": ms * slow * rng.lognormal(0, 0.1) for name, ms in steps_ms.items()},
        "step_steady_ms": rng.lognormal(7, 0.3),
        "step_rejoined_ms": rng.lognormal(9.5, 0.15),
    }


def with_sentinel(rows: Sequence[TrialRow], *, cpu_s: float, fsync_ms: float = 2.0) -> list[TrialRow]:
    """The same trials of a night, with fixed work beside each that took so long."""
    sentinel = Sentinel(cpu_s=cpu_s, fsync_ms=fsync_ms)
    return [
        replace(row, part_of=PartOf(kind="nightly", name="nightly", id="20261127T010203Z", trial=at, sentinel=sentinel))
        for at, row in enumerate(rows, start=1)
    ]
