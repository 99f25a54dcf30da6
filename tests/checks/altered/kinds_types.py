"""Every column of every table in another type: what says the same passes, what does not is refused or fails."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa

from tests.checks.altered.bases import WORKLOADS, base
from tests.checks.altered.cases import ANY, DOUBTFUL, SAME, SAME_OR_REFUSED, Case, Cases
from tests.checks.altered.folders import OBSERVED, OPS, Folder

Cast = Callable[[Any], Any]

#: From numbers. What says exactly the same is read or refused; the rest cannot be right.
OF_NUMBERS: dict[str, tuple[Cast, frozenset[str]]] = {
    "float": (lambda cells: cells.cast(pa.float64(), safe=False), SAME_OR_REFUSED),
    "text": (lambda cells: cells.cast(pa.string()), SAME_OR_REFUSED),
    "decimal": (lambda cells: _decimals(cells), SAME_OR_REFUSED),
    "dictionary": (lambda cells: cells.dictionary_encode(), SAME_OR_REFUSED),
    "bytes": (lambda cells: cells.cast(pa.string()).cast(pa.binary()), SAME_OR_REFUSED),
    "list": (lambda cells: pa.array([[cell] for cell in cells.to_pylist()]), DOUBTFUL),
    "object": (lambda cells: pa.array([{"is": cell} for cell in cells.to_pylist()]), DOUBTFUL),
    "time": (lambda cells: cells.cast(pa.int64()).cast(pa.timestamp("ns")), SAME_OR_REFUSED),
    "all null": (lambda cells: pa.nulls(len(cells)), DOUBTFUL),
    "bool": (lambda cells: pa.array([bool(cell) for cell in cells.to_pylist()]), DOUBTFUL),
}
OF_TEXT: dict[str, tuple[Cast, frozenset[str]]] = {
    "dictionary": (lambda cells: cells.dictionary_encode(), SAME),
    "large text": (lambda cells: cells.cast(pa.large_string()), SAME),
    "bytes": (lambda cells: cells.cast(pa.binary()), SAME_OR_REFUSED),
    "numbers": (lambda cells: pa.array(list(range(len(cells)))), DOUBTFUL),
    "float": (lambda cells: pa.array([number / 2 for number in range(len(cells))]), DOUBTFUL),
    "list": (lambda cells: pa.array([[cell] for cell in cells.to_pylist()], pa.list_(pa.string())), DOUBTFUL),
    "object": (
        lambda cells: pa.array([{"is": cell} for cell in cells.to_pylist()], pa.struct({"is": pa.string()})),
        DOUBTFUL,
    ),
    "bool": (lambda cells: pa.array([True] * len(cells)), DOUBTFUL),
    "all null": (lambda cells: pa.nulls(len(cells)), DOUBTFUL),
    "bytes that are no text": (lambda cells: pa.array([b"\xff\xfe"] * len(cells)), DOUBTFUL),
}
#: Columns that say nothing where they are null, or whose words nobody holds against anything.
MAY_BE_ANYTHING = {
    "errno",
    "error",
    "process",
    "attempt",
    "server",
    "gtid",
    "lag_ms",
    "gtid_executed",
    "view",
    "state",
    "role",
    "endpoints",
    "read_only",
    "up",
    "o_carrier_id",
    "c_payment_cnt",
    "h_key",
}


def _decimals(cells: Any) -> Any:
    return pa.array([None if cell is None else decimal.Decimal(cell) for cell in cells.to_pylist()])


def columns(workload: str, topology: str, paths: list[str]) -> Cases:
    folder = base(workload, topology)
    for path in paths:
        for field in folder.tables[path].schema:
            if pa.types.is_string(field.type):
                casts = OF_TEXT
            elif pa.types.is_integer(field.type):
                casts = OF_NUMBERS
            else:
                casts = {name: OF_NUMBERS[name] for name in ("text", "list", "object", "all null")}
            for how, (cast, allowed) in casts.items():
                if field.name in MAY_BE_ANYTHING and allowed is not SAME:
                    allowed = ANY
                yield Case(
                    kind=f"a column of another type: {how}",
                    place=f"{path}: {field.name}",
                    workload=workload,
                    topology=topology,
                    alter=partial(_cast, path=path, name=field.name, cast=cast),
                    allowed=allowed,
                    files=(path,),
                )
            yield Case(
                kind="a column: gone",
                place=f"{path}: {field.name}",
                workload=workload,
                topology=topology,
                alter=partial(_drop, path=path, name=field.name),
                allowed=ANY if field.name in MAY_BE_ANYTHING | {"ol_number"} else DOUBTFUL,
                files=(path,),
            )


def _cast(folder: Folder, *, path: str, name: str, cast: Cast) -> None:
    folder.set_column(path, name, cast(folder.tables[path][name].combine_chunks()))


def _drop(folder: Folder, *, path: str, name: str) -> None:
    folder.tables[path] = folder.tables[path].drop_columns([name])


def single_cells() -> Cases:
    """One cell null in a column that must be full."""
    for path in (OPS, OBSERVED):
        for field in base("transfer", "group").tables[path].schema:
            if not field.nullable:
                yield Case(
                    kind="a cell that is null and may not be",
                    place=f"{path}: {field.name}",
                    workload="transfer",
                    topology="group",
                    alter=partial(_one_null, path=path, name=field.name),
                    allowed=DOUBTFUL,
                    files=(path,),
                )


def _one_null(folder: Folder, *, path: str, name: str) -> None:
    table = folder.tables[path]
    cells = table[name].to_pylist()
    cells[3] = None
    fields = [pa.field(field.name, field.type) for field in table.schema]
    folder.tables[path] = table.cast(pa.schema(fields))
    folder.set_column(path, name, pa.array(cells, table.schema.field(name).type))


def cases() -> Cases:
    for workload in WORKLOADS:
        final = base(workload, "group").final
        yield from columns(workload, "group", [OPS, OBSERVED, *final] if workload == "transfer" else final)
    yield from single_cells()
