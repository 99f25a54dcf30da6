"""Whether all operations that the generator counted are in the record: what is missing is judged by nothing.

An acknowledged operation that is gone from the record, together with its rows, would look like one that never was. So a
record that is cut, or holds more than was done, makes the trial void: no loss is shown, and none is ruled out. A worker
that died has counted up to its last second only, and is told of as such (`checks.judge`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from checks.evidence.ledger import coded
from checks.evidence.operations import FAIL, OK, UNKNOWN, key_outcomes
from history.history import History
from history.load_account import LoadAccount

#: What the generator counts an operation as, once it is settled.
_SETTLED = {"ok": OK, "unknown": UNKNOWN, "fail": FAIL}
_WORDS = {"offered": "operations offered", "ok": "acknowledged", "unknown": "of unknown outcome", "fail": "failed"}


def incomplete(history: History) -> list[str]:
    """Why the operations on record are not those that manifest.load counts, one line each; empty if it counts none."""
    load = history.run.load
    return [] if load.is_cut else [*_uncounted(history, load), *_rows(history, load)]


def _uncounted(history: History, load: LoadAccount) -> Iterator[str]:
    told: dict[str, int] = {name: number for name in _WORDS if (number := getattr(load, name)) is not None}
    if not told:
        return
    (codes,), keys = coded(history.ops["key"])
    best = key_outcomes(history.ops["outcome"], codes, len(keys))
    found = {"offered": len(keys), **{name: int(np.sum(best == code)) for name, code in _SETTLED.items()}}
    wrong = [name for name, number in told.items() if found[name] != number]
    if wrong:
        counted = ", ".join(f"{told[name]:,} {_WORDS[name]}" for name in wrong)
        recorded = ", ".join(f"{found[name]:,}" for name in wrong)
        what = "is cut" if any(found[name] < told[name] for name in wrong) else "is not that of the load"
        yield f"the record {what}: the generator counted {counted}, and ops/ holds {recorded}"


def _rows(history: History, load: LoadAccount) -> Iterator[str]:
    """Attempts are rows, too: what the run wrote into all files together."""
    if load.rows is None:
        return
    written = sum(load.rows.values())
    if written != len(history.ops):
        yield f"the record is not whole: the run wrote {written:,} rows into ops/, and there are {len(history.ops):,}"
