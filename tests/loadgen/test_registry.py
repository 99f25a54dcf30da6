"""Names and keys of workloads, and a user's own class: what runs, and one clear line for each mistake."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from loadgen.config import WorkloadConfig
from loadgen.errors import ConfigError
from loadgen.registry import VERBS, WORKLOADS, resolve

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "inbox.py"

WHOLE = """
class Mine:
    def __init__(self, options): pass
    def setup(self, connection, *, seed): pass
    def check(self, session): pass
    def next(self, rng, key): pass
    def run(self, session, op): pass
    def final_queries(self): return {}
"""


def config(name: str, **options: Any) -> WorkloadConfig:
    return WorkloadConfig(name=name, isolation="repeatable-read", options=options)


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_resolves_with_defaults_that_read_back(name: str) -> None:
    _, options = resolve(config(name))
    assert resolve(config(name, **options.as_json()))[1] == options
    assert all(callable(getattr(WORKLOADS[name], verb)) for verb in VERBS)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("tpc", {}, "workload.name: expected one of transfer, tpcb, .* or path/to/file.py:ClassName, got 'tpc'"),
        (
            "tpcb",
            {"skew": "zipf"},
            "workload.skew: means nothing for workload tpcb.* It takes: branches, accounts_per_",
        ),
        ("transfer", {"acounts": 5}, "workload.acounts: means nothing .*did you mean 'accounts'"),
        ("transfer", {"accounts": 1}, "workload.accounts: expected 2 to 10,000,000, got 1"),
        ("transfer", {"accounts": "many"}, "workload.accounts: expected a whole number, got 'many'"),
        ("transfer", {"accounts": True}, "workload.accounts: expected a whole number, got True"),
        ("transfer", {"read_share": 1.5}, "workload.read_share: expected 0.0 to 1.0, got 1.5"),
        ("append", {"size": 17}, "workload.size: expected 1 to 16, got 17"),
        ("tpcc", {"customers": 3}, "workload.customers: expected 30 to 3,000, got 3"),
        ("smallbank", {"customers": 50}, "the hot set has 100 of 50"),
    ],
)
def test_mistakes_in_keys(name: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        resolve(config(name, **options))
    assert "\n" not in str(caught.value)


def test_the_example_of_the_guide_is_a_workload_of_forty_lines() -> None:
    workload, options = resolve(config(f"{EXAMPLE}:Inbox", inboxes=5))
    assert options.as_json() == {"inboxes": 5}
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
        ("import nothing_like_this", "Mine", "cannot be imported: ModuleNotFoundError"),
        ("class Mine(", "Mine", "cannot be imported: SyntaxError"),
        (WHOLE.replace("def run", "def walk"), "Mine", "Mine has no method run; a workload has setup, check, next"),
        (WHOLE.replace("self, session, op", "self, session"), "Mine", r"Mine.run must take \(self, …, …\)"),
        (WHOLE.replace(", *, seed", ""), "Mine", r"Mine.setup must take \(self, …, seed=…\)"),
        (WHOLE.replace("self, options", "self"), "Mine", "Mine.__init__ must take"),
        (WHOLE + "    Options = dict\n", "Mine", "Options must be a subclass of loadgen.options.Options"),
        (WHOLE.replace("options): pass", "options): raise ValueError('no')"), "Mine", "cannot be made: ValueError: no"),
    ],
)
def test_mistakes_in_a_class(tmp_path: Path, text: str, name: str, says: str) -> None:
    file = tmp_path / "own.py"
    file.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        resolve(config(f"{file}:{name}"))
    assert "\n" not in str(caught.value)


def test_a_class_without_options_takes_no_key(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(WHOLE)
    assert resolve(config(f"{file}:Mine"))[1].as_json() == {}
    with pytest.raises(ConfigError, match=r"workload.rows: means nothing .* It takes: no key"):
        resolve(config(f"{file}:Mine", rows=1))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"workload: no file .*nowhere.py"):
        resolve(config(f"{tmp_path}/nowhere.py:Mine"))
