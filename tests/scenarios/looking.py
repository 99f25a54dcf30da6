"""The look at a user's own file without an engine: the same program, in a process of this machine's Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cluster.one_off import OneOff
from scenarios.model import Scenario
from scenarios.own_folder import POD_FOLDER
from scenarios.own_pod import NO_DATABASE, answered

ROOT = Path(__file__).parents[2]


def look_here(scenario: Scenario, request: Mapping[str, Any]) -> dict[str, Any]:
    """As `scenarios.own_pod.look`, with the files copied to a folder that stands for the pod's."""
    own = scenario.workload.folder
    assert own is not None
    with tempfile.TemporaryDirectory() as scratch:
        folder, answer, asked = Path(scratch) / "own", Path(scratch) / "answer.json", Path(scratch) / "request.json"
        for path, content in own.files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        asked.write_text(json.dumps(request).replace(POD_FOLDER, str(folder)))
        here = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{folder}"}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "loadgen.look", str(asked), str(answer)],
            env={**scenario.load.environment, **NO_DATABASE, **here},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        found = answer.read_text().replace(str(folder), POD_FOLDER).encode() if answer.exists() else None
        said = ((done.stdout + done.stderr).strip().splitlines() or [""])[-1]
        return answered(OneOff(code=done.returncode, answer=found, said=said), own, doing="importing it", timeout_s=60)
