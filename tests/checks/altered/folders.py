"""A run folder in memory: tables, JSON and lines by their path, to be copied, altered in one place, and written.

Tables are Arrow tables, which never change, so a copy costs nothing; whoever alters one puts another in its place.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Row = dict[str, Any]

OPS, OBSERVED, NODES = "ops/load1.parquet", "observed.parquet", "final/nodes.json"
MANIFEST, FAULTS, DECISIONS = "manifest.json", "faults.jsonl", "decisions.jsonl"


@dataclass
class Folder:
    """tables, objects (JSON files), lines (JSON, one object a line): by path within the folder. raw: what a file holds
    instead, byte for byte, or None where it is gone. made: keys of the operations by what became of them: ``acked``,
    ``present`` and ``absent`` (unknown outcome), ``failed``, ``refused``, ``reads``, each in order of time."""

    workload: str
    topology: str
    tables: dict[str, pa.Table] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, list[Row]] = field(default_factory=dict)
    raw: dict[str, bytes | None] = field(default_factory=dict)
    made: dict[str, list[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.workload}/{self.topology}"

    @property
    def pods(self) -> list[str]:
        return sorted(self.objects[NODES])

    @property
    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = self.objects[MANIFEST]
        return found

    @property
    def final(self) -> list[str]:
        """Paths of the final tables."""
        return [path for path in self.tables if path.startswith("final/")]

    def copy(self) -> Folder:
        return Folder(
            self.workload,
            self.topology,
            dict(self.tables),
            copy.deepcopy(self.objects),
            copy.deepcopy(self.lines),
            dict(self.raw),
            self.made,
        )

    def rows(self, path: str) -> list[Row]:
        found: list[Row] = self.tables[path].to_pylist()
        return found

    def put(self, path: str, rows: list[Row]) -> None:
        """Other rows for a table, of the same schema."""
        self.tables[path] = pa.Table.from_pylist(rows, schema=self.tables[path].schema)

    def edit(self, path: str, chosen: Callable[[Row], bool], change: Callable[[Row], Row | list[Row]]) -> int:
        """Put what ``change`` makes of each chosen row (one row, or several, or none) in its place; returns how many
        were chosen."""
        rows: list[Row] = []
        count = 0
        for row in self.rows(path):
            if not chosen(row):
                rows.append(row)
                continue
            count += 1
            made = change(dict(row))
            rows += [made] if isinstance(made, dict) else made
        self.put(path, rows)
        return count

    def set_column(self, path: str, name: str, column: Any) -> None:
        """Another array, of whatever type, for a column."""
        table = self.tables[path]
        place = table.schema.get_field_index(name)
        self.tables[path] = table.set_column(place, name, column)

    def written(self, path: str) -> bytes:
        """What the file of an object or of lines holds."""
        if path in self.objects:
            return json.dumps(self.objects[path], indent=2).encode()
        return "".join(json.dumps(line) + "\n" for line in self.lines[path]).encode()

    @property
    def paths(self) -> list[str]:
        return [*self.tables, *self.objects, *self.lines]

    def write(self, folder: Path) -> Path:
        for place in (folder, folder / "ops", folder / "final"):
            place.mkdir(parents=True, exist_ok=True)
        for path, table in self.tables.items():
            if path not in self.raw:
                pq.write_table(table, folder / path)
        contents: Mapping[str, bytes | None] = {
            **{path: self.written(path) for path in (*self.objects, *self.lines)},
            **self.raw,
        }
        for path, content in contents.items():
            if content is not None:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
        return folder
