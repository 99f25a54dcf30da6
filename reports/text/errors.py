"""What operations failed with, in plain words: MySQL's number and words, and how many of them. Judges nothing.

The address of a proxy or a pod means nothing to a reader, so none is shown: what answered there is.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pandas as pd

from checks.evidence.operations import refused
from history.history import History
from reports.text.units import count

KINDS_TOLD = 3
#: Of an endpoint that was tried, before what it said.
_ADDRESS = re.compile(r"(^|; )(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9A-Fa-f:]+\]?):\d+: ")
#: The end of a text that our own client made of an error without one of its own.
_NUMBER = re.compile(r" ?\(MySQL error \d+\)")
#: What the load generator writes where there was no answer.
_OURS = {
    "overflow": "not sent, as the backlog was full",
    "connection-timeout": "no connection became free in time",
    "drain-timeout": "not answered when the drain was over",
}
_NOT_GREETED = "closed before the greeting"


def error_words(errno: int | None, error: str | None, *, direct: bool = False) -> str:
    """One error as people read it: ``MySQL error 3098, The table does not comply …``. direct: no proxy between."""
    if error in _OURS:
        return _OURS[error]
    text = _NUMBER.sub("", _ADDRESS.sub(r"\1", error or "")).strip()
    # Every endpoint may have said the same.
    said = "; ".join(dict.fromkeys(text.split("; "))) if text else "no reason given"
    if _NOT_GREETED in said:
        whom = "the node" if direct else "the proxy, as it does when it has no node to send it to"
        said = said.replace(_NOT_GREETED, f"a new connection was closed at once by {whom}")
    return said if errno is None else f"MySQL error {errno}, {said}"


def what_did_not_succeed(history: History, *, all_told: bool) -> list[str]:
    """How many operations did not succeed, and with which errors, the most frequent first; each by its last attempt.

    all_told: also where it is no more than one in a hundred.
    """
    tried = history.ops
    ok = tried["outcome"] == "ok"
    asked = tried["key"].nunique()
    in_vain = ~ok & ~refused(tried, history.workload) & ~tried["key"].isin(tried["key"][ok])
    bad = tried[in_vain].drop_duplicates("key", keep="last")
    failed = len(bad)
    if not failed or (failed <= asked // 100 and not all_told):
        return []
    direct = history.run.mesh.is_direct
    raw: Counter[tuple[Any, Any]] = Counter(
        zip((_number(one) for one in bad["errno"]), (_text(one) for one in bad["error"]), strict=True)
    )
    kinds: Counter[str] = Counter()
    for (errno, error), number in raw.items():
        kinds[error_words(errno, error, direct=direct)] += number
    told = [f"{words.rstrip('.'):.160} ({count(number)}, {_share(number, failed)})" for words, number in _first(kinds)]
    rest = len(kinds) - len(told)
    more = f"; and {count(rest)} more kind{'s' * (rest > 1)}" if rest else ""
    how_many = f"{count(failed)} of {count(asked)} operations ({_share(failed, asked)}) did not succeed"
    return [f"{how_many}: {'; '.join(told)}{more}."]


def _first(kinds: Counter[str]) -> list[tuple[str, int]]:
    return sorted(kinds.items(), key=lambda one: (-one[1], one[0]))[:KINDS_TOLD]


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole
    if 99 < share < 100:
        return "over 99 %"
    return f"{share:.0f} %" if share >= 1 else f"{share:.2g} %"


def _number(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
