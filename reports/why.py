"""The plain words under the verdict: what failed, why the trial is void, or what a pass rests on. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.history import History
from checks.judge import Judgement
from checks.operations import column_ns, refused
from checks.verdict import Verdict
from reports.numbers import fell_behind
from reports.units import count, duration, facts, scalars

_OUTAGES_TOLD = 3
_REASONS_TOLD = 2


def why(judgement: Judgement, history: History) -> str:
    """One or a few sentences, never empty."""
    void = "; ".join(judgement.void_reasons)
    if judgement.verdict == "void":
        return f"The trial proves nothing: {void}."
    checks = {check.name: check for check in judgement.checks}
    if judgement.verdict == "fail":
        failed = [_failed(name, checks.get(name)) for name in judgement.failed]
        told = [*failed, *_outages(checks, history)]
        return " ".join([*told, f"The trial would be void in any case: {void}."] if void else told)
    passed = [check.name for check in judgement.checks if check.verdict == "pass"]
    undecided = [check.name for check in judgement.checks if check.verdict == "unknown"]
    sentences = [*_headline(checks, history), f"Every decided check held: {', '.join(passed)}."]
    sentences += [f"Not decided and not required: {', '.join(undecided)}."] if undecided else []
    return " ".join(sentences)


def _headline(checks: Mapping[str, Verdict], history: History) -> list[str]:
    """What a pass means in numbers, as far as its checks measured them."""
    measured = {name: check.measured for name, check in checks.items()}
    lost, acked = (measured.get("durability", {}).get(name) for name in ("lost", "acked"))
    outage_ms = measured.get("availability", {}).get("write_outage_ms")
    sentences = [] if lost is None else [f"{count(lost)} of {count(acked)} acknowledged writes were lost."]
    outages = _outages(checks, history)
    if outage_ms is not None and not outages:
        outages = [f"The longest write outage was {duration(outage_ms)}."]
    unknown = [measured.get("durability", {}).get(f"unknown_{fate}") for fate in ("present", "absent")]
    if any(unknown):
        total, present = count(sum(filter(None, unknown))), count(unknown[0])
        sentences.append(f"Of {total} writes of unknown outcome {present} took effect.")
    behind_ms = measured.get("latency", {}).get("behind_ms")
    if fell_behind(behind_ms):
        outages.append(
            f"The system did not keep up: when the load ended it was {duration(behind_ms)} behind, so response times "
            "tell how long the load lasted, not how fast the system is."
        )
    return [*sentences, *outages, *_what_did_not_succeed(history), *_task_errors(history)]


def _what_did_not_succeed(history: History) -> list[str]:
    """How many operations had no success, and of what they died, where it is more than one in a hundred."""
    tried = history.ops
    ok = tried["outcome"] == "ok"
    asked = tried["key"].nunique()
    bad = tried[~ok & ~refused(tried) & ~tried["key"].isin(tried["key"][ok])]
    failed = bad["key"].nunique()
    if failed <= asked // 100:
        return []
    reasons = bad.drop_duplicates("key", keep="last")["error"].fillna("no reason given").value_counts()
    told = [f"{reason:.100} ({count(number)})" for reason, number in reasons.head(_REASONS_TOLD).items()]
    more = f", and {len(reasons) - len(told)} other reasons" if len(reasons) > len(told) else ""
    return [f"{count(failed)} of {count(asked)} operations did not succeed: {', '.join(told)}{more}."]


def _task_errors(history: History) -> list[str]:
    load = history.manifest.get("load") or {}
    if not load.get("task_errors"):
        return []
    return [f"Tasks of the locustfile raised {count(load['task_errors'])} exceptions, the first: {load['task_error']}."]


def _outages(checks: Mapping[str, Verdict], history: History) -> list[str]:
    """When writes were not possible, or hardly; nothing if they always were but for moments."""
    measured = checks["availability"].measured if "availability" in checks else {}
    kinds = (
        ("outages", "Writes were unavailable for"),
        ("slow", "Fewer than half of the writes wanted were acknowledged for"),
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
    """Which pods were on their way back for most of a stretch."""
    middle_ns = (outage["start_ns"] + outage["end_ns"]) // 2
    back = [
        fault.pod
        for fault in history.faults
        if fault.pod and fault.healed_ns is not None and fault.healed_ns <= middle_ns
        if fault.clean_ns is None or middle_ns <= fault.clean_ns
    ]
    return f", while {', '.join(back)} came back" if back else ""


def _failed(name: str, check: Verdict | None) -> str:
    if check is None:
        return f"{name} is required, but there is no such check."
    numbers = {key: value for key, value in scalars(check.measured).items() if value != 0}
    if check.verdict == "unknown":
        return f"{name} is required, but could not be decided: {facts(numbers)}."
    first = check.witness[0] if check.witness else {}
    if not numbers:
        return f"{name} failed: {facts(first)}."
    what = f"{first['what']}; " if "what" in first else ""
    return f"{name} failed: {what}{facts(numbers)}."
