"""A load on the virtual clock, seen from the tests: the process that runs it, what it reported, what it recorded."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from history.ops_file import FILE_NAME, read_ops
from loadgen.config import LoadConfig
from loadgen.workload import sequence_of

ROOT = Path(__file__).parents[2]
OPEN_LOOP = "tests.loadgen.open_loop"


@dataclass(frozen=True)
class Driven:
    config: LoadConfig
    answer: dict[str, Any]
    ops: list[dict[str, Any]]

    @property
    def report(self) -> dict[str, Any]:
        assert "raised" not in self.answer, self.answer["raised"]
        return self.answer

    def times_ns(self) -> list[tuple[int, int, int]]:
        """Intended, start and end of every operation since the load began, in the order in which they were drawn."""
        zero_ns = self.report["began_ns"]
        return [
            (op["intended_ns"] - zero_ns, op["start_ns"] - zero_ns, op["end_ns"] - zero_ns)
            for op in sorted(self.ops, key=lambda op: sequence_of(op["key"]))
        ]

    def assert_complete(self) -> None:
        totals = self.report["totals"]
        assert totals["offered"] == totals["ok"] + totals["fail"] + totals["unknown"] == len(self.ops)
        assert len({op["key"] for op in self.ops}) == len(self.ops)
        assert self.report["told"] == len(self.ops)
        outcomes = Counter(op["outcome"] for op in self.ops)
        for name in ("ok", "fail", "unknown"):
            assert totals[name] == outcomes[name] == sum(second[name] for second in self.report["seconds"])
        assert totals["offered"] == sum(second["offered"] for second in self.report["seconds"])


class OpenLoop:
    """The process. Called with a load it returns when that is over; folder: for its records, one below it a load."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._said = (folder / "stderr").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", OPEN_LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            cwd=ROOT,
        )

    def __call__(
        self, config: LoadConfig, server: str, *, freeze_s: tuple[float, float] | None = None, **script: Any
    ) -> Driven:
        """server, script, freeze_s: see `tests.loadgen.open_loop`. The config's own out_dir is not used."""
        out_dir = self._folder / str(next(self._numbers))
        out_dir.mkdir()
        config = replace(config, out_dir=str(out_dir))
        load = {"config": asdict(config), "server": server, "script": script, "freeze_s": freeze_s}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(load) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"{OPEN_LOOP} ended: {(self._folder / 'stderr').read_text()}"
        return Driven(config, json.loads(line), read_ops(out_dir / FILE_NAME))

    def close(self) -> None:
        self._process.communicate()
        self._said.close()
