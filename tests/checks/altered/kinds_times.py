"""Times that cannot be, in every column and key that holds one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.checks.altered.bases import ZERO_NS, base
from tests.checks.altered.cases import ANY, DOUBTFUL, Case, Cases
from tests.checks.altered.folders import DECISIONS, FAULTS, OBSERVED, OPS, Folder, Row

EPOCH_NS = 1_767_268_800_000_000_000
HOUR_NS = 3_600 * 10**9
TIMES: dict[str, Callable[[int], int]] = {
    "zero": lambda _: 0,
    "negative": lambda _: -1,
    "of the wall clock": lambda _: EPOCH_NS,
    "at 2^63": lambda _: 2**63 - 1,
    "an hour early": lambda at_ns: at_ns - HOUR_NS,
    "an hour late": lambda at_ns: at_ns + HOUR_NS,
}
PLACES = {"first": 0, "middle": 25, "last": -1}


def operations(workload: str, topology: str) -> Cases:
    """intended <= start <= end, all of them within the run. In one row, and in all."""
    for column in ("intended_ns", "start_ns", "end_ns"):
        for how, change in TIMES.items():
            for where, place in PLACES.items():
                yield Case(
                    kind=f"a time of an operation: {how}",
                    place=f"{column} of the {where}",
                    workload=workload,
                    topology=topology,
                    alter=partial(_alter, path=OPS, column=column, place=place, change=change),
                    allowed=DOUBTFUL,
                    files=(OPS,),
                )
            yield Case(
                kind=f"a time of an operation: {how}",
                place=f"{column} of all",
                workload=workload,
                topology=topology,
                alter=partial(_alter, path=OPS, column=column, place=None, change=change),
                allowed=DOUBTFUL,
                files=(OPS,),
            )
    for one, other in (("intended_ns", "start_ns"), ("start_ns", "end_ns"), ("intended_ns", "end_ns")):
        for where, place in PLACES.items():
            yield Case(
                kind="a time of an operation: two exchanged",
                place=f"{one} and {other} of the {where}",
                workload=workload,
                topology=topology,
                alter=partial(_exchange, one=one, other=other, place=place),
                allowed=DOUBTFUL,
                files=(OPS,),
            )


def _alter(folder: Folder, *, path: str, column: str, place: int | None, change: Callable[[int], int]) -> None:
    rows = folder.rows(path)
    for row in rows if place is None else [rows[place]]:
        row[column] = change(row[column])
    folder.put(path, rows)


def _exchange(folder: Folder, *, one: str, other: str, place: int) -> None:
    rows = folder.rows(OPS)
    row = rows[place]
    row[one], row[other] = row[other], row[one]
    folder.put(OPS, rows)


def samples(topology: str) -> Cases:
    for how, change in TIMES.items():
        for where, place in {**PLACES, "all": None}.items():
            yield Case(
                kind=f"a time of a sample: {how}",
                place=where,
                workload="transfer",
                topology=topology,
                alter=partial(_alter, path=OBSERVED, column="at_ns", place=place, change=change),
                allowed=DOUBTFUL,
                files=(OBSERVED,),
            )


def lines(path: str, topology: str) -> Cases:
    """Of faults.jsonl and decisions.jsonl: each line, with each time."""
    for number, line in enumerate(base("transfer", topology).lines.get(path, [])):
        for how, change in TIMES.items():
            word = line.get("step") or line["event"]
            untold = path == DECISIONS and word not in ("promoted", "primary_gone", "rejoined")
            yield Case(
                kind=f"a time in {path}: {how}",
                place=f"line {number + 1}, {word}",
                workload="transfer",
                topology=topology,
                alter=partial(_alter_line, path=path, number=number, change=change),
                allowed=ANY if untold and "hour" in how else DOUBTFUL,
                files=(path,),
            )


def _alter_line(folder: Folder, *, path: str, number: int, change: Callable[[int], int]) -> None:
    line: Row = folder.lines[path][number]
    line["at_ns"] = change(line["at_ns"])


def everything(topology: str) -> Cases:
    """A run of another time is as good: all times are moved alike."""
    for how, moved_ns in (("near zero", -ZERO_NS + 20 * 10**9), ("days later", 10**15)):
        yield Case(
            kind="all times moved alike",
            place=how,
            workload="transfer",
            topology=topology,
            alter=partial(_move, moved_ns=moved_ns),
            allowed=frozenset({"pass"}),
            files=(),
        )


def _move(folder: Folder, *, moved_ns: int) -> None:
    for path, columns in ((OPS, ("intended_ns", "start_ns", "end_ns")), (OBSERVED, ("at_ns",))):
        for column in columns:
            _alter(folder, path=path, column=column, place=None, change=lambda at_ns: at_ns + moved_ns)
    for path in folder.lines:
        for line in folder.lines[path]:
            line["at_ns"] += moved_ns
            if "done_ns" in (line.get("evidence") or {}):
                line["evidence"]["done_ns"] += moved_ns
    folder.manifest["monotonic_zero_unix_ns"] -= moved_ns


def cases() -> Cases:
    yield from operations("transfer", "group")
    yield from operations("tpcb", "single")
    for topology in ("single", "async", "group"):
        yield from samples(topology)
        yield from lines(FAULTS, topology)
        yield from lines(DECISIONS, topology)
        yield from everything(topology)
