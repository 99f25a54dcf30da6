"""Scenario files that nobody would write: each ends with an exit code that users know and a line a mistake.

The files begin as scenarios of the catalogue. Then keys are changed, added, dropped and renamed, whole sections moved,
and characters of the text spoilt: so that a few are still valid, and most are wrong deep inside, where a valid file is.
"""

from __future__ import annotations

import contextlib
import copy
import io
import re
import tempfile
from pathlib import Path
from typing import Any, get_args
from unittest.mock import patch

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.events import EVENTS
from chaos.registry import FAULTS
from chaos.targets import TARGETS
from checks.registry import CHECKS, GATES
from cluster.errors import ConfigurationError
from cluster.topologies.lookup import kinds
from loadgen.workloads.registry import WORKLOADS
from mesh.proxies.lookup import PROXIES
from reports.text.visible import visible
from scenarios.cli.cli import main
from scenarios.schema.load import LoadSection, Model, PoolSection, ReconnectSection, RetrySection, ThinkSection
from scenarios.schema.mesh import MeshSection, mesh_words
from scenarios.schema.read import catalogue, read_scenario
from scenarios.schema.scenario import MySQLSection, Scenario, TopologySection

pytestmark = pytest.mark.slow
#: Beside the thousand of scenario files below.
EXAMPLES = 100
FILES = [yaml.safe_load(file.read_text()) for file in catalogue().values()]
STOPPED = "would start now"
VERBS = {
    "run": ("run", "primary-kill"),
    "matrix": ("matrix", "primary-kill", "--topology", "group,async", "--mesh", "envoy,direct"),
    "up": ("up", "group"),
}

KEYS = sorted(
    {
        *(key for section in (Scenario, TopologySection, MySQLSection, MeshSection) for key in section.model_fields),
        *(
            key
            for section in (LoadSection, RetrySection, ReconnectSection, PoolSection)
            for key in section.model_fields
        ),
        *ThinkSection.model_fields,
        *GATES,
        *(key for fault in FAULTS.values() for key in fault.declared_keys()),
        *("at", "after", "fault", "target", "heal_after", "event", "delay", "locustfile", "accounts"),
        *(
            "read_share",
            "theta",
            "warehouses",
            "branches",
            "customers",
            "initial_balance",
            "sync_binlog",
            "0",
            "-1",
            "",
        ),
    }
)
WORDS = [
    *kinds(), *mesh_words(), *PROXIES, *WORKLOADS, *get_args(Model), *FAULTS, *EVENTS, *TARGETS, *CHECKS,
    *("250ms", "15s", "2m", "0s", "-1s", "1e3s", "25h", "never", "none", "tpcc", "3x", "0.5x", "70%", "0%", "1e9%"),
    *("default", "mysql:9.7", "UPPER", "serializable", "read-committed", "/nowhere/my.cnf", "own.py:Own", "locust.py"),
    *("/etc/passwd", "/dev/null", ".", "..", "~", "", " ", "a" * 300, "a\nb", "\x1b[31m", "\x00", "null", "é", "💶"),
]  # fmt: skip

strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 200),
    st.sampled_from([2**31, 2**63, -(2**63), 10**30]),
    st.floats(),
    st.dates(),
    st.binary(max_size=4),
    st.text(max_size=8),
)
value: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(WORDS) | strange,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | strange, inner, max_size=3),
    max_leaves=5,
)


def places(document: Any, inside: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path below a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path for key, below in inner for path in [(*inside, key), *places(below, (*inside, key))]]


def holder(document: Any, path: tuple[Any, ...]) -> Any:
    for part in path[:-1]:
        document = document[part]
    return document


@st.composite
def documents(draw: st.DrawFn) -> dict[Any, Any]:
    """A scenario of the catalogue after up to six changes."""
    document: dict[Any, Any] = copy.deepcopy(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(0, 6))):
        known = places(document)
        if not known:
            break
        path = draw(st.sampled_from(known))
        around = holder(document, path)
        match draw(st.sampled_from(["change", "change", "add", "drop", "rename", "repeat", "move"])):
            case "change":
                around[path[-1]] = draw(value)
            case "add" if isinstance(around, dict):
                around[draw(st.sampled_from(KEYS))] = draw(value)
            case "drop":
                del around[path[-1]]
            case "rename" if isinstance(around, dict):
                around[draw(st.sampled_from(KEYS) | st.text(max_size=5) | st.integers())] = around.pop(path[-1])
            case "repeat" if isinstance(around, list):
                around.append(copy.deepcopy(around[path[-1]]))
            case "move":
                other = draw(st.sampled_from(known))
                around[path[-1]] = (
                    copy.deepcopy(holder(document, other)[other[-1]]) if other in known[:1] else draw(value)
                )
    return document


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A document as YAML, in one of ten with characters spoilt."""
    text = yaml.safe_dump(draw(documents()), allow_unicode=True, sort_keys=False)
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(text)))
        spoilt = draw(
            st.sampled_from(["\t", ":", "- ", "{", "]", "&a ", "*a", "!!python/name:os.system ", "%", "\x07", "? "])
        )
        text = text[:at] + spoilt + text[at + draw(st.integers(0, 3)) :]
    return text


def said(*words: str) -> tuple[int, list[str]]:
    """Exit code and lines of a command up to where it would ask the engine."""
    heard, stop = io.StringIO(), ConfigurationError(STOPPED)
    with (
        contextlib.redirect_stderr(heard),
        patch("scenarios.cli.running.require_images", side_effect=stop),
        patch("scenarios.matrix.matrix.require_images", side_effect=stop),
        patch("scenarios.standing.verbs.ownership.reap", side_effect=stop),
    ):
        code = main(words)
    return code, heard.getvalue().splitlines()


def held(code: int, lines: list[str], blamed: tuple[str, ...]) -> None:
    """A known exit code and a short line a mistake, which names the file and line, or the word of the command line."""
    assert code == 2, lines
    assert lines
    for line in lines:
        assert visible(line) == line, line
        assert len(line) < 800, line
        assert STOPPED in line or any(one in line for one in blamed), line
        assert not re.search(r"Traceback|internal error|object at 0x|ValidationError|pydantic", line), line


fuzzed = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def runs_or_is_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "own.yaml"
        file.write_text(text, encoding="utf-8")
        code, lines = said("run", str(file))
        held(code, lines, ("own.yaml",))
        if STOPPED in lines[0]:
            scenario = read_scenario(str(file))
            again = Path(folder) / "again.yaml"
            again.write_text(yaml.safe_dump(scenario.model_dump(mode="json")))
            assert read_scenario(str(again)) == scenario, "a run's manifest can be run again"


@fuzzed
@given(texts())
def test_a_scenario_file_runs_or_is_refused_in_one_line_a_mistake(text: str) -> None:
    runs_or_is_refused(text)


@settings(fuzzed, max_examples=1_000)
@given(texts())
def test_so_do_a_thousand_others(text: str) -> None:
    runs_or_is_refused(text)


@settings(fuzzed, max_examples=125)
@given(
    st.sampled_from(sorted(VERBS)),
    st.lists(
        st.tuples(st.lists(st.sampled_from(KEYS) | st.text(max_size=4), min_size=1, max_size=4), value), max_size=3
    ),
)
def test_set_is_obeyed_or_refused_in_one_line_a_mistake(verb: str, asked: list[tuple[list[str], Any]]) -> None:
    words = []
    for path, given_value in asked:
        shown = yaml.safe_dump(given_value, default_flow_style=True, allow_unicode=True).removesuffix("...\n").strip()
        words.append(f"--set={'.'.join(path)}={shown}".encode(errors="replace").decode())
    code, lines = said(*VERBS[verb], *words)
    held(code, lines, ("--set", "primary-kill", f"{verb} "))
