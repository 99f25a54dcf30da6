"""What the history says of capacity, for a night: the last maximum of each system that was measured on this machine,
against the ones before it, and whether its series is marked as changed for the worse. Pure.

A series has equal settings, objectives and machine. A night measures none itself, and one value cannot be told from
chance: only a change of level that `reports.trends.change_points` finds in many of them fails the night.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median

from reports.comparison.words import level_words, percent_words
from reports.nightly.nightly_types import Capacity, CapacityChange, CapacityRow
from reports.text.units import label
from reports.trends.capacity_row import is_capacity
from reports.trends.change_points import MARKED_FROM
from reports.trends.changes import Change, changes
from reports.trends.pairing import values_of
from reports.trends.row import TrialRow

MAXIMUM = "max_tps"
#: A lower level fails nights until it has more values: by then it is the level, as for trials (`compare.nights`).
NEWS_VALUES = 14
#: What nobody measured for so long says nothing of tonight.
FRESH_S = 14 * 86_400.0


def capacity_of(
    rows: Iterable[TrialRow], *, host: str, now: datetime, link: str, alarms: bool, topology: str
) -> Capacity:
    """rows: of the history, oldest first. host: tonight's, in words. link: from nightly.json to the runs folder.
    alarms: whether a change may fail the night. topology: of the command that is told where nothing was measured."""
    alike: dict[tuple[str, str, str], list[TrialRow]] = defaultdict(list)
    for row in rows:
        if is_capacity(row) and row.counts and row.host == host:
            alike[row.scenario, row.cell, row.scenario_digest].append(_with_none_as_zero(row))
    series = [row for key in sorted(alike) for row in _rows(alike[key], now=now, link=link, alarms=alarms)]
    return {"why": _why(series, topology), "series": series}


def not_read(why: str) -> Capacity:
    """No alarm, and no claim either."""
    return {"why": f"what was measured of capacity is not known: {why}", "series": []}


def system_words(row: CapacityRow) -> str:
    """``capacity of group, group / envoy (response_p99<=250ms)``."""
    slo = f" ({', '.join(row['slo'])})" if row["slo"] else ""
    return f"{row['scenario']}, {row['cell']}{slo}"


def failing(capacity: Capacity | None) -> list[CapacityRow]:
    """What fails the night."""
    return [row for row in capacity["series"] if row["fails"]] if capacity else []


def _with_none_as_zero(row: TrialRow) -> TrialRow:
    """A search that ended and found no rate that holds is the worst there is, and must not be missing."""
    none_holds = row.verdict == "fail" and MAXIMUM not in row.numbers
    return replace(row, numbers={**row.numbers, MAXIMUM: 0.0}) if none_holds else row


def _rows(rows: Sequence[TrialRow], *, now: datetime, link: str, alarms: bool) -> list[CapacityRow]:
    """The maximum of a series, and each of its other numbers that is marked as worse."""
    last = {change.metric: change for change in changes(rows)}
    worse = [name for name, change in last.items() if name != MAXIMUM and change.worse]
    shown = [MAXIMUM, *worse] if any(MAXIMUM in row.numbers for row in rows) else worse
    return [_row(name, rows, last.get(name), now=now, link=link, alarms=alarms) for name in shown]


def _row(
    metric: str, rows: Sequence[TrialRow], change: Change | None, *, now: datetime, link: str, alarms: bool
) -> CapacityRow:
    having = [row for row in rows if metric in row.numbers]
    newest, before = having[-1], [row.numbers[metric] for row in having[:-1]]
    age_s = max(0.0, (now - datetime.fromisoformat(newest.started_at)).total_seconds())
    marked = None if change is None else _change(change, rows)
    told_only = _told_only(marked, age_s, alarms=alarms)
    return {
        "scenario": newest.scenario,
        "cell": newest.cell,
        "slo": values_of(newest.command, "--slo"),
        "metric": metric,
        "last": newest.numbers[metric],
        "measured_at": newest.started_at,
        "age_s": round(age_s),
        "before": median(before) if before else None,
        "values": len(having),
        "change": marked,
        "fails": marked is not None and marked["worse"] and not told_only,
        "folder": f"{link}/{newest.folder}",
        "text": _text(metric, newest.numbers[metric], before, marked, age_s, told_only),
    }


def _change(change: Change, rows: Sequence[TrialRow]) -> CapacityChange:
    return {
        "since": rows[change.row].started_at,
        "before": change.before,
        "after": change.after,
        "values": sum(change.metric in row.numbers for row in rows[change.row :]),
        "p": change.p,
        "worse": change.worse,
    }


def _told_only(change: CapacityChange | None, age_s: float, *, alarms: bool) -> str:
    """Why a change for the worse fails no night; empty where it does."""
    if change is None or not change["worse"]:
        return ""
    if not alarms:
        return "the suite's compare.rerun is 0, so nothing counts as worse"
    if change["values"] > NEWS_VALUES:
        return f"it has been so for more than {NEWS_VALUES} values"
    return f"nothing was measured for {FRESH_S / 86_400:g} days" if age_s > FRESH_S else ""


def _text(
    metric: str, last: float, before: Sequence[float], change: CapacityChange | None, age_s: float, told_only: str
) -> str:
    """One line."""
    said = f"{label(metric)} {_value(last, metric)}, {_age(age_s)} old"
    if not before:
        return f"{said}, the only value: nothing to hold it against"
    middle = median(before)
    against = f" ({percent_words(last / middle - 1)})" if middle else ""
    said += f"; {_value(middle, metric)} in the median of the {len(before)} before it{against}"
    if change is not None:
        way = "worse" if change["worse"] else "better"
        levels = f"{_value(change['after'], metric)} instead of {_value(change['before'], metric)}"
        said += f"; {way} since {change['since'][:10]}, {levels} in {change['values']} values"
        return f"{said}, which fails nothing: {told_only}" if told_only else said
    if len(before) + 1 < MARKED_FROM:
        return f"{said}; too few to tell a change from chance, which takes {MARKED_FROM} or more"
    return f"{said}; no change is shown"


def _value(value: float, metric: str) -> str:
    return "no rate that holds" if metric == MAXIMUM and not value else level_words(value, metric)


def _age(age_s: float) -> str:
    hours = age_s / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _why(series: Sequence[CapacityRow], topology: str) -> str:
    """One line."""
    if not series:
        return (
            f"no capacity was measured on this machine; `meshbench capacity {topology} --slo 'response_p99<=250ms'` "
            "into the same runs folder does it"
        )
    worse = [f"{label(row['metric'])} of {system_words(row)}" for row in series if row["fails"]]
    if worse:
        return f"capacity is worse, over several measurements: {'; '.join(worse)}"
    return "no capacity that was measured on this machine is shown to be worse"
