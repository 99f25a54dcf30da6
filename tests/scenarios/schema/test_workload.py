"""The workload of a scenario: its keys with their defaults, what it requires, and a user's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from loadgen.workloads.registry import WORKLOADS
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from tests.scenarios.looking import look_here

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
MINIMAL = "name: mine\nteaches: something\ntopology: single\nmesh: envoy\n"
OWN = """
class Mine:
    def __init__(self, options): pass
    def setup(self, connection, *, seed): pass
    def check(self, session): pass
    def next(self, rng, key): pass
    def run(self, session, op): pass
    def final_queries(self): return {QUERIES}
"""


def read(tmp_path: Path, text: str, *settings: str) -> Scenario:
    file = tmp_path / "mine.yaml"
    file.write_text(MINIMAL + text)
    return read_scenario(str(file), settings=list(settings), look=look_here)


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_workload_is_one_word_and_requires_what_it_shows(name: str) -> None:
    scenario = read_scenario("steady", settings=[f"workload={name}"])
    written = scenario.model_dump(mode="json")
    assert written["workload"]["name"] == name
    assert len(written["workload"]) > 1, "resolved defaults belong into the manifest"
    own = {"transfer": {"conservation", "torn"}, "mixed-read": {"registers", "staleness"}}.get(name, {name})
    always = {"durability", "duplicates", "availability", "convergence", "replication"}
    assert set(scenario.gates.require or []) == always | own
    assert type(scenario).model_validate(written) == scenario


@pytest.mark.parametrize("kind", ["async", "semisync", "group", "group-multi"])
def test_where_there_are_replicas_it_must_be_decided_that_none_was_a_second_primary(kind: str) -> None:
    assert "replication" in (read_scenario("steady", settings=[f"topology={kind}"]).gates.require or [])


def test_a_single_pod_has_no_second_primary() -> None:
    assert "replication" not in (read_scenario("steady", settings=["topology=single"]).gates.require or [])


def test_a_scenario_s_own_list_of_required_checks_wins(tmp_path: Path) -> None:
    assert read(tmp_path, "workload: tpcc\ngates: {require: [availability]}").gates.require == ["availability"]


def test_keys_reach_the_load_pod_resolved(tmp_path: Path) -> None:
    scenario = read(tmp_path, "workload: {name: smallbank, customers: 500, skew: {kind: zipf}}")
    config = scenario.workload.config(isolation="serializable")
    assert config.name == "smallbank"
    assert config.options["skew"] == {"kind": "zipf", "theta": 0.99}
    assert (config.options["customers"], config.isolation) == (500, "serializable")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("workload: {name: tpcb, read_share: 0.5}", r":5: workload.read_share: unknown key of workload tpcb"),
        (
            "workload: {name: transfer, accounts: 1}",
            r":5: workload.accounts: expected a whole .*, got 1",
        ),
        ("workload: nonsense", r":5: workload.name: expected one of transfer, .*got 'nonsense'"),
        ("workload: {accounts: 5}", r":5: workload.name: expected one of transfer"),
        ("workload: 7", r":5: workload: expected a mapping"),
        ("workload: nowhere.py:Mine", r"workload: no file .*nowhere.py; a path is relative to the scenario"),
        ("locustfile: nowhere.py", r"workload: no file .*nowhere.py"),
        ("workload: tpcc\nlocustfile: x.py", r"workload and locustfile exclude each other"),
        ("workload: {locustfile: x.py, name: tpcc}", r"name and locustfile exclude each other"),
        ("workload: {locustfile: x.py, accounts: 3}", r"accounts: does not apply to a locustfile"),
        ("", r"workload: is required and missing"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_a_setting_that_means_nothing_is_blamed_on_the_setting() -> None:
    with pytest.raises(ConfigurationError, match=r"^--set workload.skew=hot: workload.skew: unknown key of w"):
        read_scenario("steady", settings=["workload=tpcc", "workload.skew=hot"])


@pytest.mark.parametrize(("queries", "keyed"), [("{}", False), ("{'keys': 'SELECT 1'}", True)])
def test_a_user_s_own_class_stands_beside_the_scenario(tmp_path: Path, queries: str, keyed: bool) -> None:
    (tmp_path / "own.py").write_text(OWN.replace("{QUERIES}", queries))
    scenario = read(tmp_path, "workload: own.py:Mine")
    assert scenario.workload.file == tmp_path / "own.py"
    assert scenario.gates.require is not None
    assert ("durability" in scenario.gates.require) == keyed
    assert scenario.workload.config(isolation="serializable", folder="/in/the/pod").name == "/in/the/pod/own.py:Mine"
    assert scenario.model_dump(mode="json")["workload"] == {"name": "own.py:Mine"}


def test_a_path_on_the_command_line_is_relative_to_where_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES)
    scenario = read_scenario("steady", settings=["workload=inbox.py:Inbox", "workload.inboxes=9"], look=look_here)
    assert scenario.workload.file == EXAMPLES / "inbox.py"
    assert scenario.workload.options == {"inboxes": 9}
    for setting in ("locustfile=locustfile.py", "workload=locustfile.py"):
        assert read_scenario("steady", settings=[setting]).workload.is_locustfile


def test_a_class_that_lacks_a_verb_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN.replace("def run", "def walk"))
    with pytest.raises(ConfigurationError, match=r"own\.py:2: Mine has no method run"):
        read(tmp_path, "workload: own.py:Mine")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import locust", r"mine_too\.py has no class of users"),
        ("import nothing_like_this", r"mine_too\.py:1: imports nothing_like_this"),
    ],
)
def test_a_locustfile_that_locust_cannot_use_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "mine_too.py").write_text(text)
    with pytest.raises(ConfigurationError, match=says) as caught:
        read(tmp_path, "locustfile: mine_too.py")
    assert "\n" not in str(caught.value)
