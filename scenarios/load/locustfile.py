"""What several load pods tell of a user's locustfile, as one account: sums, and the first that says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Account = Mapping[str, Any]


def joint_account(accounts: Sequence[Account]) -> dict[str, Any]:
    """The account of the whole load, as `checks.locustfile` reads it. accounts: Locust's master's first: it has the
    shape, and knows who ended the load."""
    users = [one["users"] for one in accounts]
    codes = [one for one in accounts if one["exit_code"]] or [one for one in accounts if one["exit_code"] is not None]
    refused: Counter[str] = Counter()
    for one in accounts:
        refused.update(one["refused_requests"])
    return {
        "exit_code": codes[0]["exit_code"] if codes else None,
        "exit_said": codes[0]["exit_said"] if codes else "",
        "lasted_s": min(one["lasted_s"] for one in accounts),
        "asked_s": accounts[0]["asked_s"],
        "ended_by": _first(accounts, "ended_by"),
        "users": {
            **{name: sum(one[name] for one in users) for name in ("started", "ended", "broke")},
            "why": _first(users, "why"),
            "last_s": max((one["last_s"] for one in users if one["last_s"] is not None), default=None),
        },
        "listener_errors": sum(one["listener_errors"] for one in accounts),
        "listener_error": _first(accounts, "listener_error"),
        "refused_requests": dict(refused),
        "renamed_requests": sum(one["renamed_requests"] for one in accounts),
        "shape": next((one["shape"] for one in accounts if one["shape"]), None),
    }


def in_words(value: Any, spell: Callable[[str], str]) -> Any:
    """The same with every text in it spelt otherwise."""
    if isinstance(value, Mapping):
        return {key: in_words(one, spell) for key, one in value.items()}
    return spell(value) if isinstance(value, str) else value


def shape_words(shape: Mapping[str, Any]) -> str:
    """What a load shape decided: ``StepLoad: 5 users from 0 s, 10 from 3 s; it ended the load at 6 s``."""
    steps = [
        f"{users} users from {at_s:g} s" if number == 0 else f"{users} from {at_s:g} s"
        for number, (at_s, users) in enumerate(shape["steps"])
    ]
    more = shape["changes"] - len(steps)
    told = ", ".join(steps) + (f", and {more} more changes" if more > 0 else "")
    ended = "" if shape["ended_s"] is None else f"; it ended the load at {shape['ended_s']:g} s"
    return f"{shape['name']}: {told or 'no users'}{ended}"


def _first(accounts: Sequence[Account], name: str) -> str:
    return next((one[name] for one in accounts if one[name]), "")
