"""MySQL's own words: the lines of a mysqld's error log that tell what became of the server, in plain words.

A line begins with its time, thread, priority, code and subsystem (MySQL 9.7 Reference Manual, "Error Log Output
Format": log_sink_internal). The code, ``MY-`` and six digits, decides and never the text; what each means is in the
MySQL 9.7 Error Reference, "Server Error Message Reference". Only codes of WORDS are told: they are of semi-sync, of
group membership, of replication, of a crash, of CLONE, of memory and disk. A log written by another sink has no such
lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Kind = Literal["semi-sync", "group", "replication", "read-only", "refusal", "crash", "clone", "resources", "server"]

#: Of a line and of what is kept of its text; a statement in it may be long.
LINE_LIMIT, TEXT_LIMIT = 4096, 300
_LINE = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)) \d+ \[\w+\] \[(MY-\d{6})\] \[\w+\] (.*)", re.ASCII
)
#: A crash is told by the signal handler, which knows no code: ``2026-11-27T14:48:21Z UTC - mysqld got signal 11 ;``
_SIGNAL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) UTC - (mysqld got (?:signal|exception) .*)", re.ASCII)
SIGNAL = "signal"
#: How Group Replication's lines begin; it says nothing that the code does not.
_REPORTED = re.compile(r"Plugin \w+ reported: '(.*)'\.?")

#: Codes after which a semi-synchronous source acknowledges what no replica has.
FELL_BACK = frozenset({"MY-011145", "MY-011153", "MY-011155", "MY-011157"})
#: Follows MY-011155 at once where semi-sync was switched off on purpose, as on a primary that steps down.
SWITCHED_OFF = "MY-011144"
#: The code after which it waits for a replica again. A note, which mysqld writes with log_error_verbosity = 3 only.
CAME_BACK = "MY-011156"

#: Of several in a row each tells of other members; and where it names them.
_EACH = frozenset({"MY-011493", "MY-011494", "MY-011499", "MY-011500", "MY-011507"})
_MEMBERS, _PORT = re.compile(r"(?:with address|from the group:) ((?:[^\s,]+:\d+(?:, )?)+)"), re.compile(r":\d+")

#: Every server that was ever in service says so, whatever it is told to keep back.
READY = "MY-010931"

#: Code -> kind, and what happened in plain words.
WORDS: Mapping[str, tuple[Kind, str]] = {
    "MY-011142": ("semi-sync", "semi-sync was switched on"),
    "MY-011144": ("semi-sync", "semi-sync was switched off: commits no longer wait for a replica"),
    "MY-011145": ("semi-sync", "semi-sync was forced off, and some commits may be on no replica"),
    "MY-011153": ("semi-sync", "semi-sync fell back: no replica answered in time, and commits no longer wait for one"),
    "MY-011155": ("semi-sync", "semi-sync fell back to asynchronous replication"),
    "MY-011156": ("semi-sync", "semi-sync is back: commits wait for a replica again"),
    "MY-011157": ("semi-sync", "semi-sync was switched off for lack of space in a packet"),
    "MY-011184": ("semi-sync", "the source does not support semi-sync, so this replica follows it asynchronously"),
    "MY-011451": ("replication", "the group's applier was aborted; the member leaves"),
    "MY-011452": ("replication", "the group's applier failed for good; the member leaves"),
    "MY-010584": ("replication", "replication met an error"),
    "MY-010586": ("replication", "the applier stopped at an error"),
    "MY-010595": ("replication", "the applier could not read the relay log"),
    "MY-010557": ("replication", "the receiver could not read from its source"),
    "MY-011493": ("group", "a member became unreachable"),
    "MY-011494": ("group", "a member is reachable again"),
    "MY-011495": ("group", "quorum was lost: no majority is reachable, and writes are blocked"),
    "MY-011496": ("group", "quorum was lost: no majority is reachable, and writes are blocked for a time"),
    "MY-011498": ("group", "the majority is back, and writes go on"),
    "MY-011499": ("group", "members were removed from the group"),
    "MY-011500": ("group", "the primary left the group"),
    "MY-011504": ("group", "this member left the group"),
    "MY-011505": ("group", "this member was expelled from the group"),
    "MY-011507": ("group", "a new primary was elected"),
    "MY-011512": ("group", "no member could be made primary"),
    "MY-011490": ("group", "this member is online"),
    "MY-011522": ("group", "this member has transactions that the group does not have, and leaves"),
    "MY-011526": ("group", "this member has transactions that the group does not have"),
    "MY-011574": ("group", "recovery found no donor within its number of attempts"),
    "MY-011575": ("group", "all donors left, and recovery was given up"),
    "MY-011712": ("read-only", "the server made itself read-only after an error"),
    "MY-011542": ("refusal", "writes are refused: the table has no primary key"),
    "MY-011541": ("refusal", "writes are refused: the table's engine is not InnoDB"),
    "MY-011543": ("refusal", "writes are refused: a foreign key cascades, which several primaries cannot have"),
    "MY-011595": ("refusal", "writes are refused: the binary log's format is not ROW"),
    "MY-011598": ("refusal", "writes are refused: SERIALIZABLE does not go with several primaries"),
    "MY-011601": ("refusal", "writes are refused: the member is in ERROR"),
    "MY-011602": ("refusal", "writes are refused: the member is OFFLINE"),
    "MY-011608": ("refusal", "a transaction was refused: it is larger than the group's limit"),
    SIGNAL: ("crash", "mysqld crashed"),
    "MY-010119": ("crash", "mysqld failed to start"),
    "MY-010229": ("crash", "crash recovery began"),
    "MY-010232": ("crash", "crash recovery ended"),
    "MY-010855": ("crash", "the binary log is recovered after a crash"),
    "MY-010858": ("crash", "the binary log was cut back to its last whole transaction"),
    "MY-012551": ("crash", "InnoDB was not shut down normally"),
    "MY-012552": ("crash", "InnoDB's crash recovery began"),
    "MY-012872": ("crash", "InnoDB crashed the server on purpose: a semaphore was held too long"),
    "MY-013457": ("clone", "CLONE began or ended"),
    "MY-013458": ("clone", "CLONE went on"),
    "MY-013459": ("clone", "CLONE began anew"),
    "MY-013460": ("clone", "CLONE removes all data of this server"),
    "MY-013462": ("clone", "CLONE shut the server down, as it could not restart it"),
    "MY-010134": ("resources", "out of memory"),
    "MY-010934": ("resources", "out of memory"),
    "MY-010935": ("resources", "out of memory"),
    "MY-010907": ("resources", "a file could not be written"),
    "MY-011262": ("resources", "the receiver waits for space on disk"),
    "MY-013133": ("resources", "the disk is full"),
    "MY-010910": ("server", "mysqld was shut down"),
    READY: ("server", "mysqld is ready for connections"),
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """One thing that a server said. at_ns: CLOCK_MONOTONIC. code: of WORDS. text: MySQL's words, at most TEXT_LIMIT
    characters. times: how often it said so in a row, from at_ns on."""

    at_ns: int
    pod: str
    code: str
    text: str
    times: int = 1

    @property
    def kind(self) -> Kind:
        return WORDS[self.code][0]

    @property
    def what(self) -> str:
        """What happened, in plain words, and to whom where that is another member."""
        whom = _MEMBERS.search(self.text) if self.code in _EACH else None
        return WORDS[self.code][1] + (f": {_PORT.sub('', whom[1])}" if whom else "")


def said(lines: Iterable[str], *, pod: str, zero_unix_ns: int) -> Iterator[Said]:
    """What a log tells of WORDS, in its order. zero_unix_ns: the wall clock at CLOCK_MONOTONIC zero."""
    for line in lines:
        found = _LINE.match(line)
        code = found[2] if found else SIGNAL
        found = found or _SIGNAL.match(line)
        if found is None or code not in WORDS:
            continue
        at_ns = _unix_ns(found[1])
        if at_ns is not None:
            text = found[found.re.groups].strip()
            reported = _REPORTED.fullmatch(text)
            text = reported[1] if reported else text
            yield Said(at_ns=at_ns - zero_unix_ns, pod=pod, code=code, text=text[:TEXT_LIMIT])


def is_line(line: str) -> bool:
    """Whether a line has the form that is read here, whatever it tells."""
    return _LINE.match(line) is not None


def folded(told: Iterable[Said]) -> list[Said]:
    """What one server said, with what it repeated in a row told once."""
    rows: list[Said] = []
    for one in told:
        if rows and rows[-1].code == one.code and (one.code not in _EACH or rows[-1].text == one.text):
            rows[-1] = replace(rows[-1], times=rows[-1].times + 1)
        else:
            rows.append(one)
    return rows


def _unix_ns(text: str) -> int | None:
    """A time of a log; None for one that the calendar does not have."""
    try:
        at = datetime.fromisoformat(text)
        seconds = int(at.replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        return None
    return seconds * 1_000_000_000 + at.microsecond * 1000


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """Semi-sync no longer waited for a replica, from at_ns on; until_ns: until then, None where no return is told."""

    pod: str
    code: str
    at_ns: int
    until_ns: int | None


def fallbacks(told: Iterable[Said], *, from_ns: int) -> list[Fallback]:
    """Where semi-sync fell back, in order of time. told: in order of time. from_ns: what ended before is left out."""
    mine: dict[str, list[Said]] = {}
    for one in told:
        mine.setdefault(one.pod, []).append(one)
    found = [one for pod in mine.values() for one in _fallbacks_of(pod)]
    return sorted(
        (one for one in found if one.until_ns is None or one.until_ns >= from_ns), key=lambda one: (one.at_ns, one.pod)
    )


def _fallbacks_of(told: list[Said]) -> Iterator[Fallback]:
    """Of one pod; one that follows another without a return between them is the same."""
    since: Said | None = None
    for number, one in enumerate(told):
        if one.code in FELL_BACK and not _on_purpose(one, told[number + 1 :]):
            since = since or one
        elif one.code == CAME_BACK and since is not None:
            yield Fallback(pod=since.pod, code=since.code, at_ns=since.at_ns, until_ns=one.at_ns)
            since = None
    if since is not None:
        yield Fallback(pod=since.pod, code=since.code, at_ns=since.at_ns, until_ns=None)


def _on_purpose(one: Said, later: list[Said]) -> bool:
    at_once_ns = one.at_ns + 1_000_000_000
    return one.code == "MY-011155" and any(two.code == SWITCHED_OFF and two.at_ns <= at_once_ns for two in later)
