"""What lies beside the runs: matrices, trials, suites, certificates, and self-tests, each with its verdict and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from history.json_files import HistoryError, read_object

#: Kind in words -> where its files are below the runs folder.
PLACES: Mapping[str, str] = {
    "Nightly suites": "nightly/*/nightly.json",
    "Matrices": "matrix/*/matrix.json",
    "Trials": "trials/*/trials.json",
    "Capacity": "capacity/*/capacity.json",
    "Certificates": "certificates/*/certificate.json",
    "Self-tests of the faults": "selftest/faults.json",
}
#: What there is of them for people.
PAGES = ("report.html", "certificate.html")
#: Of each kind the newest are listed.
LISTED_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One of them. link: its page, relative to the runs folder. bundle: a file to hand on, where there is one."""

    link: str
    bundle: str | None
    name: str
    verdict: str
    words: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Listed:
    """All of a kind, newest first. left_out: how many older ones are not listed."""

    kind: str
    entries: tuple[Entry, ...]
    left_out: int


def beside(runs: Path) -> list[Listed]:
    """Of every kind that there is. A file that cannot be read is listed as such."""
    found = ((kind, _newest_first(runs, place)) for kind, place in PLACES.items())
    return [
        Listed(
            kind=kind,
            entries=tuple(_entry(file, runs) for file in files[:LISTED_MAX]),
            left_out=max(0, len(files) - LISTED_MAX),
        )
        for kind, files in found
        if files
    ]


def _newest_first(runs: Path, place: str) -> list[Path]:
    """Links such as ``latest`` lead to what is listed anyway."""
    files = [file for file in runs.glob(place) if file.is_file() and not file.parent.is_symlink()]
    return sorted(files, key=lambda file: (file.stat().st_mtime_ns, file), reverse=True)


def _entry(file: Path, runs: Path) -> Entry:
    pages = [page for name in PAGES if (page := file.with_name(name)).exists()]
    bundle = file.parent.with_name(f"{file.parent.name}.zip")
    content: Mapping[str, Any]
    try:
        content = read_object(file) or {}
    except HistoryError as error:
        content = {"verdict": "unreadable", "why": str(error)}
    return Entry(
        link=next(iter(pages), file).relative_to(runs).as_posix(),
        bundle=bundle.relative_to(runs).as_posix() if bundle.is_file() else None,
        name=_text(content, "name", "suite", "scenario") or file.parent.name,
        verdict=_text(content, "verdict"),
        words=": ".join(filter(None, (_unfinished(content), _text(content, "why", "headline")))),
        at=_text(content, "started_at", "frozen_at") or file.parent.name,
    )


def _unfinished(content: Mapping[str, Any]) -> str:
    """``running`` or ``interrupted``: what its file says of itself before it ended."""
    if content.get("interrupted") is True:
        return "interrupted"
    state = _text(content, "state")
    return "" if state == "ended" else state


def _text(content: Mapping[str, Any], *names: str) -> str:
    """The first of these members that is a text, or begins with one."""
    for name in names:
        value = content.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str):
            return value
    return ""
