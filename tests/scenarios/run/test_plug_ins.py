"""A new check and a new workload are one new file each: found where they lie, read, run on fakes, and judged.

What declares itself is collected when the rooms are imported, so they are tried in a process of their own: it finds
each new file in a second folder of its package, and runs the tests of `plugged_in`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # it is pytest once more

ROOT = Path(__file__).parents[3]
INNER = Path(__file__).with_name("plugged_in.py")

CHECK = '''
"""Whales: no single transfer moves more than anybody should."""

import json

from checks.check import Check, Gate
from checks.verdict import Verdict, unknown

LARGEST = Gate(name="largest", unit="count", asks="the largest amount that one transfer moved", path=("largest",))


def whales(history):
    amounts = [json.loads(value)["amount"] for value in history.ops[history.ops["f"] == "transfer"]["value"]]
    limit = LARGEST.limit(history)
    expected = "no gate set" if limit is None else LARGEST.demands(limit)
    if not amounts:
        return unknown("whales", expected=expected, reason="the ops hold no transfer")
    failed = limit is not None and not LARGEST.kept(max(amounts), limit)
    witness = [{"what": "a whale", "amount": max(amounts)}] if failed else []
    measured = {"largest": max(amounts)}
    return Verdict(
        name="whales", verdict="fail" if failed else "pass", expected=expected, measured=measured, witness=witness
    )


CHECK = Check(
    name="whales", question="did one transfer move too much?", run=whales, gates=(LARGEST,), workload="transfer"
)
'''

WORKLOAD = '''
"""Ticks: counters that are raised, and looked at."""

from dataclasses import dataclass

from loadgen.options import Options, bounded
from loadgen.workload import Op, count_problem, fill, recreate, refuse


@dataclass(frozen=True, kw_only=True)
class TicksOptions(Options):
    clocks: int = bounded(5, at_least=1, at_most=1000)


class Ticks:
    name = "ticks"
    about = "clocks that tick, and are looked at"
    operations = frozenset({"tick", "look"})
    reads = frozenset({"look"})
    refusals = frozenset({"stopped"})
    keyed = True
    Options = TicksOptions

    def __init__(self, options):
        self._clocks = options.clocks

    def setup(self, connection, *, seed):
        with connection.cursor() as cursor:
            recreate(cursor, {"clocks": "id INT NOT NULL PRIMARY KEY", "ticks": "id VARCHAR(40) NOT NULL PRIMARY KEY"})
            fill(cursor, "clocks", ((number,) for number in range(self._clocks)))

    def check(self, session):
        return count_problem(session, "clocks", self._clocks)

    def next(self, rng, key):
        return Op(f=rng.choice(["tick", "look"]), key=key, value={"clock": rng.randrange(self._clocks)})

    def run(self, session, op):
        if op.f == "look":
            return {"clock": session.fetch("SELECT id FROM clocks WHERE id = %s", (op.value["clock"],))[0][0]}
        session.begin()
        if session.execute("INSERT INTO ticks (id) VALUES (%s)", (op.key,)) != 1:
            refuse(session, "stopped")
        session.commit()
        return op.value

    def final_queries(self):
        return {"keys": "SELECT id AS `key` FROM ticks ORDER BY id"}


WORKLOAD = Ticks
'''


def test_a_check_with_one_gate_and_a_workload_are_one_new_file_each(tmp_path: Path) -> None:
    added = ""
    for package, text in (("checks", CHECK), ("loadgen.workloads", WORKLOAD)):
        folder = tmp_path / package
        folder.mkdir()
        (folder / "brand_new.py").write_text(text)
        added += f"import {package}\n{package}.__path__.append({str(folder)!r})\n"
    (tmp_path / "added.py").write_text(added)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "added", "-p", "no:cacheprovider", INNER],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "2 passed" in done.stdout
