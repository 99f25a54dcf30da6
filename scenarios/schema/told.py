"""A user's own values in a message: short, on one line, and as YAML spells them."""

from __future__ import annotations

import json
from typing import Any

LONGEST_ECHO = 80


def brief(text: str) -> str:
    """At most a line's worth of a user's own words, without line breaks in it."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode()
    return shown if len(shown) <= LONGEST_ECHO else f"{shown[:LONGEST_ECHO]}…"


def spelt(value: Any) -> str:
    """``null``, ``true``, ``'text'``, ``[1, 2]``; a date as it is written."""
    if isinstance(value, str):
        return brief(repr(value))
    return brief(json.dumps(value, default=str, ensure_ascii=False).replace('"', "'"))
