"""What a user's locustfile did beside its requests, in words: for the headline, the page and the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.locustfile import refused_words
from history.history import History
from history.load_account import LocustfileAccount
from reports.text.units import count


def sentences(history: History) -> list[str]:
    """What is worth knowing and makes no run void; empty without a locustfile, or when there is nothing."""
    run, words = history.run, []
    account = run.load.locustfile or LocustfileAccount()
    if account.exit_code:
        words.append(f"The locustfile itself failed the run: {account.exit_said or account.exit_code}.")
    if run.load.task_errors:
        raised = f"{count(run.load.task_errors)} exceptions, the first: {run.load.task_error}"
        words.append(f"Tasks of the locustfile raised {raised}.")
    if refused := refused_words(account.refused_requests):
        words.append(f"Requests of the locustfile that are not on record: {refused}.")
    if account.renamed_requests:
        renamed = count(account.renamed_requests)
        words.append(f"{renamed} requests have a name that is no text of one line; it is written as such.")
    users = account.users
    if users.ended and not users.broke:
        words.append(f"{count(users.ended)} of {count(users.started)} users stopped on their own.")
    shape = run.load_model.shape
    return [*words, *([f"The load shape was {shape}."] if shape else [])]


def facts_of(generator: Mapping[str, Any]) -> dict[str, Any]:
    """The same as a table of the page: what is told of it, by a name for people."""
    told = generator.get("locustfile")
    if not isinstance(told, Mapping):
        return {}
    users = told.get("users") or {}
    facts = {
        "its own exit code": told.get("exit_code"),
        "how": told.get("exit_said"),
        "lasted, in seconds": told.get("lasted_s"),
        "asked for, in seconds": told.get("asked_s"),
        "ended early by": told.get("ended_by"),
        "users started": users.get("started"),
        "users that stopped on their own": users.get("ended"),
        "of these by an exception": users.get("broke"),
        "why": users.get("why"),
        "listeners that broke": told.get("listener_errors"),
        "first with": told.get("listener_error"),
        "requests not on record": refused_words(told.get("refused_requests") or {}),
        "requests with a name written otherwise": told.get("renamed_requests"),
    }
    return {name: value for name, value in facts.items() if value not in (None, "", 0)}
