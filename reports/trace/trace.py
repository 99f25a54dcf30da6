"""One operation of a recorded run, followed by its key: asked for, attempted, acknowledged, and where it is at the end.

Pure: a `History` and a key make a `Trace`. It judges no more than this one operation, by the rule of the check
``durability``: what was acknowledged must be on every node in service, with its GTID. Times are CLOCK_MONOTONIC ns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from checks.evidence.keys import keyed
from checks.evidence.ledger import MissingError, in_service, text
from checks.evidence.quarantine import holders_in_quarantine
from checks.evidence.unread import unasked
from checks.leadership.changes import OPENED
from history import gtid
from history.faults import FaultRecord
from history.gtid import GtidSet
from history.history import History
from history.observed import Sample

Ending = Literal[
    "stored", "lost", "took effect", "took no effect", "refused or failed", "not as told", "read", "not known"
]
#: Decisions with which the way to another primary begins.
_BEGUN = frozenset({"primary_suspected", "primary_gone", "switchover_started"})


class NoSuchKeyError(Exception):
    """No operation of the run has this key; one line."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """The proxy on an attempt's way, as it was sampled last before. pods: those of its pool to which it then sent
    sessions; None where it did not answer."""

    proxy: str
    pool: str
    sampled_ns: int
    pods: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """sent_ns: when a client took it. server: the node that answered, where the client knew it."""

    number: int
    sent_ns: int
    ended_ns: int
    outcome: str
    errno: int | None
    error: str | None
    server: str | None
    gtid: str | None
    route: Route | None


@dataclass(frozen=True, kw_only=True)
class Failover:
    """ended_ns, new: None where nobody took over."""

    planned: bool
    began_ns: int
    ended_ns: int | None
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True)
class AtEnd:
    """A node at the end. serves: whether it is in service, so that it must hold what was acknowledged. holds: its row;
    executed: the GTID of its acknowledgement; None where that is not known."""

    node: str
    role: str | None
    state: str | None
    serves: bool
    holds: bool | None
    executed: bool | None


@dataclass(frozen=True, kw_only=True)
class Trace:
    """zero_ns: when the load began. faults: in force while it was under way. failovers: under way then. next_failover:
    the first that began after it was answered. unknown: why its ending is not known, or empty."""

    key: str
    f: str
    value: Any
    load_pod: str | None
    due_ns: int
    zero_ns: int
    attempts: tuple[Attempt, ...]
    faults: tuple[FaultRecord, ...]
    failovers: tuple[Failover, ...]
    next_failover: Failover | None
    at_end: tuple[AtEnd, ...]
    ending: Ending
    unknown: str = ""

    @property
    def acknowledged(self) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.outcome == "ok"), None)

    @property
    def ended_ns(self) -> int:
        return max(attempt.ended_ns for attempt in self.attempts)


def trace(history: History, key: str, *, load_pod: str | None = None) -> Trace:
    """load_pod: whose record has the key. Raises NoSuchKeyError, and HistoryError where a GTID is not readable."""
    rows = history.ops[history.ops["key"] == key].sort_values(["attempt", "end_ns"], kind="stable")
    if not len(rows):
        raise NoSuchKeyError(
            f"no operation has the key {key!r}; keys are those of ops/*.parquet, such as {_some(history)}"
        )
    first = rows.iloc[0]
    is_read = str(first["f"]) in history.workload.reads
    attempts = tuple(
        _attempt(row, _route(history, load_pod, pool="read" if is_read else "write", before_ns=int(row["start_ns"])))
        for row in rows.to_dict("records")
    )
    due_ns, ended_ns = int(first["intended_ns"]), max(one.ended_ns for one in attempts)
    everyone = failovers(history)
    at_end, unknown = ((), "") if is_read else _at_end(history, key, attempts)
    return Trace(
        key=key,
        f=str(first["f"]),
        value=_value(first["value"]),
        load_pod=load_pod,
        due_ns=due_ns,
        zero_ns=_zero_ns(history),
        attempts=attempts,
        faults=tuple(one for one in history.faults if _overlaps(one.injected_ns, one.healed_ns, due_ns, ended_ns)),
        failovers=tuple(one for one in everyone if _overlaps(one.began_ns, one.ended_ns, due_ns, ended_ns)),
        next_failover=next((one for one in everyone if one.began_ns > ended_ns), None),
        at_end=at_end,
        ending="read" if is_read else _ending(attempts, at_end, unknown),
        unknown=unknown,
    )


def failovers(history: History) -> list[Failover]:
    """Every way from one primary to the next that the control plane noted, in order of time."""
    found: list[Failover] = []
    began_ns, old, planned = None, None, False
    for one in history.decisions:
        if one.event in _BEGUN and began_ns is None:
            planned = one.event == "switchover_started"
            began_ns, old = one.at_ns, one.detail.get("old") if planned else one.pod
        elif began_ns is not None and one.event in OPENED and one.pod:
            found.append(Failover(planned=planned, began_ns=began_ns, ended_ns=one.at_ns, old=old, new=one.pod))
            began_ns = None
        elif one.event == "switchover_refused":
            began_ns = None
    if began_ns is not None:
        found.append(Failover(planned=planned, began_ns=began_ns, ended_ns=None, old=old, new=None))
    return found


def _attempt(row: Mapping[Any, Any], route: Route | None) -> Attempt:
    return Attempt(
        number=int(row["attempt"]),
        sent_ns=int(row["start_ns"]),
        ended_ns=int(row["end_ns"]),
        outcome=str(row["outcome"]),
        errno=None if pd.isna(row["errno"]) else int(row["errno"]),
        error=_told(row["error"]),
        server=_told(row["server"]),
        gtid=_told(row["gtid"]),
        route=route,
    )


def _route(history: History, load_pod: str | None, *, pool: str, before_ns: int) -> Route | None:
    """None where no proxy is in the way, or none was sampled by then."""
    names = {one.name for one in history.samples if one.kind == "proxy"} & {"gateway", f"sidecar-{load_pod}"}
    last: Sample | None = None
    for one in history.samples:
        if one.at_ns > before_ns:
            break
        if one.kind == "proxy" and one.name in names:
            last = one
    if last is None:
        return None
    healthy = tuple(pod for pod, well in last.healthy.get(pool, {}).items() if well) if last.up else None
    return Route(proxy=last.name, pool=pool, sampled_ns=last.at_ns, pods=healthy)


def _at_end(history: History, key: str, attempts: tuple[Attempt, ...]) -> tuple[tuple[AtEnd, ...], str]:
    """Where it is at the end, and why that is not known of all."""
    try:
        evidence = keyed(history)
    except MissingError as missing:
        return (), str(missing)
    holders = {text(node) for node in evidence.stored["node"][evidence.stored["id"].map(text) == key]}
    holders |= set(holders_in_quarantine(history).get(key, ()))
    committed = next((one.gtid for one in attempts if one.outcome == "ok"), None)
    serving = in_service(history) or []
    names = sorted({*serving, *(history.nodes or {}), *holders})
    found = []
    for name in names:
        record = (history.nodes or {}).get(name, {})
        found.append(
            AtEnd(
                node=name,
                role=record.get("role"),
                state=record.get("state"),
                serves=name in serving,
                holds=None if unasked(record) else name in holders,
                executed=_executed(record.get("gtid_executed"), committed),
            )
        )
    return tuple(found), "" if serving else "no node was in service at the end"


def _executed(has: str | None, committed: str | None) -> bool | None:
    inner: GtidSet | None = gtid.read(committed)
    outer: GtidSet | None = gtid.read(has)
    return None if not inner or outer is None else gtid.contains(outer, inner)


def _ending(attempts: tuple[Attempt, ...], at_end: tuple[AtEnd, ...], unknown: str) -> Ending:
    if unknown:
        return "not known"
    outcomes = {one.outcome for one in attempts}
    serving = [one for one in at_end if one.serves]
    held = any(one.holds for one in serving)
    if "ok" in outcomes:
        whole = all(one.holds and one.executed is not False for one in serving)
        return "stored" if whole else "lost"
    if "unknown" in outcomes:
        return "took effect" if held else "took no effect"
    return "not as told" if held else "refused or failed"


def _overlaps(began_ns: int | None, ended_ns: int | None, first_ns: int, last_ns: int) -> bool:
    return began_ns is not None and began_ns <= last_ns and (ended_ns is None or ended_ns >= first_ns)


def _zero_ns(history: History) -> int:
    told = (history.manifest.get("load") or {}).get("zero_ns")
    return int(told) if isinstance(told, int) else int(history.ops["intended_ns"].min())


def _value(written: Any) -> Any:
    try:
        return json.loads(written)
    except (TypeError, ValueError):
        return written


def _told(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _some(history: History) -> str:
    return ", ".join(repr(key) for key in history.ops["key"].head(2)) or "none: there are no operations"
