"""Load models and policies as a scenario's keys: what they become, and one line for every mistake."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from loadgen.arrivals.think import Think
from loadgen.config import LoadConfig
from loadgen.policy import Policy
from scenarios.load.calibrate import calibration, maximum
from scenarios.load.load_config import describe, load_config
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario
from tests.scenarios.looking import look_here

MINIMAL = "name: mine\nteaches: something\ntopology: group\nmesh: envoy\nworkload: {workload}\nload: {load}\n"


def read(folder: Path, load: str, *, workload: str = "transfer") -> Scenario:
    file = folder / "mine.yaml"
    file.write_text(MINIMAL.format(load=load, workload=workload))
    return read_scenario(str(file), look=look_here)


def config(scenario: Scenario, *, worker: int | None = None, maximum: float | None = None) -> LoadConfig:
    mesh = (("a", 1),)
    return load_config(scenario, write=mesh, read=mesh, password="", worker=worker, maximum=maximum)


#: What is written, and the pieces that come of it (duration_s, rate at the begin, at the end).
CURVES: dict[str, tuple[str, list[tuple[float, float, float]]]] = {
    "steps": (
        "{model: steps, steps: [{rate: 50, duration: 10s}, {rate: 80, duration: 5s}]}",
        [(10, 50, 50), (5, 80, 80)],
    ),
    "ramp": ("{model: ramp, rate: 10, end_rate: 400, duration: 20s}", [(20, 10, 400)]),
    "burst": (
        "{model: burst, rate: 100, burst_rate: 900, burst_every: 10s, burst_for: 2s, duration: 25s}",
        [(8, 100, 100), (2, 900, 900), (8, 100, 100), (2, 900, 900), (5, 100, 100)],
    ),
    "points": (
        "{model: diurnal, rate: 10, points: [[0, 1], [1, 3], [1, 5], [4, 5]], duration: 40s}",
        [(10, 10, 30), (30, 50, 50)],
    ),
}


@pytest.mark.parametrize("kind", CURVES)
def test_a_curve_becomes_pieces(tmp_path: Path, kind: str) -> None:
    load, expected = CURVES[kind]
    scenario = read(tmp_path, load)
    made = config(scenario)
    assert (made.model, made.rate) == ("poisson", 1.0)
    assert list(made.shape) == [pytest.approx(piece) for piece in expected]
    assert scenario.load.duration == made.duration_s == sum(duration_s for duration_s, _, _ in expected)
    assert describe(scenario.load, made, is_locustfile=False)["expected_arrivals"] == pytest.approx(made.curve().total)


@pytest.mark.parametrize(
    "load", ["{}", "{model: closed}", "{rate: 70%}", "{retry: safe, pool: {max_lifetime: 5m}}", *dict(CURVES.values())]
)
def test_a_resolved_scenario_reads_back_as_itself(tmp_path: Path, load: str) -> None:
    scenario = read(tmp_path, load)
    assert Scenario.model_validate(json.loads(scenario.model_dump_json())) == scenario


def test_a_diurnal_curve_is_read_from_a_file_beside_the_scenario(tmp_path: Path) -> None:
    curve = tmp_path / "day.csv"
    curve.write_text("time,relative\n00:00,0.2\n12:00,1\n18:00,0.5\n24:00,0.2\n")
    made = config(read(tmp_path, "{model: diurnal, curve: day.csv, rate: 300, duration: 48s}"))
    assert list(made.shape) == [pytest.approx(piece) for piece in [(24, 60, 300), (12, 300, 150), (12, 150, 60)]]
    curve.write_text("time, rate\n0, 60\n2, 300\n")
    scenario = read(tmp_path, "{model: diurnal, curve: day.csv, duration: 4s, spacing: constant}")
    assert (config(scenario).model, config(scenario).shape) == ("constant", ((4, 60, 300),))
    curve.unlink()  # what was read is in the resolved scenario
    assert Scenario.model_validate(json.loads(scenario.model_dump_json())) == scenario


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("when,rate\n0,1\n", "day.csv:1: expected the header time,rate or time,relative"),
        ("", "day.csv:1: expected the header"),
        ("time,relative\n0,1\n", "day.csv:1: expected at least two points"),
        ("time,relative\n0,1\nnoon,2\n", "day.csv:3: expected a time and a number, got 'noon,2'"),
        ("time,relative\n0,1,2\n", "day.csv:2: expected a time and a number, got '0,1,2'"),
        ("time,relative\n0,1\n2,-1\n", "day.csv:3: expected relative from 0 to 1000000, got -1"),
        ("time,relative\n3,1\n2,1\n", "day.csv:3: times must ascend"),
        ("time,relative\n3,0\n4,0\n", "day.csv:1: relative is 0 throughout"),
        ("time,rate\n3,0\n4,1\n", "day.csv gives arrivals per second; leave load.rate out"),
    ],
)
def test_a_wrong_curve_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "day.csv").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, "{model: diurnal, curve: day.csv, rate: 300}")
    assert says in str(caught.value)
    assert "mine.yaml:6: load.curve" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_relative_curve_needs_a_rate_and_a_missing_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"day.csv cannot be read"):
        read(tmp_path, "{model: diurnal, curve: day.csv}")
    (tmp_path / "day.csv").write_text("time,relative\n0,1\n1,1\n")
    with pytest.raises(ConfigurationError, match=r"day.csv is relative; say with load.rate to what"):
        read(tmp_path, "{model: diurnal, curve: day.csv}")


def test_a_closed_loop_has_users_and_think_time_and_no_rate(tmp_path: Path) -> None:
    made = config(read(tmp_path, "{model: closed, users: 50, think_time: 200ms, connections: 8}"))
    assert (made.model, made.users, made.connections) == ("closed", 50, 8)
    assert made.think == Think(kind="exponential", mean_s=0.2)
    scenario = read(tmp_path, "{model: closed, connections: 8, backlog: 2}")
    assert (scenario.load.users, scenario.load.rate, config(scenario).backlog_cap) == (8, None, 8)
    assert config(scenario).think == Think()
    assert "coordinated omission" in describe(scenario.load, config(scenario), is_locustfile=False)["note"]
    assert config(read(tmp_path, "{model: closed, think_time: tpcc}", workload="tpcc")).think == Think(kind="tpcc")
    written = "{model: closed, think_time: {mean: 1s, distribution: constant}}"
    assert config(read(tmp_path, written)).think == Think(kind="constant", mean_s=1)


def test_a_locustfile_s_load_is_told_as_its_own(tmp_path: Path) -> None:
    scenario = read(tmp_path, "{connections: 8}")
    told = describe(scenario.load, config(scenario), is_locustfile=True)
    assert told["loop"] == "closed: 8 users of the locustfile, with its own wait times"
    assert "expected_arrivals" not in told


def test_a_share_of_the_maximum_is_taken_once_that_is_measured(tmp_path: Path) -> None:
    scenario = read(tmp_path, "{model: burst, rate: 40%, burst_rate: 120%, burst_every: 10s, burst_for: 2s}")
    assert scenario.load.calibrate == 10
    made = config(scenario, maximum=500)
    assert made.shape[:2] == ((8, 200, 200), (2, 600, 600))
    trial = calibration(scenario)
    assert trial is not None
    assert (trial.load.model, trial.load.users, trial.load.duration) == ("closed", 32, 10)
    assert calibration(trial) is None
    flat = read(tmp_path, "{rate: 12.5%, calibrate: 4s}")
    assert (flat.load.rate, config(flat, maximum=400).rate) == ("12.5%", 50)


def test_the_maximum_is_the_median_second_of_the_second_half() -> None:
    assert maximum([0, 20, 50, 100, 110, 400, 7], lasted_s=6) == 110
    for nothing in ([], [9, 0, 0, 0]):
        with pytest.raises(ConfigurationError, match=r"load.rate: no maximum could be measured: \d operations"):
            maximum(nothing, lasted_s=4)


@pytest.mark.parametrize(
    "load",
    [
        "{rate: 90, connections: 32, workers: 3, batch: true, drain: 4s}",
        "{model: ramp, rate: 10, end_rate: 400, connections: 4, workers: 3, spacing: constant}",
        "{model: closed, users: 50, think_time: 20ms, connections: 7, workers: 3, backlog: 50}",
    ],
)
def test_each_worker_has_its_share_and_all_else_is_the_whole_load_s(tmp_path: Path, load: str) -> None:
    scenario = read(tmp_path, load)
    whole, parts = config(scenario), [config(scenario, worker=worker) for worker in range(3)]
    assert [part.worker for part in parts] == [0, 1, 2]
    assert sum(part.rate for part in parts) == pytest.approx(whole.rate)
    for shared in ("connections", "users", "backlog_cap"):
        amounts = [getattr(part, shared) for part in parts]
        assert sum(amounts) == getattr(whole, shared)
        assert max(amounts) - min(amounts) <= 1
    own = ("worker", "rate", "connections", "users", "backlog_cap")
    alike = {name: getattr(whole, name) for name in own}
    assert all(replace(part, **alike) == whole for part in parts)


def test_policies_are_keys(tmp_path: Path) -> None:
    assert config(read(tmp_path, "{}")).policy == Policy()
    load = "{retry: {mode: idempotent, attempts: 9, backoff: 20ms, cap: 3s}, reconnect: backoff, pool: {connection_timeout: 30s}}"  # noqa: E501
    scenario = read(tmp_path, load)
    assert config(scenario).policy == Policy(
        retry="idempotent",
        retry_attempts=9,
        retry_backoff_s=0.02,
        retry_cap_s=3,
        reconnect="backoff",
        connection_timeout_s=30,
    )
    told = describe(scenario.load, config(scenario), is_locustfile=False)
    assert told["retry"] == "idempotent, at most 9 attempts, backoff 20ms doubling up to 3s, full jitter"
    assert told["connection_timeout"] == "30s"


@pytest.mark.parametrize(
    ("load", "says"),
    [
        ("{model: bursty}", r"load.model: unknown word 'bursty'; did you mean 'burst'?"),
        ("{end_rate: 5}", "load.end_rate: does not apply to model poisson, only to ramp; leave it out"),
        ("{model: burst}", "load.burst_rate: model burst needs burst_rate, burst_every, burst_for"),
        ("{model: diurnal}", "load.curve: model diurnal needs it: a CSV file"),
        ("{model: diurnal, points: [[0, 1], [0, 2]]}", "load.points: expected at least two"),
        ("{model: closed, rate: 5}", "load.rate: model closed has none; leave it out, or set it to null"),
        ("{users: 5}", "load.users: does not apply to model poisson, only to closed"),
        ("{model: closed, think_time: tpcc}", "load.think_time: tpcc is for the workload tpcc, not transfer"),
        ("{model: closed, think_time: 5}", "load.think_time: expected a mapping"),
        ("{model: closed, think_time: {distribution: constant}}", "load.think_time.mean: constant needs it"),
        ("{model: closed, think_time: {distribution: none, mean: 1s}}", "think_time.mean: does not apply to none"),
        ("{model: steps, steps: [{rate: 5, duration: 2s}], duration: 3s}", "load.duration: the steps take 2s together"),
        ("{model: steps, steps: [{rate: 5}]}", "load.steps.0.duration: is required"),
        ("{model: steps, steps: []}", "load.steps: "),
        (
            "{model: burst, burst_rate: 9, burst_every: 2s, burst_for: 2s}",
            r"load.burst_for: must be shorter than burst_every \(2s\)",
        ),
        ("{rate: 0%}", "load.rate: a share of the measured maximum must be greater than 0 and at most 1000%, got '0%'"),
        ("{rate: .nan}", "load.rate: expected at most 100000 arrivals per second"),
        ("{calibrate: 5s}", "load.calibrate: no rate is a share of the measured maximum"),
        ("{retry: twice}", "load.retry.mode: unknown word 'twice'; expected one of none, safe, idempotent"),
        ("{retry: {attempts: 0}}", "load.retry.attempts: expected 1 or more, got 0"),
        ("{reconnect: {mode: backoff, cap: 0}}", "load.reconnect.cap: expected more than 0"),
        ("{pool: {max_lifetime: 5}}", "load.pool.max_lifetime: expected a duration with a unit"),
        ("{pool: {idle: 5s}}", "load.pool.idle: unknown key; .*max_lifetime, connection_timeout"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, load: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        read(tmp_path, load)
    assert "mine.yaml:6: load" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_locustfile_does_by_itself_is_not_asked_of_it(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text("")
    for load, key in (
        ("{model: closed}", "model"),
        ("{retry: safe}", "retry"),
        ("{reconnect: backoff}", "reconnect"),
        ("{pool: {max_lifetime: 5m}}", "pool"),
        ("{model: poisson}", "model"),
        ("{rate: 50}", "rate"),
        ("{rate: 200}", "rate"),
        ("{batch: true}", "batch"),
        ("{statement_timeout: 5s}", "statement_timeout"),
        ("{backlog: 10}", "backlog"),
        ("{drain: 1s}", "drain"),
    ):
        with pytest.raises(ConfigurationError, match=rf"load.{key}: does not apply to a locustfile"):
            read(tmp_path, load, workload="{locustfile: locustfile.py}")
    with pytest.raises(
        ConfigurationError, match="load: a share of the measured maximum does not apply to a locustfile"
    ):
        read(tmp_path, "{rate: 50%}", workload="{locustfile: locustfile.py}")


def test_a_locustfile_on_the_command_line_takes_the_place_of_the_load_too(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text("from locust import User\nclass Mine(User): pass\n")
    own = f"workload={tmp_path / 'locustfile.py'}"
    scenario = read_scenario("steady", settings=[own, "load.connections=3"])
    assert (scenario.load.connections, scenario.load.duration) == (3, 30)
    assert Scenario.model_validate(json.loads(scenario.model_dump_json())).load == scenario.load
    for settings in (["load.rate=100", own], [own, "load.rate=100"]):
        with pytest.raises(
            ConfigurationError, match=r"--set load\.rate=100: load\.rate: does not apply to a locustfile"
        ):
            read_scenario("steady", settings=settings)


@pytest.mark.parametrize(
    ("load", "key"), [("{retry: {attempts: 5}}", "retry.attempts"), ("{reconnect: {cap: 9s}}", "reconnect.cap")]
)
def test_a_policy_that_does_nothing_takes_no_keys(tmp_path: Path, load: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"load.{key}: does not apply to mode"):
        read(tmp_path, load)


def test_an_idempotent_retry_needs_the_key_contract(tmp_path: Path) -> None:
    example = (Path(__file__).parents[3] / "docs" / "examples" / "inbox.py").read_text()
    (tmp_path / "inbox.py").write_text(example)
    workload = "{name: 'inbox.py:Inbox'}"
    assert read(tmp_path, "{retry: idempotent}", workload=workload).load.retry.mode == "idempotent"
    (tmp_path / "inbox.py").write_text(example.replace('"keys"', '"others"'))
    assert read(tmp_path, "{retry: safe}", workload=workload).load.retry.mode == "safe"
    with pytest.raises(ConfigurationError, match="idempotent needs a workload with a final table keys"):
        read(tmp_path, "{retry: idempotent}", workload=workload)
