"""Variations of format that change nothing of what a folder says: each passes as the sound one does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.checks.altered.bases import WORKLOADS
from tests.checks.altered.cases import SAME, Case, Cases
from tests.checks.altered.folders import FAULTS, MANIFEST, NODES, OBSERVED, OPS, Folder, Row


def _every_table(folder: Folder, change: Callable[[Any], Any]) -> None:
    for path, table in folder.tables.items():
        folder.tables[path] = change(table)


def _columns_reversed(folder: Folder) -> None:
    _every_table(folder, lambda table: table.select(table.schema.names[::-1]))


def _rows_reversed(folder: Folder) -> None:
    _every_table(folder, lambda table: table.take(pa.array(range(table.num_rows - 1, -1, -1))))


def _more_columns(folder: Folder) -> None:
    _every_table(folder, lambda table: table.append_column("note", pa.array(["x"] * table.num_rows)))


def _dictionaries(folder: Folder) -> None:
    _every_table(folder, lambda table: _cast(table, pa.types.is_string, lambda cells: cells.dictionary_encode()))


def _large_text(folder: Folder) -> None:
    _every_table(folder, lambda table: _cast(table, pa.types.is_string, lambda cells: cells.cast(pa.large_string())))


def _narrow(folder: Folder) -> None:
    """Whole numbers in as few bits as hold them, as pandas and DuckDB write them."""
    for path in folder.final:
        table = folder.tables[path]
        folder.tables[path] = _cast(table, pa.types.is_integer, lambda cells: cells.cast(pa.int32()))


def _unsigned(folder: Folder) -> None:
    table = folder.tables[OPS]
    folder.tables[OPS] = _cast(table, pa.types.is_integer, lambda cells: cells.cast(pa.uint64()))


def _cast(table: Any, wanted: Callable[[Any], bool], cast: Callable[[Any], Any]) -> Any:
    for place, field in enumerate(table.schema):
        if wanted(field.type):
            table = table.set_column(place, field.name, cast(table[field.name].combine_chunks()))
    return table


def _errno_float(folder: Folder) -> None:
    """What pandas makes of a column of numbers with gaps."""
    numbers = [float("nan") if cell is None else float(cell) for cell in folder.tables[OPS]["errno"].to_pylist()]
    folder.set_column(OPS, "errno", pa.array(numbers, pa.float64()))


def _lag_null(folder: Folder) -> None:
    folder.set_column(OBSERVED, "lag_ms", pa.nulls(folder.tables[OBSERVED].num_rows, pa.float64()))


def _nullable(folder: Folder) -> None:
    def change(table: Any) -> Any:
        return table.cast(pa.schema([pa.field(field.name, field.type) for field in table.schema]))

    _every_table(folder, change)


def _with_metadata(folder: Folder) -> None:
    """What pandas leaves of an index."""
    _every_table(folder, lambda table: pa.Table.from_pandas(table.to_pandas().set_index(table.schema.names[0])))
    folder.tables[OPS] = folder.tables[OPS].cast(_ops_schema(folder.tables[OPS]))


def _ops_schema(table: Any) -> Any:
    kinds = {"errno": pa.int32()}
    return pa.schema([pa.field(field.name, kinds.get(field.name, field.type)) for field in table.schema])


def _two_parts(folder: Folder) -> None:
    table = folder.tables.pop(OPS)
    folder.tables["ops/a.parquet"], folder.tables["ops/b.parquet"] = table.slice(0, 20), table.slice(20)


def _an_empty_part(folder: Folder) -> None:
    folder.tables["ops/load2.parquet"] = folder.tables[OPS].slice(0, 0)


def _compressed(folder: Folder, *, how: str) -> None:
    for path, table in folder.tables.items():
        into = io.BytesIO()
        pq.write_table(table, into, compression=how, row_group_size=7, version="1.0" if how == "none" else "2.6")
        folder.raw[path] = into.getvalue()


def _strays(folder: Folder) -> None:
    folder.raw |= {"notes.txt": b"seen by B.", "ops/readme.md": b"#", "final/notes.json": b"{", "logs/x.log": b"\xff"}


def _other_final_table(folder: Folder) -> None:
    rows = [{"node": pod, "a": 1} for pod in folder.pods]
    folder.tables["final/settings.parquet"] = pa.Table.from_pylist(rows)


def _gtid_spacing(folder: Folder) -> None:
    for node in folder.objects[NODES].values():
        node["gtid_executed"] = node["gtid_executed"].replace(",", ",\n ").replace(":", ": ").upper()


def _gtid_intervals(folder: Folder) -> None:
    """One pod tells the same set in other intervals."""
    node = folder.objects[NODES][folder.pods[-1]]
    node["gtid_executed"] = node["gtid_executed"].replace(":1-", ":1-4:5-", 1)


def _gtids_unknown(folder: Folder) -> None:
    folder.edit(OPS, lambda row: True, lambda row: row | {"gtid": None})


def _keys_reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys_reversed(inner) for key, inner in reversed(value.items())}
    return [_keys_reversed(one) for one in value] if isinstance(value, list) else value


def _json_reversed(folder: Folder) -> None:
    folder.objects = {path: _keys_reversed(value) for path, value in folder.objects.items()}
    folder.lines = {path: [_keys_reversed(line) for line in own] for path, own in folder.lines.items()}


def _json_compact(folder: Folder) -> None:
    for path, value in folder.objects.items():
        folder.raw[path] = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _windows_lines(folder: Folder) -> None:
    for path in (*folder.objects, *folder.lines):
        folder.raw[path] = folder.written(path).replace(b"\n", b"\r\n")


def _no_last_newline(folder: Folder) -> None:
    for path in folder.lines:
        folder.raw[path] = folder.written(path).rstrip()


def _more_keys(folder: Folder) -> None:
    folder.manifest["site"] = {"room": 7}
    for node in folder.objects[NODES].values():
        node["zone"] = "a"
    for path in folder.lines:
        for line in folder.lines[path]:
            line["by"] = "somebody"


def _lines_by_time(folder: Folder) -> None:
    for path, lines in folder.lines.items():
        folder.lines[path] = sorted(lines, key=lambda line: line["at_ns"])


def _pods_in_list(folder: Folder) -> None:
    for line in folder.lines[FAULTS]:
        line["pod"] = None if line["pod"] is None else [line["pod"]]


def _values_spaced(folder: Folder) -> None:
    folder.edit(OPS, lambda row: True, lambda row: row | {"value": json.dumps(json.loads(row["value"]), indent=1)})


def _members_reversed(folder: Folder) -> None:
    def change(row: Row) -> Row:
        return row | {"value": json.dumps(_keys_reversed(json.loads(row["value"])))}

    folder.edit(OPS, lambda row: True, change)


def _whole_floats(folder: Folder) -> None:
    folder.manifest["topology"]["pods"] = folder.manifest["topology"]["pods"]
    folder.manifest["gates"]["lost"] = 0.0


def _unicode(folder: Folder) -> None:
    folder.manifest["scenario"]["teaches"] = "was übrig bleibt, 日本語, عربى"
    folder.manifest["command"] = ["meshbench", "run", "größe.yaml"]


WAYS: dict[str, Callable[[Folder], None]] = {
    "columns in another order": _columns_reversed,
    "rows in another order": _rows_reversed,
    "one column more": _more_columns,
    "dictionary encoding": _dictionaries,
    "large text": _large_text,
    "narrow whole numbers": _narrow,
    "unsigned whole numbers in ops": _unsigned,
    "errno as a float with NaN": _errno_float,
    "lag never seen": _lag_null,
    "all columns nullable": _nullable,
    "pandas' index": _with_metadata,
    "ops in two parts": _two_parts,
    "an empty part of ops": _an_empty_part,
    "zstd, small row groups": partial(_compressed, how="zstd"),
    "no compression": partial(_compressed, how="none"),
    "gzip": partial(_compressed, how="gzip"),
    "other files": _strays,
    "another final table": _other_final_table,
    "spaces and capitals in GTID sets": _gtid_spacing,
    "GTID sets in other intervals": _gtid_intervals,
    "GTIDs not recorded": _gtids_unknown,
    "keys of JSON in another order": _json_reversed,
    "JSON without spaces": _json_compact,
    "line ends of Windows": _windows_lines,
    "no line end at the end": _no_last_newline,
    "keys that nobody knows": _more_keys,
    "lines by time": _lines_by_time,
    "pods of a fault as a list": _pods_in_list,
    "values with spaces": _values_spaced,
    "members of values in another order": _members_reversed,
    "a gate as 0.0": _whole_floats,
    "text of other scripts": _unicode,
}


def cases() -> Cases:
    for workload in WORKLOADS:
        for topology in ("single", "async", "group"):
            if topology == "async" and workload not in ("transfer", "tpcc"):
                continue
            for how, alter in WAYS.items():
                yield Case(
                    kind=f"harmless: {how}",
                    place="everywhere",
                    workload=workload,
                    topology=topology,
                    alter=alter,
                    allowed=SAME,
                    files=(MANIFEST,),
                )
