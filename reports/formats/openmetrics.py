"""``metrics.prom``: the numbers of one run as OpenMetrics text, to push to or be scraped by whatever keeps trends.

Base units (seconds, as the format asks), one gauge a number, labels for scenario, mesh, topology and proxy so that runs
of a matrix stand beside each other. A number that is not known has no sample.
Format: https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reports.summary_types import PHASES, TIMES, Latency, Load, Phase, Quantile, Summary
from reports.text.visible import visible

_QUANTILES: dict[Quantile, str] = {"p50": "0.5", "p90": "0.9", "p99": "0.99", "p999": "0.999", "max": "1"}

Labels = dict[str, str]
Samples = Sequence[tuple[Labels, float | None]]


class _Metric(NamedTuple):
    name: str
    help: str
    unit: str
    samples: Samples


def openmetrics(summary: Summary) -> str:
    """The exposition, ending with ``# EOF``."""
    common = {
        "scenario": summary["scenario"] or "",
        "mesh": str((summary.get("mesh") or {}).get("mode") or ""),
        "topology": str((summary.get("topology") or {}).get("kind") or ""),
        "proxy": str((summary.get("mesh") or {}).get("proxy") or ""),
    }
    lines = []
    for metric in _metrics(summary):
        known = [(labels, value) for labels, value in metric.samples if value is not None and math.isfinite(value)]
        if not known:
            continue
        lines += [f"# TYPE {metric.name} gauge"]
        lines += [f"# UNIT {metric.name} {metric.unit}"] if metric.unit else []
        lines += [f"# HELP {metric.name} {metric.help}"]
        lines += [f"{metric.name}{{{_labels({**common, **labels})}}} {float(value)!r}" for labels, value in known]
    return "\n".join([*lines, "# EOF", ""])


def _metrics(summary: Summary) -> Iterator[_Metric]:
    load, rpo = summary["load"], summary["rpo"]
    verdicts = [({"verdict": name}, float(summary["verdict"] == name)) for name in ("pass", "fail", "void")]
    yield _Metric("meshbench_verdict", "1 for the verdict of the run.", "", verdicts)
    passed: Samples = [
        ({"check": check["name"]}, {"pass": 1.0, "fail": 0.0}.get(check["verdict"])) for check in summary["checks"]
    ]
    yield _Metric("meshbench_check_passed", "1 where a check passed, 0 where it failed.", "", passed)
    outage: Samples = [({}, _seconds(summary["write_outage_ms"]))]
    yield _Metric("meshbench_write_outage_seconds", "Longest time without an acknowledged write.", "seconds", outage)
    total: Samples = [({}, _seconds(summary["write_unavailable_ms"]))]
    yield _Metric("meshbench_write_unavailable_seconds", "All write outages over 1 s together.", "seconds", total)
    reads: Samples = [({}, _seconds(summary["read_outage_ms"]))]
    yield _Metric("meshbench_read_outage_seconds", "Longest time without an answered read.", "seconds", reads)
    dim: Samples = [({}, _seconds(summary["brownout_ms"]))]
    less = "Longest time with less than half of the wanted writes acknowledged."
    yield _Metric("meshbench_brownout_seconds", less, "seconds", dim)
    ratio: Samples = [({}, summary["success_ratio"])]
    yield _Metric("meshbench_success_ratio", "Share of the wanted writes that were acknowledged.", "", ratio)
    behind: Samples = [({}, _seconds(load["behind_ms"]))]
    yield _Metric("meshbench_behind_seconds", "How far behind the system was when the load ended.", "seconds", behind)
    measured = {check["name"]: check["measured"] for check in summary["checks"]}
    found = measured.get("replication", {})
    changes: Samples = [({"kind": kind}, found.get(f"{kind}s")) for kind in ("failover", "switchover")]
    yield _Metric("meshbench_primary_changes", "How often another node became the primary.", "", changes)
    reachable: Samples = [({}, _seconds(found.get("two_primaries_reachable_ms")))]
    yield _Metric("meshbench_two_primaries_seconds", "Time with two reachable primaries.", "seconds", reachable)
    errant: Samples = [({"pod": one["pod"]}, one["count"]) for one in summary["quarantined"]]
    yield _Metric("meshbench_errant_transactions", "Transactions only a quarantined node has.", "", errant)
    transfers: Samples = [
        ({"fate": fate}, rpo[fate])
        for fate in ("acked", "lost", "duplicated", "torn", "unknown_present", "unknown_absent")
    ]
    yield _Metric("meshbench_transfers", "Transfers by what became of them.", "", transfers)
    lost: Samples = [({}, rpo["lost_amount"])]
    yield _Metric("meshbench_lost_amount", "Acknowledged money that is gone, in minor units.", "", lost)
    rates: Samples = [({"load": "offered"}, load["offered_tps"]), ({"load": "achieved"}, load["achieved_tps"])]
    yield _Metric("meshbench_transactions_per_second", "Offered and achieved load.", "", rates)
    phases: dict[str, Load | Phase | None] = {"all": load, **{name: summary["phases"][name] for name in PHASES}}
    for kind, key in TIMES.items():
        samples = [
            ({"phase": phase, **labels}, value)
            for phase, numbers in phases.items()
            for labels, value in _quantiles(numbers[key] if numbers else None)
        ]
        yield _Metric(f"meshbench_{kind}_time_seconds", f"The {kind} time by quantile and phase.", "seconds", samples)
    lateness = list(_quantiles(load["lateness_ms"]))
    yield _Metric("meshbench_lateness_seconds", "How late the load generator sent.", "seconds", lateness)
    cpu_us = load["client_cpu_us_per_txn"]
    cpu: Samples = [({}, None if cpu_us is None else cpu_us / 1e6)]
    yield _Metric("meshbench_client_cpu_per_transaction_seconds", "Client CPU per transaction.", "seconds", cpu)
    yield _Metric("meshbench_boot_seconds", "Time until all nodes served.", "seconds", [({}, summary["boot_s"])])
    steps = [
        ({"fault": str(number), "step": step["step"]}, _seconds(step["since_ms"]))
        for number, fault in enumerate(summary["faults"])
        for step in fault["waterfall"]
    ]
    yield _Metric("meshbench_recovery_step_seconds", "Time from injection to a recovery step.", "seconds", steps)


def _quantiles(latency: Latency | None) -> Iterator[tuple[Labels, float | None]]:
    if latency is not None:
        for name, quantile in _QUANTILES.items():
            yield {"quantile": quantile}, _seconds(latency[name])


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _labels(labels: Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return visible(value, keep="\n").replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
