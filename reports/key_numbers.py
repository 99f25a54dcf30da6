"""The headline numbers of a summary, in the shapes that several pages share. Picks and words; computes nothing."""

from __future__ import annotations

from typing import Any, NamedTuple

from reports.summary_types import PHASES, TIMES, GateRow, Latency, Load, Phase, Quantile, Rpo, Summary
from reports.text.units import count, duration, measured, money

#: Columns of every latency table, in order, and their headings.
PERCENTILES: dict[Quantile, str] = {"p50": "50%", "p90": "90%", "p99": "99%", "p999": "99.9%", "max": "max"}


#: A system that is so far behind when the load ends has not kept up with it.
BEHIND_MS = 1000


class KeyNumber(NamedTuple):
    """One headline: what it is, its value in words, and what to know beside it (may be empty)."""

    label: str
    value: str
    note: str


class LatencyRow(NamedTuple):
    """One line of the latency table: phase (``all``: the whole run), ``response`` or ``service``, percentiles in ms."""

    phase: str
    kind: str
    numbers: Latency


def headline_lines(summary: Summary) -> list[str]:
    """What happened to money, then to service, then what to look at."""
    lines = summary["headline"]
    return [lines["money"], lines["service"], lines["look_at"]]


def key_numbers(summary: Summary) -> list[KeyNumber]:
    rpo, load = summary["rpo"], summary["load"]
    loop = str(summary["load_model"].get("loop", ""))
    numbers = [
        KeyNumber("write outage", duration(summary["write_outage_ms"]), _outage_note(summary)),
        *_changes(summary),
        *_service(summary),
        KeyNumber("acknowledged writes", count(rpo["acked"]), ""),
        KeyNumber("lost", count(rpo["lost"]), _lost_note(rpo)),
        KeyNumber("duplicated / torn", f"{count(rpo['duplicated'])} / {count(rpo['torn'])}", ""),
        KeyNumber(
            "unknown, resolved",
            f"{count(rpo['unknown_present'])} / {count(rpo['unknown_absent'])}",
            "took effect / did not",
        ),
        KeyNumber(
            "load, achieved of offered",
            f"{count(load['achieved_tps'])} of {count(load['offered_tps'])}/s",
            "; ".join(filter(None, (loop, *_load_notes(load)))),
        ),
        KeyNumber("client CPU per transaction", _cpu(load), f"connections opened: {count(load['connections_opened'])}"),
    ]
    return numbers + [
        KeyNumber(f"response p99 {name}", duration(phase["response_ms"]["p99"]), "acknowledged only")
        for name in PHASES
        if (phase := summary["phases"][name])
    ]


def _changes(summary: Summary) -> list[KeyNumber]:
    """How long each planned change itself took, beside the outage that clients saw of it."""
    return [
        KeyNumber(f"{one['name']} itself", duration(one["took_ms"]), "from the request until it was done")
        for one in summary["faults"]
        if one["took_ms"] is not None
    ]


def _service(summary: Summary) -> list[KeyNumber]:
    """What else may be wrong with a service; nothing about reads where there were none."""
    numbers = [
        ("brown-out", summary["brownout_ms"], "longest time with less than half of the wanted writes acknowledged"),
        ("read outage", summary["read_outage_ms"], "longest time without an answered read"),
    ]
    return [KeyNumber(name, duration(value), note) for name, value, note in numbers if value is not None]


def _lost_note(rpo: Rpo) -> str:
    return "" if rpo["lost_amount"] is None else f"money lost: {money(rpo['lost_amount'])}"


def fell_behind(behind_ms: float | None) -> bool:
    """Whether the system did not keep up with what was offered."""
    return behind_ms is not None and behind_ms >= BEHIND_MS


def _load_notes(load: Load) -> list[str]:
    refused = [f"{count(load['refused'])} rejected by a business rule"] if load["refused"] else []
    return refused + ([f"{duration(load['behind_ms'])} behind at the end"] if fell_behind(load["behind_ms"]) else [])


def _cpu(load: Load) -> str:
    spent_us = load["client_cpu_us_per_txn"]
    return duration(None if spent_us is None else spent_us / 1000)


def _outage_note(summary: Summary) -> str:
    longest, total = summary["write_outage_ms"], summary["write_unavailable_ms"]
    note = "longest time without an acknowledged write"
    return f"{note}; outages over 1 s together: {duration(total)}" if total and total > (longest or 0) else note


class GateWords(NamedTuple):
    """One line of the gates table in words; ``verdict`` is pass, fail, void or unknown."""

    name: str
    expected: str
    measured: str
    verdict: str


def gate_words(summary: Summary) -> list[GateWords]:
    return [
        GateWords(
            gate["name"],
            f"{gate['limit']} {_expected(gate)}".strip(),
            measured(gate["measured"], gate["name"]),
            gate["verdict"],
        )
        for gate in summary["gates"]
    ]


def _expected(gate: GateRow) -> str:
    """``30 s``, or for a multiple what it came to: ``3x of before = 45 ms``."""
    came_to = measured(gate["expected"], gate["name"])
    came_to += " (default)" if gate.get("default") else ""
    return f"{gate['multiple']} of before = {came_to}" if gate.get("multiple") else came_to


def latency_rows(summary: Summary) -> list[LatencyRow]:
    """Response and service time of the run and of each phase that has any, then the generator's lateness."""
    rows = []
    phases: dict[str, Load | Phase | None] = {"all": summary["load"]}
    phases |= {name: summary["phases"][name] for name in PHASES}
    for phase, latency in phases.items():
        for kind, key in TIMES.items():
            if latency and (numbers := latency[key]):
                rows.append(LatencyRow(phase, kind, numbers))
    if summary["load"]["lateness_ms"]:
        rows.append(LatencyRow("all", "lateness of the generator", summary["load"]["lateness_ms"]))
    return rows


def flat_numbers(summary: Summary) -> dict[str, int | float | None]:
    """Number by dotted name, units last: ``write_outage_ms``, ``rpo.lost``, ``phases.after.response_ms.p99``."""
    found: dict[str, int | float | None] = {
        name: summary[name]
        for name in (
            "write_outage_ms",
            "write_unavailable_ms",
            "read_outage_ms",
            "brownout_ms",
            "success_ratio",
            "boot_s",
        )
    }
    for part in ("rpo", "load", "phases"):
        _flatten(part, summary[part], found)
    return found


def _flatten(prefix: str, value: Any, into: dict[str, int | float | None]) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(f"{prefix}.{key}", inner, into)
    elif value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        into[prefix] = value
