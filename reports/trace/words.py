"""A trace in words: what the terminal prints and the page shows, a line a fact, in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from history.faults import FaultRecord
from reports.text.units import duration, listed, money
from reports.trace.trace import AtEnd, Attempt, Ending, Failover, Trace

_ENDINGS: dict[Ending, str] = {
    "stored": "stored: acknowledged, and on every node in service",
    "lost": "LOST: acknowledged, and missing at the end",
    "took effect": "its outcome was unknown to the client; it took effect",
    "took no effect": "its outcome was unknown to the client; it took no effect",
    "refused or failed": "it failed, and is on no node in service, as the client was told",
    "not as told": "NOT AS TOLD: the client was told that it failed, and it is there",
    "read": "a read: it leaves nothing behind",
    "not known": "where it is at the end is not known",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """when: since the load began, such as ``9.812 s``; empty where it has no moment of its own."""

    when: str
    words: str


def headline(trace: Trace) -> str:
    """What became of it, and where it is missing."""
    words = _ENDINGS[trace.ending]
    if trace.ending == "lost":
        words += f" on {listed(one.node for one in trace.at_end if one.serves and not _has(one))}"
        if aside := [one.node for one in trace.at_end if not one.serves and one.holds]:
            words += f"; only {listed(aside)}, out of service, has it"
    return f"{words}: {trace.unknown}" if trace.unknown else words


def what(trace: Trace) -> str:
    """What was asked for."""
    value: Any = trace.value
    by = f", by {trace.load_pod}" if trace.load_pod else ""
    if isinstance(value, dict) and {"src", "dst", "amount"} <= value.keys() and isinstance(value["amount"], int):
        return f"{trace.f} of {money(value['amount'])} from account {value['src']} to {value['dst']}{by}"
    return f"{trace.f} {value}{by}"


def lines(trace: Trace) -> list[Line]:
    """The story in order of time, and where it is at the end."""
    when = _Clock(trace.zero_ns)
    story = [(trace.due_ns, "it was due")]
    for attempt in trace.attempts:
        story += [(attempt.sent_ns, _sent(trace, attempt)), (attempt.ended_ns, _answered(trace, attempt))]
    story += [(one.injected_ns or 0, _fault(one, when)) for one in trace.faults]
    story += [(one.began_ns, _failover(one, when)) for one in trace.failovers]
    if trace.next_failover is not None:
        story.append((trace.next_failover.began_ns, f"{_failover(trace.next_failover, when)}; the next after it"))
    told = [Line(when=when.at(at_ns), words=words) for at_ns, words in sorted(story, key=lambda one: one[0])]
    return [*told, *(Line(when="at the end", words=_at_end(one)) for one in trace.at_end)]


class _Clock:
    def __init__(self, zero_ns: int) -> None:
        self._zero_ns = zero_ns

    def at(self, at_ns: int | None) -> str:
        return "" if at_ns is None else f"{(at_ns - self._zero_ns) / 1e9:.3f} s"


def _sent(trace: Trace, attempt: Attempt) -> str:
    late = duration((attempt.sent_ns - trace.due_ns) / 1e6)
    words = f"attempt {attempt.number} sent, {late} late"
    if attempt.route is None:
        return words
    route, ago = attempt.route, duration((attempt.sent_ns - attempt.route.sampled_ns) / 1e6)
    if route.pods is None:
        return f"{words}, through {route.proxy}, which did not say where its sessions go ({ago} before)"
    pods = listed(route.pods) if route.pods else "nobody"
    return f"{words}, through {route.proxy}, whose {route.pool} pool led to {pods} ({ago} before)"


def _answered(trace: Trace, attempt: Attempt) -> str:
    took = duration((attempt.ended_ns - trace.due_ns) / 1e6)
    by = f" by {attempt.server}" if attempt.server else ""
    if attempt.outcome == "ok":
        gtid = f", GTID {attempt.gtid}" if attempt.gtid else ""
        return f"acknowledged{by}, {took} after it was due{gtid}"
    why = " ".join(filter(None, ("" if attempt.errno is None else f"MySQL error {attempt.errno}", attempt.error)))
    at = f", connected to {attempt.server}" if attempt.server else ""
    if attempt.outcome == "fail":
        return f"failed{at}: {why or 'no reason given'}"
    return f"not answered{at}, so it may have happened: {why or 'no reason given'}"


def _fault(fault: FaultRecord, when: _Clock) -> str:
    until = "until the end" if fault.healed_ns is None else f"until {when.at(fault.healed_ns)}"
    return f"{fault.fault} of {fault.whom}, in force {until}"


def _failover(one: Failover, when: _Clock) -> str:
    kind = "switchover" if one.planned else "failover"
    old = f" from {one.old}" if one.old else ""
    if one.new is None:
        return f"{kind}{old}, in which nobody took over"
    return f"{kind}{old} to {one.new}, which took writes from {when.at(one.ended_ns)} on"


def _at_end(one: AtEnd) -> str:
    who = " ".join(filter(None, (one.node, f"({one.role or 'no role'}, {one.state or 'no state'})")))
    held = {True: "has it", False: "does not have it", None: "could not be asked"}[one.holds]
    aside = "" if one.serves else "; out of service"
    return f"{who} {held}{_with_gtid(one)}{aside}"


def _with_gtid(one: AtEnd) -> str:
    if one.executed is None:
        return ""
    if one.executed:
        return " and has executed its GTID" if one.holds else ", but has executed its GTID"
    return ", but has not executed its GTID" if one.holds else " and has not executed its GTID"


def _has(one: AtEnd) -> bool:
    return bool(one.holds) and one.executed is not False
