"""Every fault on live pods, one after another on as few systems as possible, and whether the host is as before.

A system is kept for as long as the faults leave it sound, and replaced where one did not: nobody waits for it to mend.
What the self-test finds is a row each in faults.json (``reports/selftest.schema.json``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from chaos.fault import Fault
from chaos.needs import unmet
from cluster.errors import EngineError
from cluster.extras import distinct
from cluster.platform.platform import Platform
from scenarios.run.remember import renew_console
from scenarios.selftest.host import inventory, left
from scenarios.selftest.plan import Row, rows
from scenarios.selftest.system import System, running
from scenarios.selftest.trial import Result, tried

SCHEMA_ID = "meshbench/selftest/1"
SEED = 7


class SelfTest:
    """say: told each row as it ends, a line each."""

    def __init__(self, faults: Sequence[type[Fault]], *, platform: Platform, say: Callable[[str], None]) -> None:
        self._platform, self._say = platform, say
        needs = unmet({need for fault in faults for need in fault.needs}, platform)
        self._rows = rows(faults, unmet_needs=needs)
        self._done: list[dict[str, Any]] = []
        self._systems = 0

    def execute(self) -> dict[str, Any]:
        """Try everything; returns the content of faults.json. Raises EngineError, ConfigurationError, HarnessError
        where no system starts, and KeyboardInterrupt; what was started is then removed."""
        started_at, begin_s = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
        before = inventory(self._platform)
        for (setting, _), group in groupby(self._rows, key=lambda row: (row.setting, bool(row.fault.extras))):
            if setting is None:
                for row in group:
                    self._note(row, None)
            else:
                self._on_systems(list(group))
        remains = left(before, inventory(self._platform))
        return {
            "schema": SCHEMA_ID,
            "verdict": "pass" if not remains and all(map(_well, self._done)) else "fail",
            "started_at": started_at,
            "seconds": round(time.monotonic() - begin_s, 1),
            "systems": self._systems,
            "left_on_host": remains,
            "faults": self._done,
        }

    def _on_systems(self, group: Sequence[Row]) -> None:
        """Rows of one setting, on one system for as long as it is sound."""
        waiting, extras = list(group), distinct(extra for row in group for extra in row.fault.extras)
        while waiting:
            with ExitStack() as stack:
                assert waiting[0].setting is not None
                system = stack.enter_context(running(waiting[0].setting, self._platform, extras=extras))
                self._systems += 1
                sound = True
                while waiting and sound:
                    sound = self._one(waiting.pop(0), system)

    def _one(self, row: Row, system: System) -> bool:
        """Whether the system is sound after it."""
        try:
            result = tried(row.planned(), system, seed=SEED)
        except EngineError as error:
            result = Result(why=f"the engine: {error}")
        self._note(row, result)
        return result.sound

    def _note(self, row: Row, result: Result | None) -> None:
        done = _as_json(row, result)
        self._done.append(done)
        self._say(line(done))


def _as_json(row: Row, result: Result | None) -> dict[str, Any]:
    """One row of faults.json. result: None where it was not tried."""
    measures = result.measures if result else []
    setting = row.setting
    return {
        "name": row.fault.name,
        "family": row.fault.family(),
        "target": row.target,
        "keys": row.planned().fault.written(),
        "system": None if setting is None else f"{setting.kind}, {setting.pods} nodes, {setting.mesh}",
        "pods": result.pods if result else [],
        "promised": {f"{one.what} ({one.unit})": round(one.promised, 3) for one in measures},
        "measured": {f"{one.what} ({one.unit})": round(one.measured, 3) for one in measures},
        "tolerance": {f"{one.what} ({one.unit})": round(one.tolerance, 3) for one in measures},
        "bitten": result.bitten if result else None,
        "clean": result.clean if result else None,
        "service_back": result.sound if result else None,
        "seconds": round(result.seconds, 1) if result else 0.0,
        "unsupported": row.unsupported or None,
        "why": result.why or None if result else None,
    }


def _well(done: dict[str, Any]) -> bool:
    return bool(done["unsupported"]) or (done["bitten"] and done["clean"])


def line(done: dict[str, Any]) -> str:
    """One row for people."""
    name = f"{done['name']:22}{done['family']:12}{done['target']:24}"
    if done["unsupported"]:
        return f"{name}not here: {done['unsupported']}"
    verdicts = f"{_word(done['bitten'], 'bitten'):12}{_word(done['clean'], 'clean'):11}{done['seconds']:5.1f} s"
    sizes = "; ".join(f"{what}: {done['measured'][what]:g} of {done['promised'][what]:g}" for what in done["measured"])
    return f"{name}{verdicts}  {'  '.join(filter(None, (sizes, done['why'])))}".rstrip()


def _word(yes: bool, word: str) -> str:
    return word if yes else f"NOT {word}"


def summary(content: dict[str, Any]) -> Iterator[str]:
    """The last lines for people."""
    done = content["faults"]
    supported = [one for one in done if not one["unsupported"]]
    well = sum(1 for one in supported if _well(one))
    yield (
        f"{well} of {len(supported)} bitten and clean, {len(done) - len(supported)} not possible here, "
        f"{content['systems']} systems, {content['seconds']:.0f} s: {content['verdict'].upper()}"
    )
    yield from (f"left on the host: {one}" for one in content["left_on_host"])


def write(content: dict[str, Any], runs: Path) -> Path:
    """Writes ``selftest/faults.json`` below the folder of runs; returns where. Raises OSError."""
    file = runs / "selftest" / "faults.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n")
    renew_console(runs)
    return file
