"""What capacity runs measured, made up: of a system that follows a law of known parameters, in every kind of ending."""

from __future__ import annotations

from typing import Any

from reports.capacity.content import Interval, Measured, MeshCost, SafeRun, StepRow

#: Of the system that the steps are of: lambda, sigma, kappa.
LAW = (150.0, 0.06, 0.002)
SLO = ["response_p99<=250ms", "success_ratio>=0.999"]


def law_tps(concurrency: float) -> float:
    rate, sigma, kappa = LAW
    return rate * concurrency / (1 + sigma * (concurrency - 1) + kappa * concurrency * (concurrency - 1))


def step_row(concurrency: float, *, holds: bool = True, stable: bool = True, **changed: Any) -> StepRow:
    """A step with so many in flight. changed: members that are otherwise."""
    tps = law_tps(concurrency)
    p50_ms = 1000 * concurrency / tps
    row: StepRow = {
        "purpose": "ramp",
        "setting": "n",
        "offered_tps": tps,
        "arrived_tps": tps,
        "achieved_tps": tps,
        "success_ratio": 1.0,
        "concurrency": concurrency,
        "duration_s": 10.0,
        "warm_up_s": 2.5,
        "response_ms": {"p50": p50_ms, "p95": 2 * p50_ms, "p99": 4 * p50_ms, "p999": 6 * p50_ms},
        "service_ms": {"p50": p50_ms, "p95": 2 * p50_ms, "p99": 3 * p50_ms, "p999": 4 * p50_ms},
        "operations": round(tps * 10),
        "backlog_per_s": 0.0 if stable else 40.0,
        "stable": stable,
        "holds": holds and stable,
        "why": "" if holds and stable else "response_p99 412 ms, response_p99<=250ms asked for",
        "usage": {
            "host_cpus": 2,
            "host_cpu_cores": 1.9,
            "pods": {
                "primary": {"pods": 1, "cpu_cores": 0.85, "cpu_us_per_txn": 812.5, "memory_mib": 611.0},
                "proxy": {"pods": 1, "cpu_cores": 0.2, "cpu_us_per_txn": 190.25, "memory_mib": 48.0},
            },
            "generator_late_p99_ms": 1.5,
            "server": {"fsyncs": 812.0, "row_lock_waits": 3.5},
        },
        "limits": [],
        "folder": None,
    }
    row |= changed  # type: ignore[typeddict-item]
    return row


STEPS = [
    *(
        step_row(concurrency, purpose="closed", offered_tps=0.0)
        for concurrency in (1.0, 2.0, 3.0, 6.0, 10.0, 18.0, 32.0)
    ),
    *(step_row(concurrency) for concurrency in (0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 18.0)),
    step_row(21.0, holds=False, limits=[{"what": "mysqld_cpu", "evidence": "0.97 of 1 core for 10 s"}]),
    step_row(90.0, stable=False),
]


def safe_run(*, offered_tps: float, holds: bool | None, words: str) -> SafeRun:
    return {
        "offered_tps": offered_tps,
        "holds": holds,
        "held_before": True,
        "words": words,
        "write_outage_ms": 6620.0,
        "folder": f"steps/kill-{offered_tps:.0f}",
    }


def bare(**changed: Any) -> Measured:
    """Without ``--lose``, ``--tax`` and ``--density``. changed: members that are otherwise."""
    measured: Measured = {
        "scenario": "capacity-group",
        "topology": "group",
        "pods": 3,
        "mesh": "envoy",
        "workload": "transfer",
        "slo": SLO,
        "seed": 7,
        "settings": {"name": "capacity-group", "topology": {"kind": "group", "pods": 3}, "seed": 7},
        "started_at": "2026-03-01T02:00:00Z",
        "took_s": 201.0,
        "command": ["meshbench", "capacity", "group", "--slo", "response_p99<=250ms"],
        "host": {"machine": "x86_64", "cores": 2, "memory_gib": 23.5, "kernel": "6.18.44"},
        "versions": {"commit": "0123abc", "dirty": False, "mysqld": "9.7.0"},
        "images": {"mysql": "sha256:12"},
        "verdict": "pass",
        "why": "the objective held up to a rate, and broke above it",
        "interrupted": False,
        "max_tps": 1043.5,
        "bracket": {"low_tps": 1043.5, "high_tps": 1081.25, "width": 0.035},
        "verify": {
            "below": {"offered_tps": 991.5, "holds": True, "words": ""},
            "above": {"offered_tps": 1200.0, "holds": False, "words": "response_p99 412 ms"},
        },
        "limit": {"what": "mysqld_cpu", "evidence": "the primary used 0.97 of 1 core"},
        "steps": STEPS,
        "n_minus_1": None,
        "mesh_tax": None,
        "container_tax": None,
        "density": None,
        "missing": {},
    }
    measured |= changed  # type: ignore[typeddict-item]
    return measured


def _interval(median: float, *, ends: bool = True) -> Interval:
    return {"median": median, "low": median * 0.97 if ends else None, "high": median * 1.03 if ends else None}


def mesh_cost(throughput: float, *, ratio: float) -> MeshCost:
    return {
        "rounds": 5,
        "throughput": throughput,
        "throughput_ratio": _interval(ratio),
        "fixed_tps": 400.0,
        "latency_added_ms": {"p50": _interval(0.82), "p99": _interval(2.6, ends=False)},
        "cpu_us_per_txn": 1530.0,
        "cpu_us_per_txn_ratio": _interval(1.21),
        "mib": 48.0,
        "pods": {"proxy": {"cpu_us_per_txn": 190.0, "memory_mib": 48.0}},
        "absent": "",
    }


def full(**changed: Any) -> Measured:
    """With everything that can be asked for."""
    safe = safe_run(offered_tps=870.0, holds=True, words="outside of 6.6 s of outage p99 was 180 ms")
    at_90_percent = safe_run(offered_tps=939.0, holds=False, words="p99 after the failover was 431 ms")
    absent = mesh_cost(0, ratio=0) | {"absent": "mtls: its certificates could not be made", "throughput": None}
    return bare(
        steps=[
            *STEPS,
            *(step_row(at, setting="n_minus_1", achieved_tps=law_tps(at) * 0.9) for at in (1.0, 4.0, 16.0)),
            step_row(3.0, setting="haproxy", purpose="tax", offered_tps=0.0, holds=False),
        ],
        n_minus_1={
            "max_tps": 930.0,
            "bracket": {"low_tps": 930.0, "high_tps": 968.0, "width": 0.039},
            "limit": {"what": "fsync", "evidence": "812 fsyncs a second, 1.1 ms each"},
            "ratio": 0.8912,
            "safe_tps": 870.0,
            "safe_verified": safe,
            "safe_broke_tps": 939.0,
            "at_90_percent": at_90_percent,
            "tried": [at_90_percent, safe],
            "headroom": 0.1663,
            "rejoining": {"max_tps": 610.0, "ratio": 0.5846, "how": "distributed recovery", "words": ""},
            "reads": {
                "max_tps": 4200.0,
                "n_minus_1_max_tps": 2900.0,
                "ratio": 0.69,
                "words": "Measured by reads alone.",
            },
            "words": "930/s held, 968/s did not",
        },
        mesh_tax={"direct": mesh_cost(1260.0, ratio=1.0), "envoy": mesh_cost(1042.0, ratio=0.827), "mtls": absent},
        container_tax={
            "rounds": 5,
            "container": {"throughput": 1260.0, "response_ms": _times(4.0), "cpu_us_per_txn": 820.0},
            "bare": {"throughput": 1301.0, "response_ms": _times(3.9), "cpu_us_per_txn": 801.0},
            "throughput_ratio": _interval(0.969),
            "latency_added_ms": {"p50": _interval(0.1), "p99": _interval(0.4)},
            "words": "",
        },
        density=[
            {
                "topology": "group",
                "mesh": "envoy",
                "pods": {
                    "primary": {
                        "pods": 1,
                        "idle_cpu_cores": 0.021,
                        "idle_memory_mib": 590.0,
                        "cpu_cores_per_100_tps": 0.081,
                        "memory_mib_per_100_tps": 3.4,
                    }
                },
                "idle_mib": 1893.0,
                "idle_cpu_cores": 0.11,
                "clusters_per_gib": 0.541,
                "clusters_per_core": 9.09,
                "systems": [
                    {"systems": 1, "tps_each": 100.0, "holds": True, "words": "p99 22 ms"},
                    {"systems": 4, "tps_each": 100.0, "holds": False, "words": "p99 312 ms"},
                ],
                "systems_max": 3,
                "words": "",
            }
        ],
        **changed,
    )


def _times(p50_ms: float) -> dict[str, float]:
    return {"p50": p50_ms, "p95": 2 * p50_ms, "p99": 3 * p50_ms, "p999": 4 * p50_ms}


def none_met() -> Measured:
    return bare(
        verdict="fail",
        why="no rate holds response_p99<=1ms: at 5/s p99 was 18 ms",
        max_tps=None,
        bracket=None,
        verify={"below": None, "above": None},
        limit=None,
        steps=[step_row(0.5, holds=False), step_row(1.0, holds=False)],
        slo=["response_p99<=1ms"],
    )


def generator_limited() -> Measured:
    return bare(
        verdict="void",
        why="the load generator was the limit at 1043/s; raise `workers`",
        limit={"what": "generator", "evidence": "operations were sent 81 ms late (p99)"},
        verify={"below": None, "above": None},
    )


def interrupted() -> Measured:
    """Ended by Ctrl-C in the ramp."""
    return bare(
        verdict="void",
        why="interrupted after 2 steps",
        interrupted=True,
        max_tps=None,
        bracket=None,
        verify={"below": None, "above": None},
        limit=None,
        steps=STEPS[:2],
        missing={"mesh_tax": "interrupted before it"},
    )


def nothing_yet() -> Measured:
    return interrupted() | {"steps": []}


KINDS = {
    "full": full,
    "bare": bare,
    "none met": none_met,
    "generator": generator_limited,
    "interrupted": interrupted,
    "nothing yet": nothing_yet,
}
