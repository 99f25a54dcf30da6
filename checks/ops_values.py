"""What acknowledged operations say they did, as a table. Judges nothing."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from checks.history import History


def acknowledged(history: History, *, f: Collection[str], columns: Sequence[str]) -> pd.DataFrame:
    """Rows key, and one number for each of these members of the value; float64, NaN where it is no number.

    Of a key acknowledged more than once, the first.
    """
    ops = history.ops
    acked = ops[ops["f"].isin(list(f)) & (ops["outcome"] == "ok")].drop_duplicates("key")
    values = [parsed(value) for value in acked["value"]]
    told = {name: [_number(value, name) for value in values] for name in columns}
    keys = pd.Series([str(key) for key in acked["key"]], dtype="str")
    return pd.DataFrame({"key": keys, **{name: pd.Series(told[name], dtype="float64") for name in columns}})


def parsed(value: object) -> Any:
    """An op's value, None where it is not JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


def _number(value: Any, name: str) -> float | None:
    number = value.get(name) if isinstance(value, dict) else None
    return number if isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < 2**63 else None
