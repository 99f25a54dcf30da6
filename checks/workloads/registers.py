"""Registers of ``mixed-read``: each version was made by one write, is booked under its key, and what is read was made.

A write raises its register by one and books the key with the version it made. So on every pod: the registers are those
that set-up made, each once; the versions booked on a register are 1, 2, 3 … to the one it has; ``writes`` and ``keys``
hold the same keys; and what is booked under a key is what was asked for. No two acknowledged writes made one version,
and no read found one that nobody can have made. Whether acknowledged writes are there at all is durability's question,
how old a version that was read staleness's.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from checks.check import Check
from checks.evidence.keys import keys_apart
from checks.evidence.ledger import MissingError, text
from checks.evidence.openings import rows_of_setup
from checks.evidence.ops_values import Cells, altered, asked, members, parsed
from checks.evidence.tables import Tables, absent_pods, total, unequal, verdict_of
from checks.verdict import Verdict, unknown
from history.history import History

NAME = "registers"
EXPECTED = "on every node each register has as many versions as were written, each by one write, and no other was read"


def registers(history: History) -> Verdict:
    """measured: writes (rows judged), and the rows that break versions (not one booked write each), newest (register
    and booked writes differ), altered, keys, made_twice, never_made (reads), pods_without_rows, missing_rows,
    extra_rows, openings, unreadable, twice."""
    tables = Tables(history)
    columns = {"k": "k", "version": "version"}
    try:
        held = tables.table("registers", numbers=columns, unique=["k"])
        booked = tables.table("writes", numbers=columns, words=["id"], unique=["id"])
    except MissingError as gone:
        return unknown(NAME, expected=EXPECTED, reason=str(gone))
    set_up = rows_of_setup(history, "mixed-read")
    if history.final["registers"].empty and not any(map(len, set_up.values())):
        return unknown(NAME, expected=EXPECTED, reason="final/registers.parquet holds no register")
    booked = booked.rename(columns={"id": "key"})
    by = ["node", "k"]
    newest = total(held, by, "version")
    again = booked[booked.duplicated([*by, "version"], keep=False) | (booked["version"] < 1).astype(bool)]
    broken: dict[str, pd.DataFrame] = {
        # As many as the newest is, none above it, none twice and none below 1: then they are 1, 2, 3 … without a gap.
        "versions": again,
        "newest": pd.concat(
            [unequal(newest, total(booked, by)), unequal(newest[newest != 0], booked.groupby(by)["version"].max())],
            ignore_index=True,
        ).drop_duplicates(by),
        "altered": altered(booked, ["k", "version"], asked(history.ops, _write)),
        "keys": keys_apart(tables, booked),
        "pods_without_rows": absent_pods(history, held),
    }
    broken |= _odd_versions(history, booked) | set_up | tables.broken
    return verdict_of(NAME, EXPECTED, broken, {"writes": len(booked)})


def _write(f: str, value: Any) -> Cells | None:
    return members(value, "k", "version", optional=["version"]) if f == "write" else None


def _odd_versions(history: History, booked: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``made_twice``: stored keys acknowledged with a version of which another stored key was told, too.
    ``never_made``: reads of a version above any that is booked, was told, or may have been made by a write of unknown
    outcome.

    Of a lost write, which is durability's, the next primary makes the version once more: so only stored keys count.
    """
    stored = set(booked["key"])
    top: Counter[int] = Counter()
    for k, version in booked[["k", "version"]].itertuples(index=False, name=None):
        top[k] = max(top[k], version)
    made: dict[tuple[int, int], set[str]] = {}
    silent: Counter[int] = Counter()
    reads: list[tuple[str, str, Any]] = []
    for key, f, value, outcome in history.ops[["key", "f", "value", "outcome"]].itertuples(index=False, name=None):
        if f == "read" and outcome == "ok":
            reads.append((text(key), value, parsed(value)))
        k, version = _write(f, parsed(value)) or (None, None)
        if k is None or outcome == "fail":
            continue
        if version is None:
            silent[k] += 1
        else:
            top[k] = max(top[k], version)
            if outcome == "ok" and text(key) in stored:
                made.setdefault((k, version), set()).add(text(key))
    complete = not history.run.load.is_cut
    odd: list[dict[str, Any]] = []
    for key, value, content in reads if complete else ():
        k, version = members(content, "k", "version") or (None, None)
        if k is None or version is None or not 0 <= version <= top[k] + silent[k]:
            odd.append({"key": key, "found": str(value)})
    twice = [
        {"k": k, "version": version, "keys": ", ".join(sorted(keys))}
        for (k, version), keys in made.items()
        if len(keys) > 1
    ]
    return {"made_twice": pd.DataFrame(twice), "never_made": pd.DataFrame(odd)}


CHECK = Check(
    name=NAME,
    question="was each version of a register made by one write, and was no other one read?",
    run=registers,
    safety=True,
    workload="mixed-read",
)
