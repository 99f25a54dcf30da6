"""What a user's locustfile did beside its requests: its own verdict, and a load that was not the one asked for.

Locust lets a file set the exit code of its process, end the load, stop its users or shape their number, and goes on
when a listener of it breaks. The run records that (``load.locustfile`` in the manifest), and here is what it means: an
exit code other than 0 fails the run, and a load that was not as asked proves nothing, whatever MySQL did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.check import NO_WORKLOAD, Check
from checks.verdict import Outcome, Verdict, unknown
from history.history import History

NAME = "locustfile"
#: Of the requests of a file, so many may be missing from the record for it to be the load all the same.
MISSING_SHARE = 0.01
#: Users that stop so shortly before the end have stayed.
_STAYED_S = 1.0
_EXPECTED = "the locustfile does not fail the run: its process_exit_code is 0"


def locustfile(history: History) -> Verdict:
    """The file's own verdict, as it told it: ``environment.process_exit_code``, or sys.exit in a listener.

    measured: exit_code. Unknown where the file has set none.
    """
    told = account(history)
    code = told.get("exit_code")
    if code is None:
        return unknown(NAME, expected=_EXPECTED, reason="it set no process_exit_code")
    how = str(told.get("exit_said") or f"exit code {code}")
    witness = [{"what": how}] if code else []
    verdict: Outcome = "fail" if code else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=_EXPECTED, measured={"exit_code": code}, witness=witness)


def account(history: History) -> Mapping[str, Any]:
    """What the run recorded of its locustfile; empty where there was none."""
    load = history.manifest.get("load")
    told = load.get(NAME) if isinstance(load, Mapping) else None
    return told if isinstance(told, Mapping) else {}


def not_as_asked(history: History) -> list[str]:
    """Why the load was not the one that the scenario and the file ask for, one line each."""
    told = account(history)
    return [*_short(told), *_without_users(told), *_listeners(told), *_missing(history, told)] if told else []


def refused_words(told: Mapping[str, Any]) -> str:
    """Which requests were refused: ``12 with response_time nan, 3 without name``; empty where none was."""
    refused = sorted((told.get("refused_requests") or {}).items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{number:,} {why}" for why, number in refused)


def _short(told: Mapping[str, Any]) -> Iterator[str]:
    if why := told.get("ended_by"):
        yield f"the load lasted {told.get('lasted_s') or 0:.1f} of {told.get('asked_s') or 0:g} s: {why}"


def _without_users(told: Mapping[str, Any]) -> Iterator[str]:
    users = told.get("users") or {}
    started, ended, broke = (users.get(name) or 0 for name in ("started", "ended", "broke"))
    last_s, lasted_s = users.get("last_s") or 0.0, told.get("lasted_s") or 0.0
    if started and ended >= started and last_s < lasted_s - _STAYED_S:
        who = "its one user" if started == 1 else f"all {started:,} users"
        yield f"{who} of the locustfile had stopped {last_s:.1f} s into the load: {users.get('why')}"
    elif broke:
        yield f"{broke:,} of {started:,} users of the locustfile broke off and asked nothing more: {users.get('why')}"


def _listeners(told: Mapping[str, Any]) -> Iterator[str]:
    if number := told.get("listener_errors"):
        yield f"listeners of the locustfile broke ({number:,} times), first with {told.get('listener_error')}"


def _missing(history: History, told: Mapping[str, Any]) -> Iterator[str]:
    missing = sum((told.get("refused_requests") or {}).values())
    asked = missing + len(history.ops)
    load = history.manifest["load"]
    if missing and missing >= MISSING_SHARE * asked:
        yield f"{missing:,} of {asked:,} requests of the locustfile are not on record: {refused_words(told)}"
    if not asked and (errors := load.get("task_errors")):
        yield f"the locustfile made no request: its tasks raised {errors:,} exceptions, first {load.get('task_error')}"
    elif not asked:
        yield "the locustfile made no request: none of its tasks fired Locust's request event"


CHECK = Check(
    name=NAME,
    question="did a locustfile fail the run, by the exit code that it set?",
    run=locustfile,
    workload=NO_WORKLOAD,
    required=False,
)
