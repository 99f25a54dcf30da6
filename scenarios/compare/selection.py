"""The trials that a word of ``meshbench compare`` means: a commit, days, a night or another whole, or a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import get_args

from cluster.errors import ConfigurationError
from history.manifest import PartOfKind
from reports.trends.found import run_folders
from reports.trends.row import TrialRow
from reports.trends.store import Store
from scenarios.certify.folder import CERTIFICATES
from scenarios.compare.checkouts import commit_of

LATEST, PREVIOUS = "latest", "previous"
_NIGHTLY = "nightly"
_KINDS: tuple[str, ...] = get_args(PartOfKind)
#: The folder of a whole -> its kind, where that is another word.
_KIND_OF = {CERTIFICATES: "certify"}
_COMMIT = re.compile(r"([0-9a-f]{4,40})(\+?)")
_DAY = r"\d{4}-\d\d-\d\d"
_DAYS = re.compile(rf"({_DAY})|({_DAY})?\.\.({_DAY})?")
#: Of each kind of word so many are named where one means nothing.
_NAMED = 4


def chosen(word_a: str, word_b: str, *, runs: Path) -> tuple[list[TrialRow], list[TrialRow]]:
    """The trials of A and of B. Raises ConfigurationError, with what there is, where a word means none, or both the
    same, and StoreError where there is no runs folder to look into."""
    if not (Path(word_a).is_dir() and Path(word_b).is_dir()):
        Store(runs).require_folder()
    known = Store(runs).rows()
    a, b = (_rows(word, known) for word in (word_a, word_b))
    if shared := {row.seal for row in a} & {row.seal for row in b}:
        raise ConfigurationError(
            f"compare {word_a} {word_b}: {len(shared)} of the runs are in both, such as "
            f"{next(row.folder for row in b if row.seal in shared)}; choose two groups that have none in common"
        )
    return a, b


def _rows(word: str, known: Sequence[TrialRow]) -> list[TrialRow]:
    """In this order: a night, a whole, days, a folder, a commit."""
    if not word.strip():
        raise ConfigurationError("compare: one of the two is empty; give a commit, days, a night or a folder")
    kind, _, whole = word.rpartition("/")
    kind = _KIND_OF.get(kind, kind)
    if (kind or _NIGHTLY) in _KINDS and (kind or whole in (LATEST, PREVIOUS)):
        return _require(word, _of_whole(kind or _NIGHTLY, whole, known), known)
    if (days := _DAYS.fullmatch(word)) is not None and word != "..":
        first, last = (days[1], days[1]) if days[1] else (days[2] or "", days[3] or "9999")
        _require_days(word, days)
        return _require(word, [row for row in known if first <= row.started_at[:10] <= last], known)
    if Path(word).is_dir():
        return _of_folder(Path(word), known)
    return _of_commit(word, known)


def _require_days(word: str, days: re.Match[str]) -> None:
    """Raise ConfigurationError for a day that no calendar has, and for days that end before they begin."""
    for day in filter(None, days.groups()):
        try:
            date.fromisoformat(day)
        except ValueError:
            raise ConfigurationError(f"{word}: there is no day {day}; expected year-month-day") from None
    if days[2] and days[3] and days[2] > days[3]:
        raise ConfigurationError(f"{word}: it ends before it begins; write {days[3]}..{days[2]}")


def _of_whole(kind: str, name: str, known: Iterable[TrialRow]) -> list[TrialRow]:
    """A night, matrix, … by its id; ``latest``; or ``previous``: the one before that of the same suite or scenario."""
    of_kind = [(row, row.part_of) for row in known if row.part_of is not None and row.part_of.kind == kind]
    if name in (LATEST, PREVIOUS) and of_kind:
        newest = max((part for _, part in of_kind), key=lambda part: part.id)
        ids = sorted({part.id for _, part in of_kind if name == LATEST or part.name == newest.name}, reverse=True)
        name = (ids if name == LATEST else ids[1:] or [""])[0]
    return [row for row, part in of_kind if part.id == name]


def _of_folder(folder: Path, known: Iterable[TrialRow]) -> list[TrialRow]:
    """A run; a folder of runs; or that of a night, matrix, …, whose runs lie elsewhere."""
    place = folder.resolve()
    kind = place.parent.name
    whole = _of_whole(_KIND_OF.get(kind, kind), place.name, known)
    if whole:
        return whole
    found = run_folders(place)
    if not found.rows:
        why = f": {found.left_out[0].why}" if found.left_out else ""
        raise ConfigurationError(f"{folder}: there is no sealed run in this folder{why}")
    return found.rows


def _of_commit(word: str, known: Sequence[TrialRow]) -> list[TrialRow]:
    matched = _COMMIT.fullmatch(word)
    prefix, changed = (matched[1], bool(matched[2])) if matched else (commit_of(word), False)
    of_commit = [row for row in known if prefix and (row.commit or "").startswith(prefix)]
    commits = sorted({row.commit or "" for row in of_commit})
    if len(commits) > 1:
        raise ConfigurationError(f"{word}: the beginning of {len(commits)} commits: {', '.join(commits)}; write more")
    rows = [row for row in of_commit if bool(row.dirty) == changed]
    if of_commit and not rows:
        which, other = ("clean", commits[0][:10]) if changed else ("changed", f"{commits[0][:10]}+")
        raise ConfigurationError(f"{word}: all {len(of_commit)} trials are of a {which} checkout; write {other}")
    return _require(word, rows, known)


def _require(word: str, rows: list[TrialRow], known: Sequence[TrialRow]) -> list[TrialRow]:
    if rows:
        return rows
    raise ConfigurationError(f"{word}: no trial is of this; {_what_there_is(known)}")


def _what_there_is(known: Sequence[TrialRow]) -> str:
    if not known:
        return "the history is empty: `meshbench index --rebuild` reads the run folders that there are, or give folders"
    commits = _newest(known, lambda row: f"{row.commit[:10]}{'+' if row.dirty else ''}" if row.commit else None)
    wholes = _newest(known, lambda row: f"{row.part_of.kind}/{row.part_of.id}" if row.part_of else None)
    days = _newest(known, lambda row: row.started_at[:10] or None)
    told = [f"{name} {', '.join(some)}" for name, some in (("commits", commits), ("days", days), ("", wholes)) if some]
    return f"there are {'; '.join(part.strip() for part in told)}; or give a folder"


def _newest(known: Sequence[TrialRow], name: Callable[[TrialRow], str | None]) -> list[str]:
    """A few names, the newest first, with an ellipsis where there are more."""
    names = list(dict.fromkeys(word for row in reversed(known) if (word := name(row))))
    return names if len(names) <= _NAMED else [*names[:_NAMED], "…"]
