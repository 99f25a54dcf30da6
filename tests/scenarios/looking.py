"""The look at a user's own file without an engine: the same program, in a process of this machine's Python.

One process has it all imported and forks for each file, because importing Locust takes a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cluster.platform.one_off import OneOff
from scenarios.schema.scenario import Scenario
from scenarios.user_code.folder import POD_FOLDER
from scenarios.user_code.pod import NO_DATABASE, answered

ROOT = Path(__file__).parents[2]

#: Reads a line a look: folder, request, answer, output, environment; prints how its process ended.
_FORKS = """
import json, os, sys
from loadgen.user_code import preflight as look
for line in sys.stdin:
    folder, request, answer, output, environment = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
        os.dup2(1, 2)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.path.append(folder)
        sys.argv[1:] = [request, answer]
        os._exit(look.main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@cache
def _looker() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def look_here(scenario: Scenario, request: Mapping[str, Any]) -> dict[str, Any]:
    """As `scenarios.user_code.pod.look`, with the files copied to a folder that stands for the pod's."""
    own, looker = scenario.workload.folder, _looker()
    assert own is not None
    assert looker.stdin is not None
    assert looker.stdout is not None
    with tempfile.TemporaryDirectory() as scratch:
        folder, answer, output = Path(scratch) / "own", Path(scratch) / "answer.json", Path(scratch) / "output"
        for path, content in own.files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        asked = Path(scratch) / "request.json"
        asked.write_text(json.dumps(request).replace(POD_FOLDER, str(folder)))
        environment = {**scenario.load.environment, **NO_DATABASE, "PATH": os.environ["PATH"]}
        files = [str(one) for one in (folder, asked, answer, output)]
        print(json.dumps([*files, environment]), file=looker.stdin, flush=True)
        code = int(looker.stdout.readline())
        found = answer.read_text().replace(str(folder), POD_FOLDER).encode() if answer.exists() else None
        said = (output.read_text().strip().splitlines() or [""])[-1]
        return answered(OneOff(code=code, answer=found, said=said), own, doing="importing it", timeout_s=60)
