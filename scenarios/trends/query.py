"""``meshbench history``: a question to the history in SQL, answered as a table, as CSV or as JSON.

Only reading is possible: the file is opened so, and no other file can be opened from a question.
"""

from __future__ import annotations

import csv
import io
import json
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from cluster.errors import ConfigurationError
from reports.text.visible import visible
from reports.trends.store import Store

#: Without a question of the user's own.
NEWEST = """\
SELECT started_at, scenario, cell, verdict, round(write_outage_ms) AS write_outage_ms,
       round(response_p99_ms, 1) AS response_p99_ms, lost, folder
FROM trials ORDER BY started_at DESC LIMIT 20"""
#: What a connection that can only read could still do: open another file. VACUUM INTO does it, too.
_OTHER_FILES = frozenset((sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH))


class Answer(NamedTuple):
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def ask(runs: Path, query: str = NEWEST) -> Answer:
    """Raises StoreError where there is no history, and ConfigurationError where the query is wrong or would write."""
    with closing(Store(runs).for_reading()) as connection:
        connection.set_authorizer(_reading)
        try:
            found = connection.execute(query)
            if found.description is None:
                raise ConfigurationError("--sql: this asks nothing; expected a SELECT, such as SELECT * FROM trials")
            return Answer([column[0] for column in found.description], found.fetchall())
        except (sqlite3.Error, sqlite3.Warning) as error:
            why = str(error)
            if "not authorized" in why or "readonly" in why:
                why = "only SELECT is possible; the history is what the run folders say"
            raise ConfigurationError(f"--sql: {why}") from None


def _reading(action: int, first: str | None, *_: str | None) -> int:
    refused = action in _OTHER_FILES or (action == sqlite3.SQLITE_PRAGMA and first != "table_info")
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK


def as_table(answer: Answer) -> str:
    """Columns side by side; numbers to the right."""
    cells = [[_shown(value) for value in row] for row in answer.rows]
    widths = [max(map(len, column)) for column in zip(answer.columns, *cells, strict=True)]
    numeric = [all(isinstance(row[at], int | float | None) for row in answer.rows) for at in range(len(answer.columns))]

    def line(words: Sequence[str]) -> str:
        sides = zip(words, widths, numeric, strict=True)
        return "  ".join(word.rjust(width) if right else word.ljust(width) for word, width, right in sides).rstrip()

    return "".join(f"{line(row)}\n" for row in [answer.columns, *cells])


def as_csv(answer: Answer) -> str:
    """With a line of column names; what is not known is empty."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([answer.columns, *answer.rows])
    return out.getvalue()


def as_json(answer: Answer) -> str:
    """A list of objects; null for a number that JSON does not have, bytes in hexadecimal."""
    rows = [dict(zip(answer.columns, map(_of_json, row), strict=True)) for row in answer.rows]
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _of_json(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.hex() if isinstance(value, bytes) else value


def _shown(value: Any) -> str:
    return "" if value is None else visible(f"{value:g}" if isinstance(value, float) else str(value))


#: By the name of the option.
FORMS: Mapping[str, Callable[[Answer], str]] = MappingProxyType({"table": as_table, "csv": as_csv, "json": as_json})
