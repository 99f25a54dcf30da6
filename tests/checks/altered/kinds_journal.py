"""The journal of faults, and the control plane's decisions: lines gone, in another order, of another fault, or absurd."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.checks.altered.bases import TOPOLOGIES, at_ns, base
from tests.checks.altered.cases import ANY, DOUBTFUL, UNREADABLE, VOID, Case, Cases
from tests.checks.altered.folders import DECISIONS, FAULTS, MANIFEST, Folder, Row

STEPS = ("planned", "injected", "bitten", "healed", "clean")
KINDS: dict[str, Any] = {
    "null": None,
    "a list": [1],
    "an object": {"a": 1},
    "a number": 4711,
    "text": "many",
    "true": True,
}


def _case(
    kind: str, place: str, topology: str, alter: Callable[[Folder], None], allowed: frozenset[str], *files: str
) -> Case:
    return Case(
        kind=kind,
        place=place,
        workload="transfer",
        topology=topology,
        alter=alter,
        allowed=allowed,
        files=files or (FAULTS,),
    )


def _line(folder: Folder, step: str) -> Row:
    return next(line for line in folder.lines[FAULTS] if line["step"] == step)


def _set(folder: Folder, *, steps: tuple[str, ...], changes: Row) -> None:
    for step in steps:
        _line(folder, step).update(changes)


def _without(folder: Folder, *, steps: tuple[str, ...]) -> None:
    folder.lines[FAULTS] = [line for line in folder.lines[FAULTS] if line["step"] not in steps]


def missing(topology: str) -> Cases:
    for steps, allowed in (
        (("planned",), ANY),
        (("injected",), DOUBTFUL),
        (("bitten",), DOUBTFUL),
        (("healed",), ANY),
        (("clean",), ANY),  # equal pods are the better evidence
        (("injected", "bitten"), DOUBTFUL),
        (("bitten", "healed", "clean"), DOUBTFUL),
        (("injected", "bitten", "healed", "clean"), DOUBTFUL),
    ):
        yield _case("faults: a line gone", ", ".join(steps), topology, partial(_without, steps=steps), allowed)


def _exchange(folder: Folder, *, one: str, other: str) -> None:
    first, second = _line(folder, one), _line(folder, other)
    first["at_ns"], second["at_ns"] = second["at_ns"], first["at_ns"]


def _shift(folder: Folder, *, by_ns: int) -> None:
    for line in folder.lines[FAULTS]:
        line["at_ns"] += by_ns
        if "done_ns" in (line.get("evidence") or {}):
            line["evidence"]["done_ns"] += by_ns


def order(topology: str) -> Cases:
    for number, one in enumerate(STEPS[1:], start=1):
        for other in STEPS[number + 1 :]:
            kind, place = "faults: two times exchanged", f"{one} and {other}"
            yield _case(kind, place, topology, partial(_exchange, one=one, other=other), DOUBTFUL)
    for place, by_ms in (("all before the load", -9_000), ("all after the load", 20_000)):
        yield _case("faults: at another time", place, topology, partial(_shift, by_ns=by_ms * 10**6), DOUBTFUL)


def others(topology: str) -> Cases:
    """Another fault, pod or target than planned, and words that no fault has."""
    rest = STEPS[1:]
    for name, values, allowed in (
        ("fault", ("pause", "partition", "switchover", "scale-out"), DOUBTFUL),
        ("fault", ("kil", "", "Kill"), DOUBTFUL),
        ("target", ("replica", "replicas", "control_plane"), DOUBTFUL),
        ("target", ("primry", ""), DOUBTFUL),
        ("pod", ("node9", "", None, [], ["node1", "node9"]), DOUBTFUL),
    ):
        for value in values:
            yield _case("faults: another than planned", f"{name}: {value}", topology, partial(_set, steps=rest, changes={name: value}), allowed)  # fmt: skip
    if topology != "single":
        yield _case("faults: another than planned", "pod: node3, a replica", topology, partial(_set, steps=rest, changes={"pod": "node3"}), DOUBTFUL)  # fmt: skip
    for step in STEPS:
        for word in ("inject", step.upper(), "", None, 7):
            yield _case("faults: a step nobody knows", f"{step} is {word!r}", topology, partial(_set, steps=(step,), changes={"step": word}), UNREADABLE)  # fmt: skip


def evidence(topology: str) -> Cases:
    """What was seen says the contrary, or nothing."""
    ways: dict[str, Row] = {
        "ok false": {"ok": False},
        "ok gone": {"ok": None},
        "ok as text": {"ok": "yes"},
        "nothing seen": {"evidence": {}},
        "null": {"evidence": None},
        "a list": {"evidence": ["exited"]},
        "text": {"evidence": "exited"},
        "the container runs": {"evidence": {"container": "running", "exit_code": 0, "answers": True}},
        "it answers": {"evidence": {"container": "exited", "exit_code": 137, "answers": True}},
        "of another fault": {"evidence": {"rule": True, "packets_dropped": 7, "reached_from": {"node2": False}}},
    }
    for how, changes in ways.items():
        yield _case("faults: evidence of the bite", how, topology, partial(_set, steps=("bitten",), changes=changes), DOUBTFUL)  # fmt: skip
    after: dict[str, Row] = {
        "not in service": {"container": "running", "answers": True, "in_service": False, "caught_up": True},
        "exited": {"container": "exited", "answers": False, "in_service": False, "caught_up": False},
    }
    for how, seen in after.items():
        yield _case("faults: evidence of the heal", how, topology, partial(_set, steps=("clean",), changes={"evidence": seen}), DOUBTFUL)  # fmt: skip


def _key(folder: Folder, *, path: str, number: int, name: str, value: Any) -> None:
    line = folder.lines[path][number]
    if value is KeyError:
        del line[name]
    else:
        line[name] = value


def keys(path: str, topology: str) -> Cases:
    """Every key of every line gone, or of another kind."""
    for number, line in enumerate(base("transfer", topology).lines.get(path, [])):
        if path == DECISIONS and line["event"] not in ("started", "promoted", "primary_gone"):
            continue
        for name in line:
            for how, value in {**KINDS, "gone": KeyError}.items():
                yield _case(
                    f"a key in {path}: {how}",
                    f"line {number + 1}, {name}",
                    topology,
                    partial(_key, path=path, number=number, name=name, value=value),
                    ANY,
                    path,
                )


def ids(topology: str) -> Cases:
    def second(folder: Folder, *, changes: Row) -> None:
        folder.lines[FAULTS] += [line | changes for line in folder.lines[FAULTS]]

    for how, changes, allowed in (
        ("all lines twice", {}, DOUBTFUL),
        ("one id for two faults", {"fault": "pause"}, DOUBTFUL),
        ("another fault that nobody planned", {"id": 1, "fault": "pause"}, DOUBTFUL),
    ):
        yield _case("faults: ids", how, topology, partial(second, changes=changes), allowed)
    for value in (-1, 1.5, "0", None, [0], 2**64, True):
        yield _case("faults: ids", f"id {value!r}", topology, partial(_set, steps=STEPS, changes={"id": value}), ANY)
    for number in (2, 3):
        yield _case(
            "faults: fewer than planned",
            f"{number} planned",
            topology,
            partial(_plan_more, number=number),
            frozenset({VOID, "exit 2"}),
            MANIFEST,
            FAULTS,
        )


def _plan_more(folder: Folder, *, number: int) -> None:
    folder.manifest["scenario"]["faults"] *= number


def decided(topology: str) -> Cases:
    """Two pods promoted at once; pods that are not there."""

    def promote(folder: Folder, *, at_ms: float, pod: str, epoch: int) -> None:
        line = {"at_ns": at_ns(at_ms), "event": "promoted", "epoch": epoch, "pod": pod, "detail": {"why": "failover"}}
        folder.lines[DECISIONS] = sorted([*folder.lines[DECISIONS], line], key=lambda one: one["at_ns"])

    newest = base("transfer", topology).lines[DECISIONS][-1]["epoch"]
    for how, at_ms, pod, epoch in (
        ("two at once, of one epoch", 3_995, "node3", newest),
        ("another a moment later, of one epoch", 4_050, "node3", newest),
        ("a pod that is not there", 3_990, "node9", newest),
    ):
        yield _case("decisions: promoted", how, topology, partial(promote, at_ms=at_ms, pod=pod, epoch=epoch), DOUBTFUL, DECISIONS)  # fmt: skip


def cases() -> Cases:
    for topology in TOPOLOGIES:
        yield from missing(topology)
        yield from order(topology)
        yield from others(topology)
        yield from evidence(topology)
        yield from ids(topology)
        yield from keys(FAULTS, topology)
        if topology != "single":
            yield from keys(DECISIONS, topology)
            yield from decided(topology)
