"""Names and keys of workloads, and a user's own class: what runs, and one clear line for each mistake."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from history.vocabulary import WorkloadFacts
from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.workloads.registry import WORKLOADS, facts_of, resolve
from loadgen.workloads.user_class import VERBS

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "inbox.py"

WHOLE = """
class Mine:
    def __init__(self, options): pass
    def setup(self, connection, *, seed): pass
    def check(self, session): pass
    def next(self, rng, key): pass
    def run(self, session, op): pass
    def final_queries(self): return {}
"""
NO_INIT = WHOLE.replace("    def __init__(self, options): pass\n", "")
KEYS = """
from dataclasses import dataclass
from loadgen.options import Options
{}
class Keys(Options):
    {}
"""
WITH = WHOLE + "    Options = Keys\n"


def config(name: str, **options: Any) -> WorkloadConfig:
    return WorkloadConfig(name=name, isolation="repeatable-read", options=options)


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_resolves_with_defaults_that_read_back(name: str) -> None:
    _, options = resolve(config(name))
    assert resolve(config(name, **options.written()))[1] == options
    assert all(callable(getattr(WORKLOADS[name], verb)) for verb in VERBS)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("tpc", {}, "workload.name: expected one of transfer, tpcb, .* or path/to/file.py:ClassName, got 'tpc'"),
        (
            "tpcb",
            {"skew": "zipf"},
            "workload.skew: unknown key of workload tpcb.*lowed here: branches, accounts_per_",
        ),
        ("transfer", {"acounts": 5}, "workload.acounts: unknown key .*did you mean 'accounts'"),
        ("transfer", {"accounts": 1}, "workload.accounts: expected a whole number, 2 to 10,000,000, got 1"),
        ("transfer", {"accounts": "many"}, "workload.accounts: expected a whole number, .*, got 'many'"),
        ("transfer", {"accounts": True}, "workload.accounts: expected a whole number, .*, got True"),
        ("transfer", {"read_share": 1.5}, "workload.read_share: expected a number, 0 to 1, got 1.5"),
        ("append", {"size": 17}, "workload.size: expected a whole number, 1 to 16, got 17"),
        ("tpcc", {"customers": 3}, "workload.customers: expected a whole number, 30 to 3,000, got 3"),
        ("smallbank", {"customers": 50}, "the hot set has 100 of 50"),
    ],
)
def test_a_value_that_a_key_cannot_have_is_refused_in_one_line(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        resolve(config(name, **options))
    assert "\n" not in str(caught.value)


def test_the_example_of_the_guide_is_a_workload_of_forty_lines() -> None:
    workload, options = resolve(config(f"{EXAMPLE}:Inbox", inboxes=5))
    assert options.written() == {"inboxes": 5}
    ops = [workload.next(random.Random(number), f"7-0-{number}") for number in range(50)]
    assert {op.f for op in ops} == {"send", "read"}
    assert list(workload.final_queries()) == ["keys"]
    code = [line for line in EXAMPLE.read_text().partition('"""\n\n')[2].splitlines() if line.strip()]
    assert len(code) <= 45


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        (WHOLE, "Other", r"own.py has no class 'Other'; it has Mine"),
        ("x = 1", "Mine", r"has no class 'Mine'; it has none"),
        ("Mine = 7", "Mine", r"has no class 'Mine'"),
        ("import nothing_like_this", "Mine", r"own.py:1: imports nothing_like_this, which is .* workload.requirements"),
        ("import os\n\nos.environ['BANK']", "Mine", "own.py:3: reads the environment variable BANK.* load.environment"),
        ("class Mine(", "Mine", r"own.py:1: not valid Python: "),
        ("x = 1\nx = {}['y']", "Mine", "own.py:2: KeyError: 'y'"),
        ("raise SystemExit(3)", "Mine", r"own.py:1: ends the process \(3\)"),
        ("", "Mine", "no class 'Mine'"),
        (
            WHOLE.replace("def run", "def walk"),
            "Mine",
            "own.py:2: Mine has no method run; a workload has setup, check, n",
        ),
        (WHOLE.replace("def run", "run = 3\n    def walk"), "Mine", "own.py:2: Mine has no method run"),
        (WHOLE.replace("self, session, op", "self, session"), "Mine", r"own.py:7: Mine.run must take \(self, …, …\)"),
        (WHOLE.replace(", *, seed", ""), "Mine", r"own.py:4: Mine.setup must take \(self, …, seed=…\)"),
        (WHOLE.replace("self, session, op", "session, op"), "Mine", r"own.py:7: Mine.run must take \(self, …, …\)"),
        (WHOLE.replace("def run", "async def run"), "Mine", "own.py:7: Mine.run must be a plain def, not async def"),
        (WHOLE.replace("op): pass", "op): yield"), "Mine", "own.py:7: Mine.run must be a plain def without yield"),
        (
            WHOLE.replace("self, options", "self, bank, options"),
            "Mine",
            r"own.py:2: Mine.__init__ must .* needs bank, op",
        ),
        (
            WHOLE.replace("self, options", "self, bank, branch"),
            "Mine",
            r"__init__ must take \(self, options\), or need n",
        ),
        (WHOLE + "    reads = 'peek'\n", "Mine", "own.py:2: Mine.reads must be a set of words"),
        (WHOLE + "    refusals = {3}\n", "Mine", "own.py:2: Mine.refusals must be a set of words"),
        (WHOLE + "    Options = dict\n", "Mine", "Options must be a subclass of loadgen.options.Options"),
        (
            KEYS.format("@dataclass(frozen=True, kw_only=True)", "rows: int") + WITH,
            "Mine",
            "Options.rows needs a default",
        ),
        (
            KEYS.format("@dataclass(frozen=True, kw_only=True)", "rows: object = None") + WITH,
            "Mine",
            "must be a number",
        ),
        (KEYS.format("", "rows: int = 5") + WITH, "Mine", "Options has rows, but is no @dataclass"),
        (
            KEYS.format("@dataclass(frozen=True, kw_only=True)", "rows: int = 5") + NO_INIT + "    Options = Keys\n",
            "Mine",
            r"Mine has Options, and no __init__\(self, options\) that takes them",
        ),
        (
            WHOLE.replace("options): pass", "options): raise ValueError('no')"),
            "Mine",
            "own.py:3: ValueError: no: Mine cannot be made",
        ),
    ],
)
def test_a_class_that_is_no_workload_is_refused_in_one_line_with_its_place(
    tmp_path: Path, text: str, name: str, says: str
) -> None:
    file = tmp_path / "own.py"
    file.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        resolve(config(f"{file}:{name}"))
    assert "\n" not in str(caught.value)


def test_a_class_without_options_takes_no_key(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(WHOLE)
    assert resolve(config(f"{file}:Mine"))[1].written() == {}
    with pytest.raises(ConfigError, match=r"workload.rows: unknown key .* allowed here: no key"):
        resolve(config(f"{file}:Mine", rows=1))


def test_a_class_of_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"workload: no file .*nowhere.py"):
        resolve(config(f"{tmp_path}/nowhere.py:Mine"))


@pytest.mark.parametrize(
    "text",
    [
        NO_INIT,
        NO_INIT.replace("class Mine", "import dataclasses\n@dataclasses.dataclass\nclass Mine"),
        NO_INIT.replace("class Mine:", "import dataclasses\n@dataclasses.dataclass\nclass Mine:\n    rows: int = 5"),
        NO_INIT.replace("class Mine", "from loadgen.workload import Workload\nclass Mine(Workload)"),
        NO_INIT.replace("class Mine", "from typing import NamedTuple\nclass Mine(NamedTuple)"),
        NO_INIT.replace("    def run(self, session, op)", "    @staticmethod\n    def run(session, op)"),
        NO_INIT.replace("    def run(self, session, op)", "    @classmethod\n    def run(cls, session, op)"),
        WHOLE.replace("self, options", "self"),
        WHOLE.replace("self, options", "self, rows=5"),
        WHOLE.replace("self, options", "self, *, options"),
        WHOLE.replace("self, options", "self, keys"),
        WHOLE.replace("self, options", "self, rows=5, *, options=None"),
        WHOLE.replace("self, options", "self, *args, **more"),
    ],
)
def test_a_class_of_five_verbs_runs_however_it_is_made(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.py").write_text(text)
    workload, _ = resolve(config(f"{tmp_path}/own.py:Mine"))
    assert workload.final_queries() == {}


@pytest.mark.parametrize("init", ["self, options", "self, rows=7, *, options=None", "self, *, options", "self, keys"])
def test_options_reach_the_constructor_that_takes_them_and_nothing_else(tmp_path: Path, init: str) -> None:
    given = "keys" if "keys" in init else "options"
    text = KEYS.format("@dataclass(frozen=True, kw_only=True)", "rows: int = 5") + WITH.replace("self, options", init)
    text = text.replace("): pass", f"): assert {given}.rows == 9", 1).replace("{}", "{'keys': 'SELECT 1'}")
    (tmp_path / "own.py").write_text(text)
    assert resolve(config(f"{tmp_path}/own.py:Mine", rows=9))[1].written() == {"rows": 9}


def test_a_module_beside_the_class_is_found(tmp_path: Path) -> None:
    (tmp_path / "money_helper_of_a_test.py").write_text("AMOUNT = 7\n")
    (tmp_path / "own.py").write_text(f"from money_helper_of_a_test import AMOUNT\n{NO_INIT}")
    assert resolve(config(f"{tmp_path}/own.py:Mine"))


def test_a_class_says_which_of_its_operations_only_read_and_which_refusals_are_answers(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(f"{WHOLE}    reads = {{'peek'}}\n    refusals = ['sold-out']\n")
    facts = facts_of(resolve(config(f"{tmp_path / 'own.py'}:Mine"))[0])
    assert facts == WorkloadFacts(reads=frozenset({"peek"}), refusals=frozenset({"sold-out"}))


def test_a_class_says_which_of_its_operations_go_to_the_read_port(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(f"{WHOLE}    read_port = {{'peek'}}\n")
    facts = facts_of(resolve(config(f"{tmp_path / 'own.py'}:Mine"))[0])
    assert facts == WorkloadFacts(read_port=frozenset({"peek"}))
    assert WorkloadFacts.read(facts.as_json()) == facts


def test_a_class_that_does_not_say_or_has_a_method_of_that_name_is_as_it_always_was(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(f"{WHOLE}    def reads(self): return 5\n    refusals = set()\n")
    facts = facts_of(resolve(config(f"{tmp_path / 'own.py'}:Mine"))[0])
    assert facts.reads == {"read", "balance", "order-status", "stock-level"}
    assert facts.refusals == frozenset()
