"""The lines of ``faults.jsonl``: what each says, and whether those of one fault are a story that can have happened.

Chaos writes them, and `history.faults` reads them. A file whose times cannot be is no record of anything, so it is
refused. Whether the story is that of the fault which was planned is asked later (`checks.plausible`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal, get_args

from history.fields import Count, Flag, Number, Object, Pods, Refuted, Text, Time, Words, one_of, spelt
from history.json_files import HistoryError

Step = Literal["planned", "injected", "bitten", "healed", "clean"]
Kind = Literal["fault", "change"]
Part = Literal["node", "proxy", "agent", "control_plane", "load"]
Role = Literal["primary", "replica"]
Hits = Literal["node", "proxy", "agent", "control_plane", "load", "link"]
#: What a planned change is to bring about.
Intent = Literal["new_primary", "pod_added", "pod_removed", "restarted"]
#: A timer may fire this much before the moment it was set to.
_EARLY_NS = 10_000_000
#: step -> the steps it cannot come before.
_AFTER = {
    "injected": ("planned",),
    "bitten": ("injected",),
    "healed": ("injected", "bitten"),
    "clean": ("injected", "bitten", "healed"),
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a step of the timeline was to do: every line of its story says it. None: not told, as by other tools.

    kind: ``fault`` or ``change``. hits: what of the pod, ``node | proxy | agent | control_plane | load | link``.
    peer: the word for whom it was cut off from. after: the event it waited for. heal_after_s: seconds from injection
    to healing. for_good: never healed. parameters: everything else that was asked for, such as ``at_s``, ``delay_s``,
    and the fault's own keys. part: what of its pods the target names; a fault may hit the link of each part. role:
    what each of its pods is when it strikes, where the target says so.
    loses_node: a MySQL node that it hits is gone for its peers, so that a failover is to be expected. intends: what a
    change is to bring about. refuted_by: step -> field of its evidence -> values with which it did not happen.
    """

    kind: Annotated[Kind, one_of(get_args(Kind))] | None = None
    fault: Text
    target: Text
    hits: Annotated[Hits, one_of(get_args(Hits))] | None = None
    peer: Text | None = None
    after: Text | None = None
    heal_after_s: Number | None = None
    for_good: Flag | None = None
    parameters: Object | None = None
    part: Annotated[Part, one_of(get_args(Part))] | None = None
    role: Annotated[Role, one_of(get_args(Role))] | None = None
    loses_node: Flag | None = None
    intends: Annotated[Intent, one_of(get_args(Intent))] | None = None
    refuted_by: Refuted | None = None


@dataclass(frozen=True, kw_only=True)
class FaultLine(Asked):
    """One line of ``faults.jsonl``: a step of one fault on one pod. Its fields are the keys of the line.

    at_ns: CLOCK_MONOTONIC, None where it is not known when that will be. pod: whom it hits, once that is known.
    isolates_from: the pods by name that it was cut off from, or ``("all",)``; None: not told. ok, evidence: what a
    probe showed, and whether that is what was claimed.
    """

    id: Count
    step: Annotated[Step, one_of(get_args(Step))]
    at_ns: Time | None = None
    pod: Pods = ()
    isolates_from: Words | None = None
    ok: Flag | None = None
    evidence: Object | None = None

    def as_json(self) -> dict[str, Any]:
        first = {"id": self.id, "step": self.step, "at_ns": self.at_ns}  # what a person looks for in the file
        line = first | asdict(self) | {"pod": ", ".join(self.pod) or None}
        return {key: value for key, value in line.items() if value is not None or key not in ("ok", "evidence")}


class Story:
    """The steps of one fault so far; its fault and target are the same on every line. at_ns: by step."""

    def __init__(self) -> None:
        self._first: FaultLine | None = None
        self._lines: list[FaultLine] = []
        self.at_ns: dict[str, int | None] = {}

    def add(self, line: FaultLine, *, place: str) -> None:
        """One more line. place: for the message of the HistoryError that is raised when it cannot be."""
        first = self._first = self._first or line
        for name, before, here in (("fault", first.fault, line.fault), ("target", first.target, line.target)):
            if here != before:
                differing = f"{spelt(before)} before and {spelt(here)} here"
                raise HistoryError(f"{place}: {name!r} of id {line.id} is {differing}; expected the same on every line")
        if line.step in self.at_ns:
            raise HistoryError(f"{place}: step {line.step!r} of id {line.id} is there already; expected it once")
        self.at_ns[line.step] = line.at_ns
        self._lines.append(line)
        for later, causes in _AFTER.items():
            for cause in causes:
                self._require_order(cause, later, line, place)

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Where its lines contradict each other, one sentence each. Lines without their kind, as another tool's, may
        leave out what others say."""
        lines = sorted(self._lines, key=lambda line: _STEPS.index(line.step))
        whole = any(line.kind for line in lines)
        apart = [_apart(name, lines, whole=whole) for name in _STANDING]
        ok = {line.step: line.ok for line in lines}
        if ok.get("injected") is False and ok.get("bitten"):
            apart.append("ok is false on its injected line and true on its bitten line")
        return tuple(one for one in apart if one)

    def _require_order(self, cause: str, later: str, line: FaultLine, place: str) -> None:
        first_ns, then_ns = self.at_ns.get(cause), self.at_ns.get(later)
        if first_ns is None or then_ns is None:
            return
        if then_ns < first_ns - (_EARLY_NS if cause == "planned" else 0):
            early_ms = (first_ns - then_ns) / 1e6
            raise HistoryError(f"{place}: id {line.id} is {later} {early_ms:g} ms before it is {cause}")


_STEPS = get_args(Step)
#: What the planned line cannot know yet.
_LATER = ("pod", "isolates_from")
#: What is the same on every line.
_STANDING = (*(key.name for key in fields(Asked)), *_LATER)


def _apart(name: str, lines: Sequence[FaultLine], *, whole: bool) -> str:
    """The first two lines that say something else of one key; empty where none do. whole: all lines have all keys."""
    said = [
        (line.step, value)
        for line in lines
        if (value := getattr(line, name)) or (whole and not (line.step == "planned" and name in _LATER))
    ]
    for step, value in said[1:]:
        if value != said[0][1]:
            return f"{name} is {spelt(said[0][1])} on its {said[0][0]} line and {spelt(value)} on its {step} line"
    return ""
