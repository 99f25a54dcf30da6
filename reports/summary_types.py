"""The members of ``summary.json`` by name and type, as ``summary.schema.json`` promises them.

A test holds these and the schema to the same names. Times ending in ``_ms``, ``_s`` and ``_ns`` are milliseconds,
seconds and CLOCK_MONOTONIC nanoseconds; money is in minor units; None means not known.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from checks.verdict import Outcome
from history.manifest import PartOfKind

#: What the run recorded under this name in manifest.json, or a check in its numbers: free in what it says.
Section = dict[str, Any]


GateVerdict = Literal["pass", "fail", "unknown", "void"]
Quantile = Literal["p50", "p90", "p99", "p999", "max"]
#: Both of an operation's times: from when it was wanted, and from when it was sent.
TIMES: dict[str, Literal["response_ms", "service_ms"]] = {"response": "response_ms", "service": "service_ms"}
PhaseName = Literal["before", "during", "after"]
PHASES: tuple[PhaseName, ...] = ("before", "during", "after")


class HeadlineLines(TypedDict):
    money: str
    service: str
    look_at: str


class AlteredFile(TypedDict):
    name: str
    what: str


class OtherGate(TypedDict):
    """A gate by which it was judged, and what the run's own was; None: not set."""

    name: str
    own: Any
    used: Any


class PromiseRow(TypedDict):
    may_lose: bool
    why: str


#: ``from`` is a word of Python.
MysqlOption = TypedDict(
    "MysqlOption", {"option": str, "from": str, "asked": str, "effective": dict[str, str], "note": str}
)


class GateRow(TypedDict):
    """default: it holds although the run set none."""

    name: str
    limit: Literal["at most", "at least", ""]
    expected: float | str | None
    multiple: str | None
    default: NotRequired[bool]
    measured: float | str | None
    verdict: GateVerdict


class CheckRow(TypedDict):
    """finding: what it found as a sentence. sentences: its witnesses, in the same order."""

    name: str
    verdict: Outcome
    expected: str
    measured: Section
    witness: list[Section]
    finding: str
    sentences: list[str]


class StepRow(TypedDict):
    """One step of a recovery. since_ms: since the injection."""

    step: str
    at_ns: int | None
    since_ms: float | None
    source: str
    note: str


class FaultRow(TypedDict):
    name: str
    operation: bool
    target: str
    pod: str | None
    kind: Literal["fault", "change"]
    hits: str | None
    peer: str | None
    isolates_from: list[str] | None
    after: str | None
    heal_after_s: float | None
    for_good: bool
    parameters: Section
    planned_ns: int | None
    injected_ns: int | None
    late_ms: float | None
    took_ms: float | None
    bitten: bool
    bitten_evidence: Section
    healed_ns: int | None
    clean: bool
    clean_ns: int | None
    clean_evidence: Section
    waterfall: list[StepRow]


class WordsOfServer(TypedDict):
    """What MySQL said, and on which pods. text: in its own words. times: in a row."""

    at_ns: int
    since_load_ms: float | None
    pods: list[str]
    code: str
    kind: str
    what: str
    text: str
    times: int


class ServerLogRow(TypedDict):
    """missing: pod -> why its words are not there, or not all."""

    said: list[WordsOfServer]
    missing: dict[str, str]


class DecisionEntry(TypedDict):
    at_ns: int
    since_load_ms: float | None
    event: str
    epoch: int
    pod: str | None
    detail: Section


class QuarantineRow(TypedDict):
    pod: str
    count: int | None
    errant: str | None
    explained: bool


class Brownout(TypedDict):
    start_ns: int
    end_ns: int
    brownout_ms: float
    wanted: int
    acked: int
    cause: str


class ErrorRow(TypedDict):
    f: str
    errno: int | None
    error: str | None
    count: int


class Rpo(TypedDict):
    """Writes: how many were acknowledged, and what became of them."""

    acked: int | None
    lost: int | None
    lost_amount: int | None
    duplicated: int | None
    torn: int | None
    unknown_present: int | None
    unknown_absent: int | None


class Latency(TypedDict):
    p50: float | None
    p90: float | None
    p99: float | None
    p999: float | None
    max: float | None


class Load(TypedDict):
    """client_cpu_us_per_txn: of the generator. lateness_ms: how late it sent operations."""

    offered_tps: float | None
    achieved_tps: float | None
    refused: int | None
    behind_ms: float | None
    response_ms: Latency | None
    service_ms: Latency | None
    lateness_ms: Latency | None
    client_cpu_us_per_txn: float | None
    connections_opened: float | None


class Phase(TypedDict):
    ops: int
    refused: int
    offered_tps: float | None
    achieved_tps: float | None
    response_ms: Latency
    service_ms: Latency


class Phases(TypedDict):
    before: Phase | None
    during: Phase | None
    after: Phase | None


class ProvenanceMembers(TypedDict):
    """Whether the folder is as its run left it, and by whose gates it was judged; None: its own."""

    sealed: Literal["yes", "altered", "no"]
    altered: list[AlteredFile]
    second_opinion: list[OtherGate] | None


class SentinelRow(TypedDict):
    cpu_s: float
    fsync_ms: float


class PartOfRow(TypedDict):
    """Of which whole the run is a trial, see `history.manifest.PartOf`."""

    kind: PartOfKind
    name: str
    id: str
    cell: str | None
    trial: int
    attempt: int
    sentinel: SentinelRow | None


class Summary(ProvenanceMembers):
    schema: str
    verdict: Literal["pass", "fail", "void"]
    why: str
    headline: HeadlineLines
    scenario: str | None
    teaches: str | None
    shown: bool
    seed: int | None
    started_at: str | None
    command: list[str] | None
    part_of: PartOfRow | None
    gates: list[GateRow]
    checks: list[CheckRow]
    faults: list[FaultRow]
    notes: list[str]
    decisions: list[DecisionEntry]
    server_log: ServerLogRow
    quarantined: list[QuarantineRow]
    write_outage_ms: float | None
    write_unavailable_ms: float | None
    read_outage_ms: float | None
    brownout_ms: float | None
    brownouts: list[Brownout]
    success_ratio: float | None
    rpo: Rpo
    load: Load
    phases: Phases
    errors: list[ErrorRow] | None
    boot_s: float | None
    durations_s: dict[str, float | None]
    void_reasons: list[str]
    unseen: list[str]
    failed: list[str]
    undecided_gates: list[str]
    workload: Section
    topology: Section
    promise: PromiseRow | None
    mesh: Section
    load_model: Section
    generator: Section
    versions: Section
    images: Section
    host: Section
    mysql_config: Section
    mysql_options: list[MysqlOption]
