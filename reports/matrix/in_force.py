"""What was in force of a varied key, in a few words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: What a measurement of a fault is called in what was read begins so.
MEASURED = "measured"


def in_force(read: Mapping[str, Any]) -> list[str]:
    """``5`` where all say so, else ``5 on node2`` each. read: who says so -> what; what was measured beside it is left
    out, since that is never twice the same."""
    told = {who: value for who, value in read.items() if not who.startswith(MEASURED)}
    words = {who: value if isinstance(value, str) else json.dumps(value) for who, value in told.items()}
    if len(set(words.values())) == 1:
        return [next(iter(words.values()))]
    return [f"{value} on {who}" for who, value in words.items()]
