"""``summary.json``: verdict and numbers of one run, gathered from what the checks measured and the manifest recorded.

The contract is ``summary.schema.json``. Nothing is measured here and nothing is guessed: a number no check measured
and no manifest recorded is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from checks.evidence.unseen import unseen
from checks.judge import Judgement
from checks.recovery.waterfall import Step, waterfalls
from checks.verdict import Verdict
from history.faults import FaultRecord
from history.history import History
from history.load_account import LoadAccount
from history.manifest import PartOf
from reports.provenance import UNSEALED, Provenance, provenance_of
from reports.schema import SCHEMA_ID
from reports.summary_types import (
    CheckRow,
    FaultRow,
    Latency,
    Load,
    MysqlOption,
    PartOfRow,
    Phase,
    Rpo,
    Section,
    Summary,
)
from reports.text.decisions import decisions, set_aside
from reports.text.findings import finding
from reports.text.guarantees import promise_of
from reports.text.notes import notes
from reports.text.server_words import fallback_words, fell_back, server_words
from reports.text.units import duration
from reports.text.witnesses import witness_words
from reports.thresholds import gate_rows
from reports.verdict_text import headline


def summarise(history: History, judgement: Judgement, *, provenance: Provenance = UNSEALED) -> Summary:
    """The content of summary.json: JSON-serialisable, finite numbers or None, valid by the schema.

    provenance: whether the folder was as its run left it, and judged by the run's own gates.
    """
    manifest = history.manifest
    scenario = _part(manifest, "scenario")
    measured = {check.name: check.measured for check in judgement.checks}
    faults = [_fault(fault, steps) for fault, steps in zip(history.faults, waterfalls(history), strict=True)]
    gates = gate_rows(history.gates, judgement.checks, manifest)
    words = headline(judgement, history)
    summary: Summary = {
        "schema": SCHEMA_ID,
        "verdict": judgement.verdict,
        "why": words.text,
        "headline": {"money": words.money, "service": words.service, "look_at": words.look_at},
        **provenance_of(provenance, history.gates),
        "scenario": history.run.scenario.name,
        "teaches": scenario.get("teaches"),
        "shown": _shown(history, judgement),
        "seed": history.run.seed,
        "started_at": history.run.started_at,
        "command": None if history.run.command is None else list(history.run.command),
        "part_of": _part_of(history.run.part_of),
        "gates": gates,
        "checks": [_check(check, history) for check in judgement.checks],
        "faults": faults,
        "notes": notes(history),
        "decisions": decisions(history),
        "server_log": server_words(history),
        "quarantined": set_aside(history),
        "write_outage_ms": measured.get("availability", {}).get("write_outage_ms"),
        "write_unavailable_ms": measured.get("availability", {}).get("write_unavailable_ms"),
        "read_outage_ms": measured.get("availability", {}).get("read_outage_ms"),
        "brownout_ms": measured.get("availability", {}).get("brownout_ms"),
        "brownouts": measured.get("availability", {}).get("brownouts", []),
        "success_ratio": measured.get("availability", {}).get("success_ratio"),
        "rpo": _rpo(measured),
        "load": _load(measured, history.run.load, _part(_part(manifest, "load"), "lateness_ms")),
        "phases": {
            "before": _phase(measured, "before"),
            "during": _phase(measured, "during"),
            "after": _phase(measured, "after"),
        },
        "errors": measured.get("availability", {}).get("errors"),
        "boot_s": history.run.boot_s,
        "durations_s": _part(manifest, "durations_s"),
        "void_reasons": list(judgement.void_reasons),
        "unseen": unseen(history),
        "failed": list(judgement.failed),
        "undecided_gates": list(judgement.undecided),
        "workload": _part(scenario, "workload"),
        "topology": {key: value for key, value in _part(manifest, "topology").items() if key != "replication"},
        "promise": promise_of(history.run, broken=[fallback_words(one, history) for one in fell_back(history)]),
        "mesh": _part(manifest, "mesh"),
        "load_model": _part(manifest, "load_model"),
        "generator": _part(manifest, "load"),
        "versions": _part(manifest, "versions"),
        "images": _part(manifest, "images"),
        "host": _part(manifest, "host"),
        "mysql_config": _effective_config(scenario, manifest),
        "mysql_options": _options(manifest),
    }
    finite: Summary = _finite(summary)
    return finite


def _shown(history: History, judgement: Judgement) -> bool:
    """Whether the run came out as its scenario says, so that what it teaches may be said of this run."""
    expected = history.run.scenario.expect.verdict or "pass"
    return judgement.verdict == expected and not fell_back(history)


def _part_of(part_of: PartOf | None) -> PartOfRow | None:
    """The same as JSON has it."""
    return None if part_of is None else cast("PartOfRow", asdict(part_of))


def _part(of: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = of.get(name)
    return part if isinstance(part, dict) else {}


def _check(check: Verdict, history: History) -> CheckRow:
    """A verdict with what it found as a sentence, and its witnesses as sentences in the same order."""
    zero_ns = int(history.ops["intended_ns"].min()) if len(history.ops) else 0
    words = witness_words(check, lambda at_ns: f"{duration((at_ns - zero_ns) / 1e6)} into the load")
    return {
        "name": check.name,
        "verdict": check.verdict,
        "expected": check.expected,
        "measured": check.measured,
        "witness": check.witness,
        "finding": finding(check),
        "sentences": words,
    }


def _fault(fault: FaultRecord, steps: Sequence[Step]) -> FaultRow:
    return {
        "name": fault.fault,
        "operation": fault.is_change,
        "target": fault.target,
        "pod": ", ".join(fault.pods) or None,
        "kind": "change" if fault.is_change else "fault",
        "hits": fault.hits,
        "peer": fault.peer,
        "isolates_from": None if fault.isolates_from is None else list(fault.isolates_from),
        "after": fault.after,
        "heal_after_s": fault.heal_after_s,
        "for_good": fault.for_good,
        "parameters": fault.parameters,
        "planned_ns": fault.planned_ns,
        "injected_ns": fault.injected_ns,
        "late_ms": fault.late_ms,
        "took_ms": fault.took_ms,
        "bitten": fault.bitten,
        "bitten_evidence": fault.bitten_evidence,
        "healed_ns": fault.healed_ns,
        "clean": fault.clean,
        "clean_ns": fault.clean_ns,
        "clean_evidence": fault.clean_evidence,
        "waterfall": [
            {
                "step": step.step,
                "at_ns": step.at_ns,
                "since_ms": step.since_ms,
                "source": step.source,
                "note": step.note,
            }
            for step in steps
        ],
    }


def _rpo(measured: Mapping[str, dict[str, Any]]) -> Rpo:
    durability = measured.get("durability", {})
    return {
        "acked": durability.get("acked"),
        "lost": durability.get("lost"),
        "lost_amount": durability.get("lost_amount"),
        "unknown_present": durability.get("unknown_present"),
        "unknown_absent": durability.get("unknown_absent"),
        "duplicated": measured.get("duplicates", {}).get("duplicated"),
        "torn": measured.get("torn", {}).get("torn"),
    }


def _load(measured: Mapping[str, dict[str, Any]], generator: LoadAccount, lateness: Section) -> Load:
    whole = measured.get("latency", {}).get("whole", {})
    # An arrival that overflowed was never sent, so it cost no transaction.
    sent = None if generator.offered is None else generator.offered - (generator.overflow or 0)
    return {
        "offered_tps": whole.get("offered_tps"),
        "achieved_tps": whole.get("achieved_tps"),
        "refused": whole.get("refused"),
        "response_ms": whole.get("response_ms"),
        "service_ms": whole.get("service_ms"),
        "behind_ms": measured.get("latency", {}).get("behind_ms"),
        "lateness_ms": _lateness(lateness),
        "client_cpu_us_per_txn": generator.cpu_s * 1e6 / sent if generator.cpu_s is not None and sent else None,
        "connections_opened": generator.connections_opened,
    }


def _lateness(told: Section) -> Latency | None:
    if not told:
        return None
    return {
        "p50": told.get("p50"),
        "p90": told.get("p90"),
        "p99": told.get("p99"),
        "p999": told.get("p999"),
        "max": told.get("max"),
    }


def _phase(measured: Mapping[str, dict[str, Any]], phase: str) -> Phase | None:
    """The figures of one phase, None where no operation fell into it."""
    figures: Phase | None = measured.get("latency", {}).get(phase)
    return figures if figures and (figures["ops"] or figures["offered_tps"]) else None


def _options(manifest: Mapping[str, Any]) -> list[MysqlOption]:
    """Every mysqld option that was asked for, with what came of it; empty in a folder that does not say."""
    rows = manifest.get("options")
    usable = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [
        {
            "option": str(row.get("option", "")),
            "from": str(row.get("from", "")),
            "asked": str(row.get("asked", "")),
            "note": str(row.get("note", "")),
            "effective": {pod: str(value) for pod, value in _part(row, "effective").items()},
        }
        for row in usable
    ]


def _effective_config(scenario: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What the user set in mysql.config and my_cnf as the pods report it: option -> pod -> effective value."""
    if rows := _options(manifest):
        return {row["option"]: row["effective"] or row["note"] for row in rows}
    variables = _part(manifest, "variables")
    config = _part(_part(scenario, "mysql"), "config")
    spelt = {name: name.replace("-", "_") for name in config}
    return {name: {pod: _part(variables, pod).get(spelt[name]) for pod in variables} or config[name] for name in config}


def _finite(value: Any) -> Any:
    """The same without NaN and infinities, which JSON cannot carry: a number that is none is not known."""
    if isinstance(value, dict):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
