"""The plain words under the verdict: what failed, why the trial is void, or what a pass rests on. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

from checks.judge import Judgement
from checks.verdict import Verdict
from reports.units import count, duration, facts, scalars


def why(judgement: Judgement) -> str:
    """One or a few sentences, never empty."""
    void = "; ".join(judgement.void_reasons)
    if judgement.verdict == "void":
        return f"The trial proves nothing: {void}."
    checks = {check.name: check for check in judgement.checks}
    if judgement.verdict == "fail":
        failed = [_failed(name, checks.get(name)) for name in judgement.failed]
        return " ".join([*failed, f"The trial would be void in any case: {void}."] if void else failed)
    passed = [check.name for check in judgement.checks if check.verdict == "pass"]
    undecided = [check.name for check in judgement.checks if check.verdict == "unknown"]
    sentences = [*_headline(checks), f"Every decided check held: {', '.join(passed)}."]
    sentences += [f"Not decided and not required: {', '.join(undecided)}."] if undecided else []
    return " ".join(sentences)


def _headline(checks: Mapping[str, Verdict]) -> list[str]:
    """What a pass means in numbers, as far as its checks measured them."""
    measured = {name: check.measured for name, check in checks.items()}
    lost, acked = (measured.get("durability", {}).get(name) for name in ("lost", "acked"))
    outage_ms = measured.get("availability", {}).get("write_outage_ms")
    sentences = [] if lost is None else [f"{count(lost)} of {count(acked)} acknowledged transfers were lost."]
    return sentences if outage_ms is None else [*sentences, f"The longest write outage was {duration(outage_ms)}."]


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
