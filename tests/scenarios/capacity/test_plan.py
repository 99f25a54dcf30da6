"""What a capacity is asked of: every mistake is told before anything starts, in a line that names the word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from reports.capacity.planner import alike
from scenarios.capacity.offered import offered
from scenarios.capacity.plan import Plan, plan
from scenarios.schema.user_keys import HIDDEN, without_values
from scenarios.trials.loop import Planned

SLO = ["response_p99<=250ms"]


def planned(subject: str = "group", **words: Any) -> Plan:
    return plan(subject, **{"slo": SLO, **words})


@pytest.mark.parametrize(
    ("subject", "words", "told"),
    [
        ("grup", {}, "grup: no such scenario, topology or file; did you mean 'group'?"),
        ("primary-kil", {}, "did you mean 'primary-kill'?"),
        ("missing.yaml", {}, "missing.yaml: no such scenario or file"),
        ("group", {"topology": "async"}, "group --topology async: two topologies"),
        ("steady", {"topology": "grup"}, "--topology: unknown word 'grup'; did you mean 'group'?"),
        ("group", {"mesh": "envoi"}, "--mesh: unknown word 'envoi'; did you mean 'envoy'?"),
        ("group", {"workload": "transfers"}, "--workload: unknown word 'transfers'; did you mean 'transfer'?"),
        ("group", {"workload": "mine.py"}, "--workload mine.py: a locustfile has loops of its own"),
        ("group", {"lose": 2}, "--lose 2: expected 0 or 1"),
        (" ", {}, "SCENARIO|TOPOLOGY: is empty; give a name of `meshbench list`, a file, or a topology"),
        ("group", {"settings": ["topology=single"]}, "--set topology=single: capacity group says otherwise; keep one"),
        ("steady", {"topology": "async", "settings": ["topology.kind=group"]}, "--topology async says otherwise"),
        ("group", {"mesh": "envoy", "settings": ["mesh=direct"]}, "--set mesh=direct: --mesh envoy says otherwise"),
        (
            "group",
            {"workload": "transfer", "settings": ["workload=mixed-read"]},
            "--set workload=mixed-read: --workload transfer says otherwise",
        ),
        ("group", {"workload": "transfer", "settings": ["locustfile=l.py"]}, "--workload transfer says otherwise"),
        ("group", {"mesh": "direct", "settings": ["mesh.check_interval=1s"]}, "--mesh direct: mesh: check_interval"),
        ("single", {"settings": ["topology.pods=3"]}, "capacity single: topology: pods must be 1 for kind single"),
        ("steady", {"topology": "single", "settings": ["topology.pods=3"]}, "--topology single: topology: pods must"),
        ("group", {"seed": 5, "settings": ["seed=6"]}, "--set seed=6: --seed 5 says otherwise"),
        ("group", {"lose": -1}, "--lose -1: expected 0 or 1"),
        ("single", {"lose": 1}, "--lose 1: topology single with 1 pod goes on with at most 0 of them gone"),
        ("steady", {"topology": "single", "lose": 1}, "--lose 1: topology single"),
        ("group", {"slo": []}, "--slo: needed at least once"),
        ("group", {"slo": ["responce_p99<=1s"]}, "did you mean 'response_p99'?"),
        ("group", {"slo": ["response_p99<=-1ms"]}, "response_p99 takes a time of at least 1us"),
        ("group", {"slo": [*SLO, "response_p99<=1s"]}, "response_p99 is bounded twice"),
        ("group", {"settings": ["load.rate=500"]}, "--set load.rate=500: how much is offered, and when, is searched"),
        ("group", {"settings": ["faults=[]"]}, "--set faults=[]: a capacity has no faults of its own"),
        ("group", {"settings": ["gates.write_outage=5s"]}, "a capacity has no gates of its own"),
        ("group", {"settings": ["load.conections=5"]}, "of the load can be set: load.connections"),
        ("group", {"settings": ["mysql.config.sync_binlgo=0", "nonsense"]}, "--set nonsense: expected key=value"),
    ],
)
def test_a_mistake_is_told_with_the_word_that_makes_it(subject: str, words: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        planned(subject, **words)
    assert told in str(refused.value)


def test_a_set_that_says_what_an_option_says_is_fine() -> None:
    settings = ["topology={kind: group, pods: 5}", "mesh=haproxy", "workload.name=tpcb", "seed=5"]
    found = planned(mesh="haproxy", workload="tpcb", seed=5, settings=settings).scenario
    assert (found.topology.pods, found.mesh.word, found.workload.name, found.seed) == (5, "haproxy", "tpcb", 5)


def test_every_wrong_objective_has_a_line() -> None:
    with pytest.raises(ConfigurationError) as refused:
        planned(slo=["p99<=1ms", "success_ratio>=2"])
    assert len(str(refused.value).splitlines()) == 2


def test_a_scenario_with_a_locustfile_has_no_rate_to_search(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from locust import HttpUser\n")
    file = tmp_path / "own.yaml"
    file.write_text("name: own\nteaches: x\ntopology: single\nmesh: direct\nlocustfile: mine.py\n")
    with pytest.raises(ConfigurationError, match="a locustfile has loops of its own"):
        planned(str(file))


def test_the_faults_the_load_and_the_gates_of_a_scenario_are_left_out_and_that_is_said() -> None:
    found = planned("primary-kill", lose=1)
    assert found.scenario.faults == []
    assert "write_outage_ms" not in found.scenario.gates.numbers()
    assert any("kill primary" in line for line in found.left_out)
    assert any("150/s for 65s" in line for line in found.left_out)
    assert found.scenario.mysql.config["group_replication_member_expel_timeout"] == 0


@pytest.mark.parametrize(
    ("name", "words", "left_out"),
    [
        ("replica-kill", {"topology": "single"}, "(kill one_replica)"),
        ("switchover", {"topology": "single"}, "(switchover"),
        ("mix", {"topology": "single"}, "the faults of mix are left out"),
        ("rolling-restart", {"topology": "single"}, "the faults of rolling-restart are left out"),
        ("group5-minority-kill", {"topology": "single"}, "the faults of group5-minority-kill are left out"),
        ("certificate-expiry", {"mesh": "envoy"}, "the faults of certificate-expiry are left out"),
        ("kill-in-failover", {"topology": "group"}, "the faults of kill-in-failover are left out"),
    ],
)
def test_faults_that_are_left_out_refuse_no_system_that_could_not_have_them(
    name: str, words: dict[str, str], left_out: str
) -> None:
    found = planned(name, **words)
    assert found.scenario.topology.kind == words.get("topology", found.scenario.topology.kind)
    assert found.scenario.faults == []
    assert any(left_out in line for line in found.left_out), found.left_out


def test_what_a_file_leaves_open_the_words_may_say(tmp_path: Path) -> None:
    file = tmp_path / "open.yaml"
    file.write_text(
        "name: open\nteaches: x\ntopology: group\nworkload: transfer\n"
        "faults: [{at: 5s, fault: kill, target: one_replica}]\n"
    )
    found = planned(str(file), mesh="envoy", topology="async")
    assert (found.scenario.topology.kind, found.scenario.mesh.proxy) == ("async", "envoy")
    assert any("kill one_replica" in line for line in found.left_out)


def test_a_mistake_in_a_fault_is_still_told_though_faults_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "typo.yaml"
    file.write_text("name: typo\nteaches: x\ntopology: group\nmesh: envoy\nfaults: [{at: 5s, fault: kil}]\n")
    with pytest.raises(ConfigurationError, match="unknown fault 'kil'"):
        planned(str(file))


def test_a_topology_alone_is_the_steady_scenario_with_it() -> None:
    found = planned("async", mesh="direct")
    assert (found.name, found.scenario.topology.kind, found.scenario.mesh.mode) == ("steady", "async", "direct")
    assert not found.scenario.mysql.config
    assert (
        planned("group", settings=["mysql.config.group_replication_member_expel_timeout=5"]).scenario.mysql.config[
            "group_replication_member_expel_timeout"
        ]
        == 5
    )


def test_clients_and_their_policies_are_those_of_the_scenario() -> None:
    found = planned("single", settings=["load.connections=7", "load.retry={mode: safe, attempts: 2}"])
    step = offered(found.scenario, 640.0, lasts_s=11.0, number=3)
    assert (step.load.connections, step.load.retry.attempts) == (7, 2)
    assert (step.load.model, step.load.rate, step.load.duration) == ("poisson", 640.0, 11.0)
    closed = offered(found.scenario, None, lasts_s=11.0, number=4)
    assert (closed.load.model, closed.load.users) == ("closed", 7)
    assert step.seed != closed.seed, "keys are made of the seed, and would come twice"


def test_a_run_of_the_same_system_can_be_given_again_as_words() -> None:
    found = planned("group", lose=1, settings=["load.connections=7"])
    run = found.run_of(
        {"model": "poisson", "rate": 300, "duration": "45s"},
        faults=[{"at": "10s", "fault": "kill", "target": "primary", "heal_after": "12s"}],
        gates={"response_p99_before": "250ms"},
    )
    assert run.scenario.load.rate == 300
    assert run.scenario.load.connections == 7
    assert run.scenario.gates.numbers()["response_p99_before_ms"] == 250
    assert [step.fault.name for step in run.scenario.timeline()] == ["kill"]
    assert "topology=group" in run.settings


def test_a_class_of_one_s_own_keeps_its_environment_in_steps_and_runs_and_no_value_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class Mine: pass\n")
    file = tmp_path / "own.yaml"
    file.write_text(
        "name: own\nteaches: x\ntopology: group\nmesh: envoy\n"
        "workload: mine.py:Mine\nload: {environment: {BANK: acme, CITY: Zürich}}\n"
    )
    found = planned(str(file), lose=1, settings=["load.environment.TOKEN=hush {it}"])
    wanted = {"BANK": "acme", "CITY": "Zürich", "TOKEN": "hush {it}"}
    assert found.scenario.load.environment == wanted
    assert offered(found.scenario, 640.0, lasts_s=11.0, number=3).load.environment == wanted
    run = found.run_of({"model": "poisson", "rate": 300, "duration": "45s"}, faults=[], gates={})
    assert run.scenario.load.environment == wanted
    command = without_values(Planned(scenario=run.scenario, name=found.name, settings=run.settings, number=1).command)
    assert f"load.environment={HIDDEN}" in command
    assert not any(value in word for word in command for value in ("acme", "hush"))
    assert set(found.scenario.model_dump(mode="json")["load"]["environment"].values()) == {HIDDEN}


@pytest.mark.parametrize("kind", ["async", "semisync", "group", "group-multi"])
@pytest.mark.parametrize("mesh", ["direct", "haproxy", "sidecar", "mtls"])
def test_topologies_and_meshes_named_alone_may_stand_in_one_planner_table(kind: str, mesh: str) -> None:
    def settings(found: Plan) -> dict[str, Any]:
        return alike(found.scenario.model_dump(mode="json"))

    single = settings(planned("single", mesh="envoy"))
    assert settings(planned(kind, mesh=mesh)) == single
    assert settings(planned(kind, mesh=mesh, settings=["mysql.config.sync_binlog=0"])) != single
