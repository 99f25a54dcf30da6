"""What a user's locustfile did beside its requests: its own verdict, and a load that was not the one asked for.

Locust lets a file set the exit code of its process, end the load, stop its users or shape their number, and goes on
when a listener of it breaks. The run records that (``load.locustfile`` in the manifest), and here is what it means: an
exit code other than 0 fails the run, and a load that was not as asked proves nothing, whatever MySQL did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.check import NO_WORKLOAD, Check
from checks.verdict import Outcome, Verdict, unknown
from history.history import History
from history.load_account import LocustfileAccount

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
    account = history.run.load.locustfile
    if account is None or account.exit_code is None:
        return unknown(NAME, expected=_EXPECTED, reason="it set no process_exit_code")
    code = account.exit_code
    how = account.exit_said or f"exit code {code}"
    witness = [{"what": how}] if code else []
    verdict: Outcome = "fail" if code else "pass"
    return Verdict(name=NAME, verdict=verdict, expected=_EXPECTED, measured={"exit_code": code}, witness=witness)


def not_as_asked(history: History) -> list[str]:
    """Why the load was not the one that the scenario and the file ask for, one line each; none without a locustfile."""
    account = history.run.load.locustfile
    if account is None:
        return []
    return [*_short(account), *_without_users(account), *_listeners(account), *_missing(history, account)]


def refused_words(requests: Mapping[str, int]) -> str:
    """Which requests were refused: ``12 with response_time nan, 3 without name``; empty where none was."""
    refused = sorted(requests.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{number:,} {why}" for why, number in refused)


def _short(account: LocustfileAccount) -> Iterator[str]:
    if account.ended_by:
        yield f"the load lasted {account.lasted_s:.1f} of {account.asked_s:g} s: {account.ended_by}"


def _without_users(account: LocustfileAccount) -> Iterator[str]:
    users = account.users
    if users.started and users.ended >= users.started and users.last_s < account.lasted_s - _STAYED_S:
        who = "its one user" if users.started == 1 else f"all {users.started:,} users"
        yield f"{who} of the locustfile had stopped {users.last_s:.1f} s into the load: {users.why}"
    elif users.broke:
        yield (
            f"{users.broke:,} of {users.started:,} users of the locustfile failed and made no more requests: "
            f"{users.why}"
        )


def _listeners(account: LocustfileAccount) -> Iterator[str]:
    if account.listener_errors:
        yield (
            f"listeners of the locustfile failed ({account.listener_errors:,} times), first with "
            f"{account.listener_error}"
        )


def _missing(history: History, account: LocustfileAccount) -> Iterator[str]:
    load = history.run.load
    missing = sum(account.refused_requests.values())
    asked = missing + len(history.ops)
    if missing and missing >= MISSING_SHARE * asked:
        words = refused_words(account.refused_requests)
        yield f"{missing:,} of {asked:,} requests of the locustfile are not on record: {words}"
    if not asked and load.task_errors:
        yield (
            f"the locustfile made no request: its tasks raised {load.task_errors:,} exceptions, first {load.task_error}"
        )
    elif not asked:
        yield "the locustfile made no request: none of its tasks fired Locust's request event"


CHECK = Check(
    name=NAME,
    question="did a locustfile fail the run, by the exit code that it set?",
    run=locustfile,
    workload=NO_WORKLOAD,
    required=False,
)
