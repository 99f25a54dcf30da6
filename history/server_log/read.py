"""The error logs of a run folder: what every mysqld said (`history.server_log.words`), and of whom not all can be told.

A log is another's text: whatever stands in it is told or passed over, and refuses no folder. Where a log says nothing
because it was written elsewhere, or told to keep warnings back, that is not silence, so it is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from history.manifest import Manifest
from history.server_log.words import LINE_LIMIT, READY, Said, folded, is_line, said

#: Of a pod's mysqld in ``logs/``.
SUFFIX = "-mysqld.log"
#: Of one pod; a server that says more is in a loop, and its log is there to be read.
MOST_TOLD = 200
_TO_THE_CONTAINER = ("stderr", "")


@dataclass(frozen=True, kw_only=True)
class ServerLog:
    """said: in order of time. missing: pod -> why its words are not there, or not all of them."""

    said: tuple[Said, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)


def read_server_log(folder: Path, manifest: Manifest) -> ServerLog:
    """The logs in ``folder``, ``<pod>-mysqld.log`` each. Pods are those with a log, or with variables in the manifest.

    Empty where the manifest does not tell the wall clock at CLOCK_MONOTONIC zero: then no time of a log is known.
    """
    zero_unix_ns, variables = manifest.monotonic_zero_unix_ns, manifest.variables
    files = {file.name.removesuffix(SUFFIX): file for file in sorted(folder.glob(f"*{SUFFIX}")) if file.is_file()}
    if zero_unix_ns is None:
        why = "manifest.json has no wall clock, so the times in its log cannot be placed"
        return ServerLog(missing=dict.fromkeys(files, why))
    told: list[Said] = []
    missing: dict[str, str] = {}
    for pod in sorted({*variables, *files}):
        own, why = _of(files.get(pod), pod, zero_unix_ns, variables.get(pod, {}))
        told += own
        if why:
            missing[pod] = why
    return ServerLog(said=tuple(sorted(told, key=lambda one: one.at_ns)), missing=missing)


def _of(file: Path | None, pod: str, zero_unix_ns: int, variables: Mapping[str, Any]) -> tuple[list[Said], str]:
    """What one pod said, and why that is not all; empty where it is."""
    place = str(variables.get("log_error") or "")
    elsewhere = "" if place in _TO_THE_CONTAINER else f"log_error = {place:.100} keeps them from the container's log"
    if file is None:
        return [], elsewhere or "no log of its mysqld is in the folder"
    lines = [0]
    try:
        told = folded(said(_counted(_lines(file), lines), pod=pod, zero_unix_ns=zero_unix_ns))
    except OSError as error:
        return [], f"its log cannot be read ({error.strerror or 'no reason given'})"
    if not lines[0]:
        return told, elsewhere or "no line of its log has the format of MySQL's error log"
    if all(one.code != READY for one in told):
        return told, elsewhere or "its log does not say that it was ready, so its beginning was cut off"
    if len(told) > MOST_TOLD:
        return told[:MOST_TOLD], f"only the first {MOST_TOLD} are shown"
    return told, _kept_back(variables)


def _kept_back(variables: Mapping[str, Any]) -> str:
    """Options with which mysqld does not write all that it would say here."""
    if str(variables.get("log_error_verbosity")) == "1":
        return "log_error_verbosity = 1 hides warnings, such as that semi-sync fell back"
    if suppressed := str(variables.get("log_error_suppression_list") or ""):
        return f"log_error_suppression_list = {suppressed:.100} keeps some back"
    return ""


def _lines(file: Path) -> Iterator[str]:
    """Its lines, none longer than LINE_LIMIT; bytes that are no UTF-8 become marks."""
    with file.open("rb") as content:
        while line := content.readline(LINE_LIMIT):
            yield line.decode(errors="replace").rstrip("\r\n")


def _counted(lines: Iterator[str], seen: list[int]) -> Iterator[str]:
    """The lines as they are. seen: its number rises with each that has the form of the error log."""
    for line in lines:
        seen[0] += is_line(line)
        yield line
