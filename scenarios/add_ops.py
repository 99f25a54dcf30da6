"""Adds to a run folder what a load worker on another machine recorded:

    python -m scenarios.add_ops OPS.jsonl RUN_FOLDER NAME        writes RUN_FOLDER/ops/NAME.parquet

Another machine has another CLOCK_MONOTONIC, so its times are moved by the difference of both wall clocks: they are as
right as NTP keeps the two machines together, and no check here can know how well that is. Judge the folder again after.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from checks.json_files import HistoryError, read_object
from loadgen.recorder import OpsFile, OpsFileError
from scenarios.collect import write_ops


def add_ops(raw: Path, run: Path, name: str) -> float:
    """Returns by how many seconds the times were moved. Raises OpsFileError, HistoryError or FileExistsError."""
    manifest = read_object(run / "manifest.json") or {}
    zero_unix_ns = manifest.get("monotonic_zero_unix_ns")
    if not isinstance(zero_unix_ns, int):
        raise HistoryError(f"{run}/manifest.json does not say which wall clock time its monotonic zero was")
    into = run / "ops" / f"{name}.parquet"
    if into.exists():
        raise FileExistsError(f"{into} is there already; give another name")
    with OpsFile(raw) as recorded:
        moved_ns = recorded.clock["unix_ns"] - recorded.clock["monotonic_ns"] - zero_unix_ns
        moved = ("intended_ns", "start_ns", "end_ns")
        write_ops((row | {key: row[key] + moved_ns for key in moved} for row in recorded), into)
    return moved_ns / 1e9


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scenarios.add_ops", description="Add a foreign worker's record.")
    parser.add_argument("ops", type=Path, help="its ops.jsonl")
    parser.add_argument("run", type=Path, help="the run folder")
    parser.add_argument("name", help="of the worker, such as load9")
    options = parser.parse_args()
    try:
        moved_s = add_ops(options.ops, options.run, options.name)
    except (OpsFileError, HistoryError, OSError) as error:
        print(f"meshbench: {error}", file=sys.stderr)
        return 2
    print(f"added; its times were moved by {moved_s:.3f} s. Now: meshbench judge {options.run} --out {options.run}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
