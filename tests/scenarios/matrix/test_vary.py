"""``--vary``: which cells it makes of a scenario, and every mistake in one go before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from cluster.errors import ConfigurationError
from scenarios.matrix.plan import CELLS_MAX, Plan, plan

EXPEL = "mysql.config.group_replication_member_expel_timeout"


def planned(*vary: str, name: str = "gray-delay", **options: Any) -> Plan:
    return plan(name, **{"topologies": None, "meshes": None, "vary": vary, **options})


def mistakes(*vary: str, **options: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        planned(*vary, **options)
    return str(raised.value).splitlines()


def test_axes_are_crossed_with_one_another_and_with_topologies_and_meshes() -> None:
    found = planned(
        f"{EXPEL}=0,5,20",
        "mesh.check_interval=100ms,1s",
        name="primary-kill",
        topologies=["group"],
        meshes=["envoy", "haproxy"],
    )
    scenarios = {cell.name: one.scenario for cell, one in found.runnable.items()}
    assert len(scenarios) == 3 * 2 * 2
    one = scenarios["group / haproxy / group_replication_member_expel_timeout=5 / check_interval=1s"]
    assert (one.mesh.proxy, one.mesh.settings["check_interval"], one.load.rate) == ("haproxy", "1s", 150)
    assert one.mysql.config["group_replication_member_expel_timeout"] == 5
    assert one.mysql.config["group_replication_paxos_single_leader"] is True, "all else is kept"


def test_a_value_is_read_as_set_reads_it_and_commas_within_it_separate_nothing() -> None:
    found = planned("mysql.config.sql_mode='ANSI,NO_ZERO_DATE',''", "load.batch=true,false")
    assert [one.scenario.mysql.config["sql_mode"] for one in found.runnable.values()] == [
        *["ANSI,NO_ZERO_DATE"] * 2,
        *[""] * 2,
    ]
    assert [one.scenario.load.batch for one in found.runnable.values()] == [True, False] * 2


def test_two_keys_that_end_alike_are_named_whole() -> None:
    found = planned("load.retry.mode=none,safe", "load.reconnect.mode=immediately,backoff")
    assert found.cells[0].name == "group / envoy / load.retry.mode=none / load.reconnect.mode=immediately"


def test_what_fits_only_some_topologies_is_not_applicable_in_the_others() -> None:
    found = planned("control.down_after=1s,3s", name="steady", topologies=["group", "async"])
    assert [(cell.topology, cell.not_applicable is None) for cell in found.cells] == [
        *[("group", False)] * 2,
        *[("async", True)] * 2,
    ]
    assert "where the group elects by itself" in (found.cells[0].not_applicable or "")


def test_an_option_of_a_plugin_that_a_topology_lacks_is_not_applicable_there_and_refused_where_none_has_it() -> None:
    found = planned(f"{EXPEL}=0,5", name="primary-kill", topologies=["group", "async"])
    assert [cell.topology for cell in found.runnable] == ["group", "group"]
    (why,) = {cell.not_applicable for cell in found.cells if cell.topology == "async" and "=0" in cell.name}
    assert "topology async has no" in (why or "")
    (line,) = mistakes(f"{EXPEL}=0,5", name="primary-kill", topologies=["async", "semisync"])
    assert line.startswith(f"--vary {EXPEL}=0,5: topology async has no"), line


@pytest.mark.parametrize(
    ("axis", "faults"),
    [
        ("faults.0.latency=0ms,50ms,kill", ["noop", "delay", "kill"]),
        ("faults.0.latency=0,50ms,kill", ["noop", "delay", "kill"]),
        ("faults.0.latency=0.0s,50ms,kill", ["noop", "delay", "kill"]),
        ("faults.0=noop,{fault: delay, latency: 50ms},kill", ["noop", "delay", "kill"]),
        ("faults.0.fault=delay,kill", ["delay", "kill"]),
    ],
)
def test_a_strength_may_be_nothing_or_another_fault_at_the_same_moment_on_the_same_target(
    axis: str, faults: list[str]
) -> None:
    steps = [one.scenario.steps[0] for one in planned(axis).runnable.values()]
    assert [step.fault for step in steps] == faults
    assert {(step.at, step.target, step.heal_after) for step in steps} == {(8.0, "primary", 15.0)}
    kept = [step.keys["latency"] for step in steps if step.fault == "delay"]
    assert kept == (["200ms"] if axis == "faults.0.fault=delay,kill" else ["50ms"])


def test_a_mapping_in_place_of_a_step_says_what_it_will_not_keep() -> None:
    steps = [
        one.scenario.steps[0]
        for one in planned(
            "faults.0={fault: kill, heal_after: 5s},{after: failover-started, fault: noop}"
        ).runnable.values()
    ]
    assert [(step.at, step.heal_after) for step in steps] == [(8.0, 5.0), (None, 15.0)]


def test_a_zero_that_the_key_takes_stays_a_zero() -> None:
    steps = [one.scenario.steps[0] for one in planned("faults.0.jitter=0ms,10ms").runnable.values()]
    assert [(step.fault, step.keys["jitter"]) for step in steps] == [("delay", "0ms"), ("delay", "10ms")]


def test_steps_of_a_composition_are_axes_too() -> None:
    scenarios = [one.scenario for one in planned("faults.0.mix.steps=2,3", name="mix").runnable.values()]
    assert [len(scenario.steps) for scenario in scenarios] == [2, 3]


@pytest.mark.parametrize(
    ("vary", "says"),
    [
        (["load.rate"], ["--vary load.rate: expected KEY=V1,V2,…, such as load.rate=100,200"]),
        (
            ["load.rate=5"],
            ["--vary load.rate: with one value nothing varies; give two or more, or use --set load.rate=5"],
        ),
        (["load.rate=5,6,"], ["--vary load.rate=5,6,: expected values with commas in between; write '' for an empty"]),
        (["load.rate=5,]"], ["--vary load.rate=5,]: expected values with commas in between"]),
        (["load.rate=5,6,5"], ["--vary load.rate: 5 is there twice; keep one"]),
        (["faults.0.latency=50ms,0.05s"], ["--vary faults.0.latency: 50ms and 0.05s mean the same; keep one"]),
        ([f"{EXPEL}=0,OFF"], [f"--vary {EXPEL}: 0 and OFF mean the same; keep one"]),
        (["load.rate=5,6", "load.rate=7,8"], ["--vary load.rate: is there twice; give all its values in one --vary"]),
        (
            ["mysql.config.sync-binlog=0,1", "mysql.config.sync_binlog=0,1"],
            ["--vary mysql.config.sync_binlog: is there twice"],
        ),
        (
            ["faults.0=noop,kill", "faults.0.at=5s,6s"],
            ["--vary faults.0.at: one key lies within the other of --vary faults.0"],
        ),
        (["topology=group,async"], ["--vary topology: is no axis of --vary; use --topology A,B"]),
        (["mesh.proxy=envoy,haproxy"], ["--vary mesh.proxy: is no axis of --vary; use --mesh A,B"]),
        (
            ["mysql.config={sync_binlog: 0},{sync_binlog: 1}"],
            ["--vary mysql.config: is no axis of --vary; use an axis for each option, such as"],
        ),
        (
            ["gates.write_outage=1s,2s"],
            ["--vary gates.write_outage: changes what is demanded, not what runs; vary a key"],
        ),
        (["gates.require=[durability],[]"], ["--vary gates.require: changes what is demanded, not what runs"]),
        (["gates={write_outage: 1s},{}"], ["--vary gates: changes what is demanded, not what runs"]),
        (["survivable=true,false"], ["--vary survivable: changes what is demanded, not what runs"]),
        (["expect=pass,fail"], ["--vary expect: changes what is demanded, not what runs"]),
        (["name=a,b"], ["--vary name: changes what a scenario is called, not what runs"]),
        (["description=a,b"], ["--vary description: changes what a scenario is called, not what runs"]),
        (["seed=1,2"], ["--vary seed: is no axis of --vary; use --trials N"]),
        (["load.environment.A=b,c"], ["--vary load.environment.A: cannot be varied: its values are recorded nowhere"]),
        (["load.ratee=1,2"], ["--vary load.ratee=1,2: load.ratee: unknown key; did you mean 'rate'?"]),
        (["faults.7.latency=1ms,2ms"], ["--vary faults.7.latency=1ms,2ms: there is no faults.7 to set it in"]),
        (
            ["faults.0.fault=kil,kill"],
            ["--vary faults.0.fault=kil: faults.0.fault: unknown fault 'kil'; did you mean 'kill'?"],
        ),
        (
            ["faults.0.latency=50ms,9s,kil", "load.rate=5,x"],
            [
                "--vary faults.0.latency=9s: faults.0.latency: expected a duration, 1ms to 5s, got '9s'",
                "--vary faults.0.latency=kil: faults.0.latency: expected a duration",
                "--vary load.rate=x: load.rate: expected a share",
            ],
        ),
    ],
)
def test_every_mistake_is_a_line_of_its_own(vary: list[str], says: list[str]) -> None:
    found = mistakes(*vary)
    assert len(found) == len(says), found
    for line in says:
        assert any(one.startswith(line) for one in found), (line, found)


@pytest.mark.parametrize("zero", ["0banana", "00msec", "0 kill", "0%", "0mbps"])
def test_a_zero_in_no_unit_of_the_key_is_a_mistake_and_not_nothing(zero: str) -> None:
    (line,) = mistakes(f"faults.0.latency={zero},50ms")
    assert line.startswith(f"--vary faults.0.latency={zero}: faults.0.latency: expected a duration")


def test_the_option_that_the_user_wrote_is_to_blame() -> None:
    axis = "mesh.check_interval=100ms,250ms"
    (line,) = mistakes(axis, meshes=["direct"])
    assert line.startswith("--mesh direct: mesh: check_interval does not apply to mode direct"), line
    found = planned(axis, meshes=["direct", "envoy"])
    assert [str(cell.not_applicable)[:15] for cell in found.cells if cell.mesh == "direct"] == ["--mesh direct: "] * 2
    (line,) = mistakes(axis, settings=["mesh=direct"])
    assert line.startswith("--set mesh=direct: mesh: "), line


def test_a_key_that_set_says_too_is_refused() -> None:
    found = mistakes("load.rate=5,6", settings=["load.rate=7"])
    assert found == ["--vary load.rate: --set load.rate=7 says it, too; keep one of them"]
    assert mistakes("faults.0=noop,kill", settings=["faults.0.latency=1ms"])[0].startswith("--vary faults.0: --set")
    (line,) = mistakes("load.rate=5,6", settings=["load={rate: 7}"])
    assert line.startswith("--vary load.rate: --set load={rate: 7} says it, too")
    (line,) = mistakes("mysql.config.sync_binlog=0,1", settings=["mysql.config={sync-binlog: 1}"])
    assert line.startswith("--vary mysql.config.sync_binlog: --set mysql.config={sync-binlog: 1} says it, too")
    assert planned("load.rate=5,6", settings=["load={connections: 7}"]).cells


def test_too_many_cells_are_refused_before_any_of_them_is_looked_at() -> None:
    axes = [f"load.{key}={','.join(map(str, range(1, 6)))}" for key in ("rate", "connections", "workers")]
    (line,) = mistakes(*axes)
    assert line == (
        f"5 x 5 x 5 make 125 cells, and at most {CELLS_MAX} can be: give fewer values, or vary fewer keys at a time"
    )


def test_a_last_trial_without_a_seed_is_refused() -> None:
    (line,) = mistakes("load.rate=5,6", seed=2**63 - 2, trials=3)
    assert line.startswith("trial 3 would have the seed 9223372036854775808, beyond 2^63 - 1")
    assert planned("load.rate=5,6", seed=2**63 - 2, trials=2).seed(2) == 2**63 - 1
