"""What became of each fault, one record a fault, folded from the lines that chaos wrote down (`history.fault_lines`).

A timeline step that breaks nothing (a switchover, a pod more or less) is recorded as a fault is: same file, same steps.
Nothing is concluded here from what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from history.fault_lines import Asked, FaultLine, Intent, Role, Story
from history.fields import read
from history.older.faults import NODE_WORDS, ROLES, facts

#: In ``isolates_from``: every pod of the run, the clients' own included.
EVERYONE = "all"
#: Words of targets that are no MySQL pod, where the line does not say what of it was hit.
_NO_NODE = frozenset({"control_plane", "proxy", "load"})


@dataclass(frozen=True, kw_only=True)
class FaultRecord(Asked):
    """What became of one planned step of the timeline, folded from the lines of ``faults.jsonl``.

    A step that never happened is ``None``; bitten and clean are true only with evidence that says so.
    injected_evidence: ``done_ns``, when the injection had returned, and ``due_ns``, when it was due, if both are told.
    pods: whom it hit. isolates_from: as in `FaultLine`. told: the steps that have a line -> its time. disagreements:
    where its lines contradict each other, one sentence each.
    """

    id: int
    pods: tuple[str, ...] = ()
    isolates_from: tuple[str, ...] | None = None
    planned_ns: int | None = None
    injected_ns: int | None = None
    injected_evidence: dict[str, Any] = field(default_factory=dict)
    bitten: bool = False
    bitten_evidence: dict[str, Any] = field(default_factory=dict)
    healed_ns: int | None = None
    clean: bool = False
    clean_ns: int | None = None
    clean_evidence: dict[str, Any] = field(default_factory=dict)
    for_good: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    told: Mapping[str, int | None] = field(default_factory=dict)
    disagreements: tuple[str, ...] = ()

    @property
    def whom(self) -> str:
        """The pods that it hit by name, or the word for them where nobody knows."""
        return ", ".join(self.pods) or self.target

    @property
    def is_change(self) -> bool:
        """Whether it is something a DBA does on purpose, and no fault."""
        return (self.kind or facts(self.fault).kind) == "change"

    @property
    def brings_about(self) -> Intent | None:
        """What a planned change is to bring about."""
        return self.intends or facts(self.fault).intends

    @property
    def isolated_from(self) -> tuple[str, ...]:
        """From whom it cut its pods off, as far as is known: names, or ``("all",)``."""
        if self.isolates_from is not None:
            return self.isolates_from
        return (EVERYONE,) if facts(self.fault).isolates else ()

    def refuted(self, step: str) -> Mapping[str, Sequence[Any]]:
        """Field of the evidence of a step -> values with which it did not happen."""
        refuted_by = facts(self.fault).refuted_by if self.refuted_by is None else self.refuted_by
        return refuted_by.get(step, {})

    @property
    def meant_role(self) -> Role | None:
        """What each of its pods was to be when it struck; None where that does not matter."""
        return self.role or ROLES.get(self.target)

    @property
    def of_mysql_pods(self) -> bool:
        """Whether its pods are MySQL pods of the cluster, or stand beside one."""
        if self.kind is None:
            return self.target.removeprefix("agent of ") in NODE_WORDS
        return self.hit_node or "agent" in (self.part, self.hits)

    @property
    def due_ns(self) -> int | None:
        """When it was due; of one that waited for an event, the moment that came of it."""
        return self.planned_ns if self.planned_ns is not None else _moment(self.injected_evidence, "due_ns")

    @property
    def late_ms(self) -> float | None:
        """How long after it was due it was injected; None where one of both is not known."""
        due_ns = self.due_ns
        return None if due_ns is None or self.injected_ns is None else max(0.0, (self.injected_ns - due_ns) / 1e6)

    @property
    def healed_late_ms(self) -> float | None:
        """How long after it was due it was healed; None where that is not known, or the load ended before."""
        if None in (self.heal_after_s, self.healed_ns, self.injected_ns):
            return None
        lasted_s = ((self.healed_ns or 0) - (self.injected_ns or 0)) / 1e9
        return max(0.0, (lasted_s - (self.heal_after_s or 0.0)) * 1e3)

    @property
    def took_ms(self) -> float | None:
        """How long a change itself took, as the one who asked for it saw; None of a fault, and of one that failed."""
        done_ns = _moment(self.injected_evidence, "done_ns")
        if not self.is_change or not self.bitten or done_ns is None or self.injected_ns is None:
            return None
        return (done_ns - self.injected_ns) / 1e6 if done_ns >= self.injected_ns else None

    @property
    def hit_node(self) -> bool:
        """Whether a MySQL pod, or its network, was hit, and not what stands around it."""
        of_a_node = self.target not in _NO_NODE if self.part is None else self.part == "node"
        return self.hits in (None, "node", "link") and of_a_node

    @property
    def lost_node(self) -> bool:
        """Whether a MySQL node that it hit was gone for its peers; where no line says it, every fault's was."""
        loses = not self.is_change if self.loses_node is None else self.loses_node
        return self.hit_node and loses


def _moment(evidence: Mapping[str, Any], name: str) -> int | None:
    """A time in evidence, which is free in what it says."""
    value = evidence.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def fault_records(lines: Iterable[tuple[str, dict[str, Any]]]) -> tuple[FaultRecord, ...]:
    """The records, in order of their id. lines: place (for messages) and content. Raises HistoryError."""
    folded: dict[int, dict[str, Any]] = {}
    stories: dict[int, Story] = {}
    for place, row in lines:
        line = read(FaultLine, row, place=place)
        stories.setdefault(line.id, Story()).add(line, place=place)
        folded.setdefault(line.id, {"id": line.id}).update(_told(line))
    return tuple(
        FaultRecord(**record, told=stories[number].at_ns, disagreements=stories[number].disagreements)
        for number, record in sorted(folded.items())
    )


#: Fields of a record that are the same on every line, unless a line leaves them open.
_STANDING = [*(key.name for key in fields(Asked)), "isolates_from"]


def _told(line: FaultLine) -> dict[str, Any]:
    """What one line adds to the record."""
    record = {name: value for name in _STANDING if (value := getattr(line, name)) is not None}
    record |= {"pods": line.pod} if line.pod else {}
    if line.step != "bitten":
        record[f"{line.step}_ns"] = line.at_ns
    if line.step in ("bitten", "clean"):
        record[line.step] = line.ok is True and bool(line.evidence)
    if line.step in ("injected", "bitten", "clean"):
        record[f"{line.step}_evidence"] = line.evidence or {}
    return record
