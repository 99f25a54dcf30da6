"""One recorded run as the checks see it: the tables of a run folder, read once, and nothing else.

A folder with only ``ops/`` can be read; whatever else is missing is ``None`` or empty, and the checks that need it
answer ``unknown``. Nothing here starts, connects to or knows of a container.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

#: Columns of ``ops/*.parquet``: one row an operation. Times are CLOCK_MONOTONIC nanoseconds.
OPS_SCHEMA = pa.schema(
    [
        pa.field("process", pa.int64(), nullable=False),
        pa.field("f", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("errno", pa.int32()),
        pa.field("error", pa.string()),
        pa.field("attempt", pa.int32(), nullable=False),
        pa.field("intended_ns", pa.int64(), nullable=False),
        pa.field("start_ns", pa.int64(), nullable=False),
        pa.field("end_ns", pa.int64(), nullable=False),
        pa.field("server", pa.string()),
        pa.field("gtid", pa.string()),
    ]
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


class HistoryError(Exception):
    """The folder cannot be read as a run; the message is one line that names the file and how to mend it."""


@dataclass(frozen=True, kw_only=True)
class FaultRecord:
    """What became of one planned fault, folded from the lines of ``faults.jsonl``.

    Each line there is ``{"id": 0, "step": …, "at_ns": …, "fault": "kill", "target": "primary", "pod": "node1",
    "ok": true, "evidence": {…}}`` with step one of planned, injected, bitten, healed, clean; times are CLOCK_MONOTONIC
    nanoseconds. A step that never happened is ``None``; bitten and clean are true only with evidence that says so.
    """

    id: int
    fault: str
    target: str
    pod: str | None = None
    planned_ns: int | None = None
    injected_ns: int | None = None
    bitten: bool = False
    bitten_evidence: dict[str, Any] = field(default_factory=dict)
    healed_ns: int | None = None
    clean: bool = False
    clean_ns: int | None = None
    clean_evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class History:
    """The tables of one run.

    ops: OPS_SCHEMA columns, sorted by end_ns.
    final: table name -> rows read after healing, e.g. ``accounts(node,id,opening,balance)``,
        ``transfers(node,id,src,dst,amount)``, ``entries(node,transfer,account,amount)``; amounts in minor units.
    nodes: pod -> {"role", "state", "gtid_executed", "checksums": {table: int}}, or None without final/nodes.json.
    faults: in order of their id.
    observed: OBSERVED_SCHEMA columns sorted by at_ns, or None.
    manifest: manifest.json, or {}.
    """

    ops: pd.DataFrame
    final: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] | None = None
    faults: tuple[FaultRecord, ...] = ()
    observed: pd.DataFrame | None = None
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def gates(self) -> dict[str, Any]:
        """Thresholds by name, units last (``write_outage_ms``), as the runner resolved them into the manifest."""
        gates: dict[str, Any] = self.manifest.get("gates", {})
        return gates


def load_history(folder: Path) -> History:
    """Read a run folder.

    Raises HistoryError when there is no such folder, no ``ops/*.parquet`` in it, or a file is not what it should be.
    """
    if not folder.is_dir():
        raise HistoryError(f"{folder}: no such run folder; give the path of one, such as runs/latest")
    parts = sorted((folder / "ops").glob("*.parquet"))
    if not parts:
        raise HistoryError(f"{folder}: no ops/*.parquet in it, so there is nothing to judge; is this a run folder?")
    ops = pd.concat([_parquet(part, OPS_SCHEMA) for part in parts], ignore_index=True)
    final = {part.stem: _parquet(part, None) for part in sorted((folder / "final").glob("*.parquet"))}
    observed_file = folder / "observed.parquet"
    observed = _parquet(observed_file, OBSERVED_SCHEMA).sort_values("at_ns") if observed_file.exists() else None
    return History(
        ops=ops.sort_values("end_ns", kind="stable", ignore_index=True),
        final=final,
        nodes=_json(folder / "final" / "nodes.json"),
        faults=_faults(folder / "faults.jsonl"),
        observed=observed,
        manifest=_json(folder / "manifest.json") or {},
    )


def _parquet(file: Path, schema: pa.Schema | None) -> pd.DataFrame:
    try:
        table = pq.read_table(file)
    except (pa.ArrowException, OSError) as error:
        raise HistoryError(f"{file}: not a readable parquet file ({error})") from None
    if schema is not None:
        missing = [name for name in schema.names if name not in table.column_names]
        if missing:
            raise HistoryError(f"{file}: column {missing[0]!r} is missing; expected {', '.join(schema.names)}")
        try:
            table = table.select(schema.names).cast(schema)
        except (pa.ArrowException, ValueError) as error:
            raise HistoryError(f"{file}: a column has the wrong type ({error})") from None
    # Metadata another tool's pandas left would turn columns into an index.
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def _json(file: Path) -> dict[str, Any] | None:
    if not file.exists():
        return None
    try:
        loaded = json.loads(file.read_text())
    except (ValueError, OSError) as error:
        raise HistoryError(f"{file}: not readable as JSON ({error})") from None
    if not isinstance(loaded, dict):
        raise HistoryError(f"{file}: expected a JSON object")
    return loaded


def _faults(file: Path) -> tuple[FaultRecord, ...]:
    if not file.exists():
        return ()
    try:
        lines = file.read_text().splitlines()
    except (ValueError, OSError) as error:
        raise HistoryError(f"{file}: not readable as text ({error})") from None
    folded: dict[int, dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        try:
            step = json.loads(line)
            identity = {"id": int(step["id"]), "fault": str(step["fault"]), "target": str(step["target"])}
            record = folded.setdefault(int(step["id"]), identity)
            name, at_ns = step["step"], None if step["at_ns"] is None else int(step["at_ns"])
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise HistoryError(f"{file}:{number}: not a fault step ({error!r})") from None
        record["pod"] = str(step["pod"]) if step.get("pod") else record.get("pod")
        if name in ("planned", "injected", "healed", "clean"):
            record[f"{name}_ns"] = at_ns
        if name in ("bitten", "clean"):
            record[name] = step.get("ok") is True
            record[f"{name}_evidence"] = step.get("evidence") or {}
    return tuple(FaultRecord(**record) for _, record in sorted(folded.items()))
