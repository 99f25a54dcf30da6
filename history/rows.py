"""The rows of ``ops/*.parquet`` and ``observed.parquet`` as a record that can be: known words, and possible times.

A row with an unknown word would be judged by nothing, and one whose times cannot be shows that the file is no record of
the run: both are refused, with the file, the row (counted from 1) and the value. Times must also lie near the rest,
because one time of another clock among them would stretch every second-by-second count over years.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from history.fields import spelt
from history.json_files import HistoryError
from history.vocabulary import INFO, OUTCOMES, ROLES, SAMPLE_KINDS

_TIMES = ("intended_ns", "start_ns", "end_ns")
_S = 1_000_000_000
#: Nothing of one run is further than this from its load.
APART_NS = 7 * 24 * 3600 * _S
#: What an operation may take beyond the duration and the drain of its load.
_GRACE_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time within which everything of a run must lie, CLOCK_MONOTONIC nanoseconds."""

    start_ns: int
    end_ns: int

    def first_outside(self, at_ns: npt.NDArray[np.int64]) -> int | None:
        """The position of the first time outside; None if there is none."""
        low, high = (min(max(bound, -(2**63)), 2**63 - 1) for bound in (self.start_ns, self.end_ns))
        outside = np.flatnonzero((at_ns < low) | (at_ns > high))
        return int(outside[0]) if len(outside) else None


def read_ops(ops: pd.DataFrame, *, known: Collection[str] | None, place: str) -> pd.DataFrame:
    """The rows of one file with Jepsen's ``info`` read as ``unknown``. known: what f may be, None: anything.

    Raises HistoryError, naming the row and the value.
    """
    _require_words(ops["outcome"], "outcome", OUTCOMES | {INFO}, place)
    if known is not None:
        _require_words(ops["f"], "f", known, place)
    if len(wrong := np.flatnonzero(ops["attempt"].to_numpy() < 1)):
        row = int(wrong[0])
        raise HistoryError(f"{place}: row {row + 1}: attempt {int(ops['attempt'].iloc[row])}; expected 1 for the first")
    for earlier, later in (("intended_ns", "start_ns"), ("start_ns", "end_ns")):
        wrong = np.flatnonzero(ops[later].to_numpy() < ops[earlier].to_numpy())
        if len(wrong):
            row = int(wrong[0])
            early_ms = (int(ops[earlier].iloc[row]) - int(ops[later].iloc[row])) / 1e6
            raise HistoryError(f"{place}: row {row + 1}: {later} is {early_ms:g} ms before {earlier}")
    return ops.assign(outcome=ops["outcome"].replace(INFO, "unknown"))


def read_samples(observed: pd.DataFrame, *, place: str) -> pd.DataFrame:
    """The samples as they are, if their words are known and what they saw can be read."""
    _require_words(observed["kind"], "kind", SAMPLE_KINDS, place)
    _require_words(observed["role"].dropna(), "role", ROLES, place)
    for name in ("view", "endpoints"):
        told = observed[name].dropna()
        # Samples repeat themselves, so each text is looked at once.
        for text in told.unique():
            if not _is_object(text):
                row = told.index[told == text][0]
                raise HistoryError(f"{place}: row {row + 1}: {name} {spelt(text)} is not a JSON object")
    return observed


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def load_window(parts: Mapping[str, pd.DataFrame], *, lasted_s: float | None) -> Window | None:
    """Where all times of a run must lie: APART_NS around its operations; None without operations.

    parts: op rows by the place of their file. lasted_s: of the load and its drain, None: not known. Raises HistoryError
    when a time of an operation lies too far from the middle one: as far as the load lasted and then some, or APART_NS
    where that is not known.
    """
    intended = np.concatenate([part["intended_ns"].to_numpy() for part in parts.values()])
    if not len(intended):
        return None
    middle_ns = int(np.partition(intended, len(intended) // 2)[len(intended) // 2])
    apart_ns = APART_NS if lasted_s is None else round(min(APART_NS, (lasted_s + _GRACE_S) * _S))
    near = Window(start_ns=middle_ns - apart_ns, end_ns=middle_ns + apart_ns)
    for place, part in parts.items():
        for name in _TIMES:
            _require_near(part[name], name, near, place, what=f"the other operations ({middle_ns})")
    ends = np.concatenate([part["end_ns"].to_numpy() for part in parts.values()])
    return Window(start_ns=int(intended.min()) - APART_NS, end_ns=int(ends.max()) + APART_NS)


def require_near(times: pd.Series[Any], name: str, window: Window | None, *, place: str) -> None:
    """Raise HistoryError when a time lies outside of the window of the load."""
    if window is not None:
        _require_near(times, name, window, place, what="the load")


def require_moment_near(at_ns: int | None, name: str, window: Window | None, *, place: str) -> None:
    """The same for one time, which may be unknown."""
    if window is not None and at_ns is not None and not window.start_ns <= at_ns <= window.end_ns:
        raise HistoryError(f"{place}: {name} {at_ns} is more than 7 days from the load; is it of another clock?")


def _require_near(times: pd.Series[Any], name: str, window: Window, place: str, *, what: str) -> None:
    row = window.first_outside(times.to_numpy(dtype=np.int64))
    if row is not None:
        found = int(times.iloc[row])
        raise HistoryError(f"{place}: row {row + 1}: {name} {found} is far from {what}; is it of another clock?")


def _require_words(column: pd.Series[Any], name: str, known: Collection[str], place: str) -> None:
    wrong = column[~column.isin(list(known))]
    if len(wrong):
        row, found = wrong.index[0], spelt(wrong.iloc[0])
        raise HistoryError(f"{place}: row {row + 1}: {name} {found} is unknown; expected one of {_listed(known)}")


def _listed(known: Collection[str]) -> str:
    return ", ".join(sorted(known))
