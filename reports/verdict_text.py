"""The words under the verdict: what happened to money, then to service, then what to look at. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from checks.evidence.causes import NOTHING
from checks.evidence.operations import column_ns
from checks.evidence.unseen import unseen
from checks.judge import Judgement
from checks.recovery.waterfall import waterfalls
from checks.registry import SAFETY
from checks.verdict import Verdict
from history.faults import FaultRecord
from history.history import History
from reports.key_numbers import fell_behind
from reports.text.errors import what_did_not_succeed
from reports.text.findings import finding
from reports.text.locustfile import sentences
from reports.text.server_words import fallback_words, fell_back, refusals, server_words
from reports.text.units import count, duration, listed

_OUTAGES_TOLD = 3

#: Where a reader finds more about a check that failed: a part of the page, and what stands there.
_PLACES = {
    "durability": "Witnesses of durability (which writes, acknowledged by whom and when)",
    "replication": "Control plane decisions, and Witnesses of replication",
    "availability": "Recovery waterfall (which step took the time), and Errors by kind",
    "latency": "Over time, and Latency by phase",
    "convergence": "Witnesses of convergence, and the logs of the nodes named there",
}


class Headline(NamedTuple):
    """Three lines, none empty: what happened to money, what happened to service, and what to look at."""

    money: str
    service: str
    look_at: str

    @property
    def text(self) -> str:
        return " ".join(self)


def headline(judgement: Judgement, history: History) -> Headline:
    """The first words of every verdict."""
    checks = {check.name: check for check in judgement.checks}
    return Headline(
        money=" ".join([*_money(checks), *_promise_not_held(history)]),
        service=" ".join(_service(checks, history)),
        look_at=" ".join(_look_at(judgement, checks, history)),
    )


def _money(checks: Mapping[str, Verdict]) -> list[str]:
    durability = checks.get("durability")
    failed = [check for check in checks.values() if check.verdict == "fail" and check.name in SAFETY]
    told = [_sentence(finding(check)) for check in failed]
    if durability is None or durability.verdict == "unknown":
        reason = durability.measured.get("reason") if durability else "the durability check did not run"
        return [*told, f"Whether money was lost is not known: {reason}."]
    if durability.verdict == "pass":
        told.append(finding(durability))
    unknown = [durability.measured.get(f"unknown_{fate}") or 0 for fate in ("present", "absent")]
    if any(unknown):
        told.append(_resolved(*unknown))
    return told


def _resolved(present: int, absent: int) -> str:
    """What became of the writes whose outcome the clients never learned."""
    if present + absent == 1:
        return f"The one write of unknown outcome {'took' if present else 'did not take'} effect."
    return f"Of {count(present + absent)} writes of unknown outcome {count(present)} took effect."


def _sentence(text: str) -> str:
    """With a capital, unless it begins with the name of a check."""
    return text[:1].upper() + text[1:]


def _service(checks: Mapping[str, Verdict], history: History) -> list[str]:
    availability, latency = checks.get("availability"), checks.get("latency")
    if availability is None or "write_outage_ms" not in availability.measured:
        reason = availability.measured.get("reason") if availability else "the availability check did not run"
        return [f"What happened to service is not known: {reason}.", *sentences(history)]
    outages = _outages(checks, history)
    told = outages or [f"The longest write outage was {duration(availability.measured['write_outage_ms'])}."]
    behind_ms = latency.measured.get("behind_ms") if latency else None
    if fell_behind(behind_ms):
        told.append(
            f"The system did not keep up: when the load ended it was {duration(behind_ms)} behind, so response times "
            "tell how long the load lasted, not how fast the system is."
        )
    told += [_took_itself(fault) for fault in history.faults if fault.took_ms is not None]
    failed = [finding(check) for check in (availability, latency) if check is not None and check.verdict == "fail"]
    unavailable = availability.verdict == "fail"
    errors = what_did_not_succeed(history, all_told=unavailable)
    errors += [f"MySQL says why: {why}." for why in refusals(history)] if errors else []
    # Where service failed, its cause comes first: all the rest follows from it.
    told = [*errors, *failed, *told] if unavailable else [*told, *failed, *errors]
    return [*told, *sentences(history)]


def _took_itself(fault: FaultRecord) -> str:
    """A change's own time, beside the outage that clients saw of it."""
    return f"The {fault.fault} of {fault.whom} itself took {duration(fault.took_ms)}."


def _promise_not_held(history: History) -> list[str]:
    """That commits were acknowledged with less than the topology promises, by MySQL's own words."""
    return [f"{_sentence(fallback_words(one, history))}." for one in fell_back(history)]


def _look_at(judgement: Judgement, checks: Mapping[str, Verdict], history: History) -> list[str]:
    void = "; ".join(judgement.void_reasons)
    told = [f"Gate {key} fails: this run has no measurement for it." for key in judgement.undecided]
    told += [_undecided(name, checks.get(name)) for name in judgement.failed if _is_undecided(checks.get(name))]
    places = [_PLACES.get(name, f"Witnesses of {name}") for name in judgement.failed if name in checks]
    told += [f"Evidence is missing: {words}." for words in unseen(history) if words not in void]
    if judgement.verdict == "void":
        return [*told, f"The trial proves nothing: {void}. What to do: fix that, and run it again."]
    told += _made_to_fail(judgement, history)
    if judgement.verdict == "fail":
        places += ["MySQL's own log messages, below Over time"] if server_words(history)["said"] else []
        told += [f"What to look at: {'; '.join(places)}."] if places else []
        return [*told, f"The trial would be void in any case: {void}."] if void else told
    passed = [check.name for check in judgement.checks if check.verdict == "pass"]
    undecided = [check.name for check in judgement.checks if check.verdict == "unknown"]
    told += [f"Every decided check held: {', '.join(passed)}."]
    told += [f"Not decided and not required: {', '.join(undecided)}."] if undecided else []
    recovery = any(step.at_ns is not None for steps in waterfalls(history) for step in steps[1:])
    where = "Recovery waterfall shows where the time went" if recovery else "Over time shows the whole load"
    return [*told, f"What to look at: {where}."]


def _made_to_fail(judgement: Judgement, history: History) -> list[str]:
    """Whether a scenario that must fail did so, and by the expected checks."""
    expect = history.run.scenario.expect
    if expect.verdict != "fail":
        return []
    finders = [str(name) for name in expect.checks] if isinstance(expect.checks, list) else []
    did = judgement.verdict == "fail" and set(finders) <= set(judgement.failed)
    by = f" by {listed(finders)}" if finders else ""
    return [f"This scenario is meant to fail{by}, and it did{'' if did else ' not'}."]


def _is_undecided(check: Verdict | None) -> bool:
    return check is None or check.verdict == "unknown"


def _undecided(name: str, check: Verdict | None) -> str:
    if check is None:
        return f"{name} is required, but there is no such check."
    return f"{name} is required, but could not be decided: {check.measured.get('reason') or 'no reason given'}."


def _outages(checks: Mapping[str, Verdict], history: History) -> list[str]:
    """When writes were not possible, or hardly; nothing if they always were, short moments aside."""
    measured = checks["availability"].measured if "availability" in checks else {}
    kinds = (
        ("outages", "Writes were unavailable for"),
        ("slow", "Fewer than half of the wanted writes were acknowledged for"),
    )
    return [
        f"{what} {_stretches(found, history)}."
        for name, what in kinds
        if (found := sorted(measured.get(name, []), key=lambda one: int(one["start_ns"])))
    ]


def _stretches(found: list[dict[str, Any]], history: History) -> str:
    zero_ns = int(column_ns(history.ops, "intended_ns").min())
    told = []
    for one in found[:_OUTAGES_TOLD]:
        begin, end = (duration((one[name] - zero_ns) / 1e6) for name in ("start_ns", "end_ns"))
        lasted = duration((one["end_ns"] - one["start_ns"]) / 1e6)
        told.append(f"{lasted} (from {begin} to {end} of the load{_meanwhile(one, history)})")
    more = f", and {len(found) - _OUTAGES_TOLD} times more" if len(found) > _OUTAGES_TOLD else ""
    return f"{', and again for '.join(told)}{more}"


def _meanwhile(outage: Mapping[str, Any], history: History) -> str:
    """What was under way for most of a stretch: its cause, where the check named one; else which pods came back."""
    if "cause" in outage:
        return "" if outage["cause"] == NOTHING else f", while {outage['cause']}"
    middle_ns = (outage["start_ns"] + outage["end_ns"]) // 2
    back = [
        ", ".join(fault.pods)
        for fault in history.faults
        if fault.pods and fault.healed_ns is not None and fault.healed_ns <= middle_ns
        if fault.clean_ns is None or middle_ns <= fault.clean_ns
    ]
    return f", while {', '.join(back)} came back" if back else ""
