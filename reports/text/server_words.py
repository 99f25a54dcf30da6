"""What the mysqlds said in their logs, as a summary carries it and as people read it: MySQL's own words, with times.

What several servers said of one event within a few seconds is one row. Told from the beginning of the load on.
"""

from __future__ import annotations

from typing import NamedTuple

from checks.evidence.operations import column_ns
from history.history import History
from history.server_log.words import READY, Fallback, Said, fallbacks
from reports.summary_types import ServerLogRow, Summary, WordsOfServer
from reports.text.units import UNKNOWN, count, duration, listed

#: Servers notice one event at different times.
_TOGETHER_NS = 3_000_000_000
#: Codes that report no loss: a member suspects another, or all is well again.
MINOR = frozenset({"MY-011493", "MY-011494", "MY-011490", "MY-010232", READY})


class WordsRow(NamedTuple):
    """One line of the table: when (since the load began), whose log, what happened in plain words, code and text."""

    since: str
    pods: str
    what: str
    code: str
    text: str


def server_words(history: History) -> ServerLogRow:
    """As summary.json carries them: said [{at_ns, since_load_ms, pods, code, kind, what, text, times}] in order of
    time; missing {pod: why its words are not there}."""
    zero_ns = begin_ns(history)
    events: list[list[Said]] = []
    for one in history.server_log.said:
        if zero_ns is not None and one.at_ns < zero_ns:
            continue
        same = next((event for event in reversed(events) if _one_event(event[0], one)), None)
        if same is None:
            events.append([one])
        else:
            same.append(one)
    return {
        "said": [_row(event, zero_ns) for event in events],
        "missing": dict(history.server_log.missing),
    }


def _one_event(first: Said, one: Said) -> bool:
    return (first.code, first.text) == (one.code, one.text) and one.at_ns - first.at_ns <= _TOGETHER_NS


def _row(event: list[Said], zero_ns: int | None) -> WordsOfServer:
    one = event[0]
    return {
        "at_ns": one.at_ns,
        "since_load_ms": None if zero_ns is None else round((one.at_ns - zero_ns) / 1e6, 3),
        "pods": sorted({own.pod for own in event}),
        "code": one.code,
        "kind": one.kind,
        "what": one.what,
        "text": one.text,
        "times": max(sum(own.times for own in event if own.pod == pod) for pod in {own.pod for own in event}),
    }


def begin_ns(history: History) -> int | None:
    """The first intended arrival; None without operations."""
    return int(column_ns(history.ops, "intended_ns").min()) if len(history.ops) else None


def words_rows(summary: Summary) -> list[WordsRow]:
    return [
        WordsRow(
            duration(one["since_load_ms"]) if one["since_load_ms"] is not None else UNKNOWN,
            listed(one["pods"]),
            one["what"] + (f" ({count(one['times'])} times)" if one["times"] > 1 else ""),
            one["code"],
            one["text"],
        )
        for one in summary["server_log"]["said"]
    ]


def refusals(history: History) -> list[str]:
    """Why servers refused writes, by their own words: ``writes are refused: … (MY-011598)``, each once."""
    told = server_words(history)["said"]
    return list(dict.fromkeys(f"{one['what']} ({one['code']})" for one in told if one["kind"] == "refusal"))


def missing_words(history: History) -> list[str]:
    """Sentences about servers of which nothing, or not all, is told; none where no run recorded any log."""
    by_why: dict[str, list[str]] = {}
    for pod, why in history.server_log.missing.items():
        by_why.setdefault(why, []).append(pod)
    return [f"The log messages of {listed(pods)} are incomplete: {why}." for why, pods in by_why.items()]


def fell_back(history: History) -> list[Fallback]:
    """Where semi-sync did not hold what it promises, during the load or after it."""
    facts = history.run.topology.facts
    if facts is None or facts.guarantee != "replica":
        return []
    zero_ns = begin_ns(history)
    return fallbacks(history.server_log.said, from_ns=0 if zero_ns is None else zero_ns)


def fallback_words(one: Fallback, history: History) -> str:
    """Without its end, such as ``semi-sync fell back on node1 6.2 s into the load (MY-011153 in its log)``."""
    zero_ns = begin_ns(history) or 0
    before = one.at_ns < zero_ns
    at = f"{duration(abs(one.at_ns - zero_ns) / 1e6)} {'before' if before else 'into'} the load"
    until = "" if one.until_ns is None else f", until {duration((one.until_ns - zero_ns) / 1e6)}"
    return (
        f"semi-sync fell back on {one.pod} {at}{until} ({one.code} in its log), and what it then acknowledged waited "
        "for no replica"
    )
