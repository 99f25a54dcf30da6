"""What is left to do of a night, from what nightly.json says was done; and the file itself.

The file is written whole before and after every trial, so that whatever ends the process, the next one knows what was
done, and in the middle of which trial it was.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import cast

from jsonschema import ValidationError

from cluster.errors import ConfigurationError
from history.json_files import HistoryError, read_object
from reports.files import write_atomically
from reports.nightly.nightly_types import Nightly, TrialRow
from reports.schema import validate
from scenarios.nightly.plan import Key, NightPlan
from scenarios.trials.loop import ATTEMPTS_MAX

FILE = "nightly.json"
_LOCK = ".lock"
#: In a trial that killed meshbench so often it would do so again.
CUTS_MAX = 3
#: What a trial takes beside its load, until one was seen.
_OVERHEAD_S = 30.0
_LOAD_S = 60.0


def write(night: Nightly, folder: Path) -> None:
    """Raises OSError where it cannot be written."""
    validate(night, "nightly")
    write_atomically(folder / FILE, json.dumps(night, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def read(folder: Path) -> Nightly:
    """Raises HistoryError where it is no night of ours."""
    content = read_object(folder / FILE)
    if content is None:
        raise HistoryError(f"{folder}: there is no {FILE}")
    try:
        validate(content, "nightly")
    except ValidationError as error:
        raise HistoryError(f"{folder / FILE}: not a night: {error.message[:200]}") from None
    return cast("Nightly", content)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """While no other process goes on with this night. Raises ConfigurationError where one does."""
    with (folder / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # gone with the process, however it ends
        except BlockingIOError:
            raise ConfigurationError(f"{folder}: another process is running this night") from None
        yield


def key_of(row: TrialRow) -> Key:
    return Key(row["scenario"], row["cell"], row["number"])


class Left:
    """What is left to do."""

    def __init__(self, night: Nightly, plan: NightPlan) -> None:
        self._night, self._plan = night, plan

    def next(self) -> tuple[Key, int] | None:
        """The next trial with its attempt: first all that were never tried, then void and broken ones again, those
        with the fewest attempts first. None when nothing is left."""
        tried = Counter(map(key_of, self._night["trials"]))
        given_up = {Key(row["scenario"], row["cell"], row["number"]) for row in self._night["left_out"]}
        for key in self._plan.order():
            if not tried[key] and key not in given_up:
                return key, 1 + self._cuts(key)
        if sum(tried.values()) - len(tried) >= self._plan.suite.voids:
            return None
        last = {key_of(row): row["verdict"] for row in self._night["trials"]}
        again = [
            key
            for key in self._plan.order()
            if last.get(key) in ("void", "broken") and tried[key] < ATTEMPTS_MAX and key not in given_up
        ]
        if not again:
            return None
        key = min(again, key=lambda one: tried[one])
        return key, 1 + tried[key] + self._cuts(key)

    def why_not(self, key: Key, *, spent_s: float) -> str | None:
        """Why a trial is not run: it would not end within the budget, or it has killed meshbench too often."""
        if self._cuts(key) >= CUTS_MAX:
            return f"meshbench was killed in the middle of it {self._cuts(key)} times"
        budget_s, expected_s = self._night["budget_s"], self.expected_s(key)
        if budget_s is None or spent_s + expected_s <= budget_s:
            return None
        left_s = max(0.0, budget_s - spent_s)
        return f"of the budget {left_s:.0f} s are left, and it takes about {expected_s:.0f} s"

    def expected_s(self, key: Key) -> float:
        """How long a trial is likely to take: as those of its cell did, else of its scenario, else by its load."""
        took = [
            (row["cell"], row["took_s"])
            for row in self._night["trials"]
            if row["scenario"] == key.scenario and row["verdict"] != "broken"
        ]
        if alike := [took_s for cell, took_s in took if cell == key.cell] or [took_s for _, took_s in took]:
            return median(alike)
        return (self._plan.planned(key).scenario.load.duration or _LOAD_S) + _OVERHEAD_S

    def _cuts(self, key: Key) -> int:
        return sum(Key(row["scenario"], row["cell"], row["number"]) == key for row in self._night["cut"])
