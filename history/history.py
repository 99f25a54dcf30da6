"""One recorded run as the checks see it: the tables of a run folder, read once, and nothing else.

A folder with only ``ops/`` can be read; whatever else is missing is ``None`` or empty, and the checks that need it
answer ``unknown``. Nothing here starts, connects to or knows of a container.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from history.columns import read_table
from history.decisions import Decision, decision_records
from history.faults import FaultRecord, fault_records
from history.fields import TIME, taken_if_there
from history.json_files import HistoryError, read_lines, read_object
from history.manifest import Manifest, assert_consistent, read_manifest
from history.nodes import NodeRow, assert_nodes_readable
from history.observed import Sample, samples
from history.ops import COLUMNS
from history.rows import Window, load_window, read_ops, read_samples, require_moment_near, require_near
from history.server_log.read import ServerLog, read_server_log
from history.vocabulary import WorkloadFacts

MANIFEST = "manifest.json"
#: Made of the operations for a spreadsheet; nothing rests on it.
_MADE_AGAIN = frozenset({"series.csv"})

#: A file of a folder that is of something made of runs -> what that is.
_MADE_OF_RUNS = {
    "capacity.json": "a capacity run",
    "matrix.json": "a matrix",
    "trials.json": "a series of trials",
    "nightly.json": "a night",
    "certificate.json": "a certificate",
    "plan.json": "a certificate",
}

#: Columns of ``ops/*.parquet``: one row an attempt (`history.ops.OpRow`).
OPS_SCHEMA = pa.schema(
    [pa.field(column.name, pa.type_for_alias(column.arrow_type), nullable=column.nullable) for column in COLUMNS]
)

#: Columns of ``observed.parquet``: one row a sample of one pod (kind ``pod``) or one proxy (kind ``proxy``).
#: view: JSON object, member name -> "STATE/ROLE" as this pod sees the group, e.g. {"node1": "ONLINE/PRIMARY"}.
#: endpoints: JSON object, pool -> pod -> {"healthy": bool, "connections": int}, e.g. {"write": {"node1": {...}}}.
OBSERVED_SCHEMA = pa.schema(
    [
        pa.field("at_ns", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("up", pa.bool_(), nullable=False),
        pa.field("role", pa.string()),
        pa.field("state", pa.string()),
        pa.field("read_only", pa.bool_()),
        pa.field("gtid_executed", pa.string()),
        pa.field("lag_ms", pa.float64()),
        pa.field("view", pa.string()),
        pa.field("endpoints", pa.string()),
    ]
)


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """The tables of one run. It equals itself alone, so that what was worked out of it can be kept beside it.

    ops: OPS_SCHEMA columns, sorted by end_ns.
    final: table name -> rows read after healing, e.g. ``accounts(node,id,opening,balance)``,
        ``transfers(node,id,src,dst,amount)``, ``entries(node,transfer,account,amount)``; amounts in minor units.
    nodes: what each was at the end; None without final/nodes.json.
    faults: in order of their id. decisions: of the control plane, in order of time; empty without decisions.jsonl.
    observed: OBSERVED_SCHEMA columns sorted by at_ns, or None.
    manifest: manifest.json as it stands there, or {}; ``run`` is the same, typed.
    server_log: what the mysqlds said; it explains, and no check rests on it.
    absent: names of the files that the run recorded, as the manifest lists them, and that are not in the folder.
    other_gates: those of a second opinion, in the place of the run's own.
    """

    ops: pd.DataFrame
    final: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    nodes: Mapping[str, NodeRow] | None = None
    faults: tuple[FaultRecord, ...] = ()
    decisions: tuple[Decision, ...] = ()
    observed: pd.DataFrame | None = None
    manifest: dict[str, Any] = field(default_factory=dict)
    server_log: ServerLog = field(default_factory=ServerLog)
    absent: tuple[str, ...] = ()
    other_gates: Mapping[str, Any] | None = None

    @cached_property
    def run(self) -> Manifest:
        """What manifest.json says of the run. Raises HistoryError where that is not what it should be."""
        return read_manifest(self.manifest)

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        """What the observer sampled, in order of time; empty without observed.parquet."""
        return tuple(samples(self.observed))

    @cached_property
    def workload(self) -> WorkloadFacts:
        """What the workload says of itself."""
        return self.run.workload_facts

    @property
    def gates(self) -> dict[str, Any]:
        """Thresholds by name, units last (``write_outage_ms``), as the runner resolved them; null is none."""
        gates: Any = self.manifest.get("gates") if self.other_gates is None else dict(self.other_gates)
        if isinstance(gates, dict):
            return {name: limit for name, limit in gates.items() if limit is not None}
        return {} if gates is None else gates


def require_run(folder: Path) -> None:
    """Raise HistoryError where there is no such folder, or one of something that is made of runs."""
    if not folder.is_dir():
        raise HistoryError(f"{folder}: no such run folder; give the path of one, such as runs/latest")
    what = next((what for name, what in _MADE_OF_RUNS.items() if (folder / name).is_file()), None)
    if what and not (folder / "ops").exists():
        raise HistoryError(
            f"{folder}: {what} cannot be judged again or traced; give the folder of a run, such as runs/latest"
        )


def load_history(folder: Path) -> History:
    """Read a run folder.

    Raises HistoryError when it is none, there is no ``ops/*.parquet`` in it, or a file is not what it should be.
    """
    require_run(folder)
    parts = sorted((folder / "ops").glob("*.parquet"))
    if not parts:
        raise HistoryError(f"{folder}: no ops/*.parquet in it, so there is nothing to judge; is this a run folder?")
    manifest = read_object(folder / MANIFEST) or {}
    run = read_manifest(manifest, name=str(folder / MANIFEST))
    assert_consistent(run, name=str(folder / MANIFEST))
    known = run.workload_facts.operations
    rows = {str(part): read_ops(read_table(part, OPS_SCHEMA), known=known, place=str(part)) for part in parts}
    window = load_window(rows, lasted_s=run.scenario.load.with_drain_s)
    ops = pd.concat(rows.values(), ignore_index=True)
    rows.clear()  # a long run's rows are large, and needed once
    final = {part.stem: read_table(part, None) for part in sorted((folder / "final").glob("*.parquet"))}
    nodes = read_object(folder / "final" / "nodes.json")
    assert_nodes_readable(nodes, name=str(folder / "final" / "nodes.json"))
    return History(
        ops=ops.sort_values("end_ns", kind="stable", ignore_index=True),
        final=final,
        nodes=nodes,
        faults=fault_records(_lines(folder / "faults.jsonl", window, what="fault step")),
        decisions=decision_records(_lines(folder / "decisions.jsonl", window, what="decision of the control plane")),
        observed=_observed(folder / "observed.parquet", window),
        manifest=manifest,
        server_log=read_server_log(folder / "logs", run),
        absent=tuple(_absent(folder, run)),
    )


def _absent(folder: Path, run: Manifest) -> Iterator[str]:
    """What a run has recorded and is gone."""
    if not (folder / MANIFEST).exists() and (folder / "decisions.jsonl").exists():
        yield MANIFEST  # without it nobody knows what else there was, but only a run of ours has such decisions
    yield from (name for name in run.evidence or () if name not in _MADE_AGAIN and not (folder / name).is_file())


def _lines(file: Path, window: Window | None, *, what: str) -> list[tuple[str, dict[str, Any]]]:
    """The lines of a file, if all of them are of the clock of the load."""
    lines = read_lines(file, what=what)
    for place, line in lines:
        require_moment_near(taken_if_there(line, "at_ns", TIME, place=place), "at_ns", window, place=place)
    return lines


def _observed(file: Path, window: Window | None) -> pd.DataFrame | None:
    if not file.exists():
        return None
    seen = read_samples(read_table(file, OBSERVED_SCHEMA), place=str(file))
    require_near(seen["at_ns"], "at_ns", window, place=str(file))
    return seen.sort_values("at_ns")
