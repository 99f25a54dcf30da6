"""The curve of ``load.model: diurnal``: a CSV file with a header, ``time,rate`` or ``time,relative``.

``rate`` is arrivals a second; ``relative`` is what ``load.rate`` is multiplied by. The unit of ``time`` does not
matter, because the whole curve is stretched to ``load.duration``; ``HH:MM`` is understood too.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from cluster.errors import ConfigurationError
from scenarios.schema.scenario import Scenario

HEADERS = (["time", "rate"], ["time", "relative"])


def with_curve(scenario: Scenario, folder: Path, *, where: str) -> Scenario:
    """The scenario with the points of its curve filled in, if it has one. where: the line or the word that names it.

    Raises ConfigurationError, in one line.
    """
    load = scenario.load
    if load.curve is None or load.points is not None:
        return scenario
    file = folder / load.curve
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{where}: load.curve: {file} cannot be read: {error}") from None
    try:
        kind, points = read_points(lines)
    except ValueError as error:
        raise ConfigurationError(f"{where}: load.curve: {file}:{error}") from None
    if kind == "rate" and load.rate is not None:
        raise ConfigurationError(f"{where}: load.curve: {file} gives arrivals per second; leave load.rate out")
    if kind == "relative" and load.rate is None:
        raise ConfigurationError(f"{where}: load.curve: {file} is relative; say with load.rate to what")
    rate = 1.0 if load.rate is None else load.rate
    found = load.model_copy(update={"curve": file.resolve(), "points": points, "rate": rate})
    return scenario.model_copy(update={"load": found})


def read_points(lines: list[str]) -> tuple[str, list[list[float]]]:
    """``rate`` or ``relative``, and points [time, value] in ascending time. Raises ValueError, its line first."""
    rows = [(number, row) for number, row in enumerate(csv.reader(lines), start=1) if row]
    header = [cell.strip() for cell in rows[0][1]] if rows else []
    if header not in HEADERS:
        raise ValueError("1: expected the header time,rate or time,relative")
    points: list[list[float]] = []
    for number, row in rows[1:]:
        try:
            time_text, value_text = row
            at, value = _time(time_text.strip()), float(value_text)
        except ValueError:
            raise ValueError(f"{number}: expected a time and a number, got {','.join(row)[:80]!r}") from None
        if not 0 <= value < 1e6:
            raise ValueError(f"{number}: expected {header[1]} from 0 to 1000000, got {value:g}")
        if points and at < points[-1][0]:
            raise ValueError(f"{number}: times must ascend")
        points.append([at, value])
    if len(points) < 2 or points[0][0] == points[-1][0]:
        raise ValueError("1: expected at least two points at different times")
    if not any(value for _, value in points):
        raise ValueError(f"1: {header[1]} is 0 throughout")
    return header[1], points


def _time(text: str) -> float:
    """A number of any unit, or HH:MM in minutes."""
    clock = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", text, re.ASCII)
    at = int(clock[1]) * 60.0 + int(clock[2]) if clock else float(text)
    if abs(at) >= 1e15 or at != at:
        raise ValueError(text)
    return at
