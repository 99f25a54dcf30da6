"""``meshbench`` as a process of its own, whose standard output may be anything: one imports it all and forks for each.

The import takes seconds, and what is tried here comes after it. A process that nobody forked is tried beside these.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]

#: Reads a line a process: its words, where its output goes, and its errors; prints its exit code.
_FORKS = """
import json, os, runpy, sys
import scenarios.cli.cli, scenarios.cli.running, scenarios.cli.selftest, scenarios.matrix.matrix

def opened(place):
    if place != "broken":
        return os.open(place, os.O_WRONLY | os.O_CREAT)
    reader, writer = os.pipe()
    os.close(reader)
    return writer

for line in sys.stdin:
    words, out, err = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(opened(out), 1)
        os.dup2(opened(err), 2)
        sys.argv[1:] = words
        runpy.run_module("scenarios", run_name="__main__")
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _forker() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def meshbench(
    words: Sequence[str | Path], *, out: Literal["broken", "/dev/full"], err: Literal["broken", "kept"] = "kept"
) -> tuple[int, str]:
    """Exit code, and what was printed to standard error where that is kept. broken: a pipe without a reader."""
    forker = _forker()
    assert forker.stdin is not None
    assert forker.stdout is not None
    with tempfile.NamedTemporaryFile() as errors:
        line = [[str(word) for word in words], out, errors.name if err == "kept" else err]
        print(json.dumps(line), file=forker.stdin, flush=True)
        return int(forker.stdout.readline()), Path(errors.name).read_text()
