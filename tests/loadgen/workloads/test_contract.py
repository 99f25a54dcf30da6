"""A user's own workload: what is as it should be passes untouched, and each slip is one line that says where it is."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pymysql
import pytest

from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.workload import Op, RefusedError, Workload
from loadgen.workloads.registry import resolve

VERBS = {
    "setup": "def setup(self, connection, *, seed): pass",
    "check": "def check(self, session): return None",
    "next": "def next(self, rng, key): return Op(f='read', key=key, value={'n': 1})",
    "run": "def run(self, session, op): return [1, None, 'x']",
    "final_queries": "def final_queries(self): return {'keys': 'SELECT 1 AS `key`'}",
}
HEAD = """\
import pymysql, sys
from loadgen.workload import Op, RefusedError

class Mine:
    def __init__(self, options): pass
"""


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """Makes the workload, with some verbs replaced; a replaced verb stands in line 6 and the following."""

    def make(**replaced: str) -> Workload:
        file = tmp_path / "own.py"
        verbs = [*replaced.values(), *(body for verb, body in VERBS.items() if verb not in replaced)]
        file.write_text(HEAD + "".join(f"    {body}\n" for body in verbs))
        return resolve(WorkloadConfig(name=f"{file}:Mine", isolation="repeatable-read"))[0]

    return make


def call(workload: Workload, verb: str) -> Any:
    nothing: Any = None
    calls = {
        "setup": lambda: workload.setup(nothing, seed=1),
        "check": lambda: workload.check(nothing),
        "next": lambda: workload.next(random.Random(1), "7-0-1"),
        "run": lambda: workload.run(nothing, Op(f="read", key="7-0-1", value=None)),
        "final_queries": workload.final_queries,
    }
    return calls[verb]()


def test_what_is_as_it_should_be_passes(own: Any) -> None:
    workload = own()
    assert call(workload, "check") is None
    assert call(workload, "next") == Op(f="read", key="7-0-1", value={"n": 1})
    assert call(workload, "run") == [1, None, "x"]
    assert call(workload, "final_queries") == {"keys": "SELECT 1 AS `key`"}
    assert call(own(check=VERBS["check"].replace("None", "'no rows'")), "check") == "no rows"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("bug", ["raise KeyError('bang')", "raise ValueError('two\\nlines')", "sys.exit(7)"])
def test_what_breaks_is_told_with_its_line(own: Any, tmp_path: Path, verb: str, bug: str) -> None:
    head = VERBS[verb].partition(":")[0]
    workload = own(**{verb: f"{head}:\n        {bug}"})
    with pytest.raises(ConfigError) as caught:
        call(workload, verb)
    said = str(caught.value)
    assert f"own.py:Mine.{verb} failed: " in said
    assert said.endswith(f"({tmp_path}/own.py:7, in {verb})")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("verb", "value", "says"),
    [
        ("check", "42", "check must return None, or in one line why the load cannot begin, got 42"),
        ("next", "None", "next must return a loadgen.workload.Op, got None"),
        ("next", "Op(f='read', key='same', value=1)", r"the key that it was given \('7-0-1'\), got 'same'"),
        ("next", "Op(f='', key=key, value=1)", "a word as f, got ''"),
        ("next", "Op(f='read', key=key, value=1, port='reed')", "one of write, read as port, got 'reed'"),
        ("next", "Op(f='read', key=key, value={1, 2})", r"a value that JSON has, got \{1, 2\}"),
        ("run", "{1, 2}", r"return a value that JSON has, got \{1, 2\}"),
        ("final_queries", "['SELECT 1']", r"name of the table -> SQL that reads it, got \['SELECT 1'\]"),
        ("final_queries", "{'keys': None}", "SQL that reads it, got"),
    ],
)
def test_what_no_workload_may_is_told(own: Any, verb: str, value: str, says: str) -> None:
    head = VERBS[verb].partition(":")[0]
    with pytest.raises(ConfigError, match=says):
        call(own(**{verb: f"{head}: return {value}"}), verb)


def test_a_coroutine_is_no_result(own: Any) -> None:
    with pytest.raises(ConfigError, match=r"own.py:6: Mine.run must be a plain def, not async def"):
        own(run="async def run(self, session, op): return 1")


@pytest.mark.parametrize(
    "error", [pymysql.OperationalError(1213, "Deadlock"), RefusedError("declined"), ConnectionResetError("wire")]
)
def test_what_the_server_and_the_wire_say_passes_as_it_is(own: Any, error: Exception) -> None:
    workload = own(run="def run(self, session, op): return session.fetch('SELECT 1')")

    class Failing:
        def fetch(self, _: str) -> None:
            raise error

    session: Any = Failing()
    with pytest.raises(type(error)):
        workload.run(session, Op(f="read", key="7-0-1", value=None))


def test_an_index_error_of_theirs_is_no_broken_packet(own: Any) -> None:
    workload = own(run="def run(self, session, op): return [][0]")
    with pytest.raises(ConfigError, match=r"Mine.run failed: IndexError: .*own.py:6, in run"):
        call(workload, "run")
