"""Whether everything that a run recorded is there: what is missing is judged by nothing.

A run lists the files that it has recorded, so one that is gone is told of, and so is a key of the manifest or of
final/nodes.json that every run writes. A folder that lists none, as another tool leaves it, may hold less.

The generator has counted its operations, and all of them must be there: an acknowledged one that is gone, together
with its rows, would look like one that never was. So a record that is cut, or holds more than was done, makes the trial
void: no loss is shown, and none is ruled out. A worker that died has counted up to its last second only, and is told of
as such (`checks.judge`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from checks.evidence.ledger import coded, serves
from checks.evidence.openings import FIXED
from checks.evidence.operations import FAIL, OK, UNKNOWN, key_outcomes
from history.history import History
from history.load_account import LoadAccount

#: What the generator counts an operation as, once it is settled.
_SETTLED = {"ok": OK, "unknown": UNKNOWN, "fail": FAIL}
_WORDS = {"offered": "operations offered", "ok": "acknowledged", "unknown": "of unknown outcome", "fail": "failed"}
_SHOWN = 5
#: What judging reads in the manifest of every run of ours, and what of a pod's record.
_KEYS = (
    *("schema", "scenario", "scenario.topology", "scenario.workload", "scenario.faults", "scenario.gates", "gates"),
    *("seed", "topology.kind", "topology.pods", "topology.primaries", "topology.pods_at_end", "mesh.mode"),
    *("load.zero_ns", "load.complete", "load.offered", "load.ok", "load.fail", "load.unknown", "load.rows"),
    *("host.steal_percent", "host.cpu_pressure_percent"),
)
_OF_A_POD = ("role", "state", "gtid_executed", "checksums")
#: Null where the machine cannot tell.
_MAY_BE_NULL = frozenset({"host.cpu_pressure_percent"})


def incomplete(history: History) -> list[str]:
    """What of the record is not there, one line each: files, keys that every run writes, and operations that
    manifest.load counts."""
    load = history.run.load
    counted = [] if load.is_cut else [*_uncounted(history, load), *_rows(history, load)]
    return [*_gone(history), *_unsaid(history), *counted]


def _gone(history: History) -> Iterator[str]:
    if names := history.absent:
        more = len(names) - _SHOWN
        told = ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        are = "is" if len(names) == 1 else "are"
        yield f"the record is not whole: {told} {are} gone from the folder, and the run had recorded {_it(names)}"


def _it(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "them"


def _unsaid(history: History) -> Iterator[str]:
    """Of a folder that lists what was recorded. A run that could not record something says that it is missing."""
    if history.run.evidence is None or history.run.missing:
        return
    keys = [*_KEYS, *(["opened"] if FIXED.get(history.run.workload_name or "") else [])]
    lacking = [key for key in keys if not _is_told(history.manifest, key)]
    if lacking:
        yield f"manifest.json does not tell {', '.join(lacking)}, which every run records"
    for pod, record in (history.nodes or {}).items():
        if serves(record) and (lacking := [key for key in _OF_A_POD if record.get(key) is None]):
            yield f"final/nodes.json does not tell {', '.join(lacking)} of {pod}, which every run records"


def _is_told(of: Mapping[str, Any], path: str) -> bool:
    value: Any = of
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return False
        value = value[key]
    return value is not None or path in _MAY_BE_NULL


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
