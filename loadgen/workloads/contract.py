"""A user's own workload, held to what `docs/workloads.md` asks of it: a slip is told as the slip it is, with its line.

Without this a key used twice, or a value that JSON does not have, shows far from where it was made, or in no place at
all but the numbers. Our own workloads are held to the same by their tests, and spared the cost.
"""

from __future__ import annotations

import inspect
import random
import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import pymysql

from history.ops_file import to_json
from history.vocabulary import WorkloadFacts
from loadgen.errors import ConfigError, what_broke
from loadgen.outcome import WIRE_ERRORS
from loadgen.user_code.importing import line_of
from loadgen.workload import Op, Port, RefusedError, SetupConnection, SqlSession, Workload

#: Of a final table, which becomes the name of a file.
TABLE_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"


class Held:
    """A `loadgen.workload.Workload`. Raises ConfigError for whatever the user's class does that no workload may.

    name: how the user named it. file: where the class is. facts: what it says of itself.
    """

    def __init__(self, workload: Workload, *, name: str, file: Path, facts: WorkloadFacts) -> None:
        self._workload = workload
        self._name = name
        self._file = file
        self.facts = facts

    def setup(self, connection: SetupConnection, *, seed: int) -> None:
        try:
            set_up: Callable[..., Any] = self._workload.setup  # a stranger's may return anything
            returned = set_up(connection, seed=seed)
        except (Exception, SystemExit) as bug:
            raise self._broke("setup", bug) from bug
        if inspect.isawaitable(returned) or inspect.isgenerator(returned) or returned is False:
            raise self._wrong("setup", "do its work before it returns, and raise when it cannot", returned)

    def check(self, session: SqlSession) -> str | None:
        try:
            problem = self._workload.check(session)
        except (Exception, SystemExit) as bug:
            if self._is_the_wire_s(bug):
                raise
            raise self._broke("check", bug) from bug
        if not isinstance(problem, str | None):
            raise self._wrong("check", "return None, or in one line why the load cannot begin", problem)
        return problem

    def next(self, rng: random.Random, key: str) -> Op:
        try:
            op = self._workload.next(rng, key)
        except (Exception, SystemExit) as bug:
            raise self._broke("next", bug) from bug
        if not isinstance(op, Op):
            raise self._wrong("next", "return a loadgen.workload.Op", op)
        if op.key != key:
            raise self._wrong("next", f"give its Op the key that it was given ({key!r})", op.key)
        if not isinstance(op.f, str) or not op.f:
            raise self._wrong("next", "give its Op a word as f", op.f)
        if op.port not in get_args(Port):
            raise self._wrong("next", f"give its Op one of {', '.join(get_args(Port))} as port", op.port)
        self._require_json("next", "give its Op a value that JSON has", op.value)
        return op

    def run(self, session: SqlSession, op: Op) -> Any:
        try:
            value = self._workload.run(session, op)
        except (Exception, SystemExit) as bug:
            if isinstance(bug, RefusedError) or self._is_the_wire_s(bug):
                raise
            raise self._broke("run", bug) from bug
        self._require_json("run", "return a value that JSON has", value)
        return value

    def final_queries(self) -> Mapping[str, str]:
        try:
            queries = self._workload.final_queries()
        except (Exception, SystemExit) as bug:
            raise self._broke("final_queries", bug) from bug
        if not isinstance(queries, Mapping) or not all(
            isinstance(word, str) for pair in queries.items() for word in pair
        ):
            raise self._wrong("final_queries", "return a dict: name of the table -> SQL that reads it", queries)
        if strange := [name for name in queries if not re.fullmatch(TABLE_NAME, name)]:
            raise self._wrong("final_queries", "name its tables with letters, digits and _", strange[0])
        return queries

    def _is_the_wire_s(self, error: BaseException) -> bool:
        """Not what the user's own lines raise: an IndexError of theirs is no broken packet."""
        if isinstance(error, pymysql.MySQLError):
            return True
        own = traceback.extract_tb(error.__traceback__)[-1].filename == str(self._file)
        return isinstance(error, WIRE_ERRORS) and not own

    def _broke(self, verb: str, bug: BaseException) -> ConfigError:
        return ConfigError(f"{self._name}.{verb} failed: {what_broke(bug, within=self._file)}", key="workload")

    def _wrong(self, verb: str, must: str, got: object) -> ConfigError:
        try:
            shown = " ".join(repr(got).split())[:100]
        except Exception:  # noqa: BLE001  a stranger's __repr__
            shown = type(got).__name__
        where = line_of(getattr(type(self._workload), verb), self._file)
        return ConfigError(f"{self._name}.{verb} must {must}, got {shown} ({where})", key="workload")

    def _require_json(self, verb: str, must: str, value: Any) -> None:
        try:
            to_json(value)
        except (TypeError, ValueError):
            raise self._wrong(verb, must, value) from None
