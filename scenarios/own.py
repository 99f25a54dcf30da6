"""A user's own workload or locustfile: found, and looked at before anything starts.

A workload's class is imported here. A locustfile is imported in a process apart, because Locust patches the process
that imports it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cluster.errors import ConfigurationError
from loadgen.errors import ConfigError
from loadgen.registry import own_file, resolve
from scenarios.model import Scenario
from scenarios.workload import REQUIRED_OF_KEYED, REQUIRED_OF_OTHERS, required

IMPORT_TIMEOUT_S = 60.0

_EXAMINE = """
import sys
from locust.util.load_locustfile import load_locustfile
try:
    users, _ = load_locustfile(sys.argv[1])
except BaseException as error:
    sys.exit(f"cannot be imported: {type(error).__name__}: {error}")
missing = "has no class of users, a subclass of locust.User; of a workload say the class: FILE.py:CLASS"
sys.exit(None if users else missing)
"""


def with_own_workload(scenario: Scenario, here: Path, *, where: str) -> Scenario:
    """The scenario with what a user's own file decides filled in. here: what its path is relative to.
    where: the line or the word that names it.

    Raises ConfigurationError, in one line, when the file could not be used.
    """
    workload = scenario.workload
    if not workload.is_own:
        return scenario
    name = Path(workload.name) if workload.is_locustfile else own_file(workload.name)
    file = here / (name or "")
    if not file.is_file():
        raise ConfigurationError(
            f"{where}: workload: no file {file}; a path is relative to the scenario, or with --set to here"
        )
    found = workload.model_copy(update={"file": file.resolve()})
    checks: tuple[str, ...] = REQUIRED_OF_OTHERS
    if workload.is_locustfile:
        _examine(file, where)
    else:
        try:
            own, options = resolve(found.config(isolation=scenario.mysql.isolation))
        except ConfigError as error:
            raise ConfigurationError(f"{where}: {error}") from None
        found = found.model_copy(update={"options": options.as_json()})
        keyed = "keys" in own.final_queries()
        found = found.model_copy(update={"keyed": keyed})
        checks = REQUIRED_OF_KEYED if keyed else checks
        if scenario.load.retry.mode == "idempotent" and not keyed:
            raise ConfigurationError(f"{where}: load.retry: idempotent needs a workload with a final table keys")
    gates = scenario.gates
    if gates.require is None:
        gates = gates.model_copy(update={"require": required(checks, scenario.topology.kind)})
    return scenario.model_copy(update={"workload": found, "gates": gates})


def _examine(locustfile: Path, where: str) -> None:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _EXAMINE, str(locustfile.resolve())],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=IMPORT_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(
            f"{where}: locustfile: importing {locustfile} takes over {IMPORT_TIMEOUT_S:g} s"
        ) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["cannot be imported"]
        raise ConfigurationError(f"{where}: locustfile: {locustfile} {said[-1]}")
