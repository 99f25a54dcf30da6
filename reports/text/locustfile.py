"""What a user's locustfile did beside its requests, in words: for the headline, the page and the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checks.locustfile import account, refused_words
from history.history import History
from reports.text.units import count


def sentences(history: History) -> list[str]:
    """What is worth knowing and makes no run void; empty without a locustfile, or when there is nothing."""
    load = history.manifest.get("load") or {}
    told, words = account(history), []
    if told.get("exit_code"):
        words.append(f"The locustfile itself failed the run: {told.get('exit_said') or told['exit_code']}.")
    if load.get("task_errors"):
        words.append(
            f"Tasks of the locustfile raised {count(load['task_errors'])} exceptions, the first: {load['task_error']}."
        )
    if refused := refused_words(told):
        words.append(f"Requests of the locustfile that are not on record: {refused}.")
    if renamed := told.get("renamed_requests"):
        words.append(f"{count(renamed)} requests have a name that is no text of one line; it is written as such.")
    users = told.get("users") or {}
    if users.get("ended") and not users.get("broke"):
        words.append(f"{count(users['ended'])} of {count(users['started'])} users stopped on their own.")
    shape = (history.manifest.get("load_model") or {}).get("shape")
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
        "requests not on record": refused_words(told),
        "requests with a name written otherwise": told.get("renamed_requests"),
    }
    return {name: value for name, value in facts.items() if value not in (None, "", 0)}
