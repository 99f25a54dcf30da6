"""Scenarios are checked before anything starts; every mistake is one line that says what, where and how to fix it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.duration import parse_duration, show_duration
from cluster.errors import ConfigurationError
from history.manifest import seconds_in
from scenarios.schema.read import catalogue, read_scenario

MINIMAL = """\
name: mine
description: something
topology: group
mesh: envoy
workload: transfer
"""


def written(tmp_path: Path, text: str) -> str:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize("name", catalogue())
def test_every_scenario_of_the_catalogue_is_valid_and_named_after_its_file(name: str) -> None:
    assert read_scenario(name).name == name


def test_shorthands_mean_the_defaults(tmp_path: Path) -> None:
    scenario = read_scenario(written(tmp_path, MINIMAL))
    assert (scenario.topology.kind, scenario.topology.pods) == ("group", 3)
    assert (scenario.mesh.mode, scenario.mesh.proxy, scenario.mesh.settings["fall"]) == ("gateway", "envoy", 2)
    assert scenario.gates.numbers()["lost"] == 0


@pytest.mark.parametrize("mesh", ["envoy", "haproxy", "router", "direct", "sidecar", "mtls"])
def test_a_resolved_scenario_reads_back_as_itself(mesh: str) -> None:
    scenario = read_scenario("primary-kill", settings=[f"mesh={mesh}"])
    again = type(scenario).model_validate(scenario.model_dump(mode="json"))
    assert again == scenario


def test_each_proxy_has_its_own_settings_and_the_resolved_scenario_shows_them() -> None:
    def resolved(*settings: str) -> dict[str, object]:
        mesh = read_scenario("primary-kill", settings=list(settings)).model_dump(mode="json")["mesh"]
        return {key: value for key, value in mesh.items() if value is not None and key not in ("mode", "proxy")}

    haproxy = {"check_interval": "2s", "check_timeout": "2s", "fall": 3, "rise": 2}
    assert resolved("mesh=envoy") == {"check_interval": "250ms", "check_timeout": "1s", "fall": 2, "rise": 1}
    assert resolved("mesh=haproxy") == haproxy
    assert resolved("mesh=haproxy", "mesh.check_interval=1s") == haproxy | {
        "check_interval": "1s",
        "check_timeout": "1s",
    }
    assert resolved("mesh=router") == {"ttl": "500ms"}
    assert resolved("mesh=router", "mesh.ttl=100ms") == {"ttl": "100ms"}
    assert resolved("mesh=direct") == {}
    assert resolved("mesh=sidecar") == resolved("mesh=mtls") == resolved("mesh=envoy")
    assert resolved("mesh=mtls", "mesh.fall=5")["fall"] == 5


def test_a_sidecar_is_an_envoy() -> None:
    for mode in ("sidecar", "mtls"):
        mesh = read_scenario("primary-kill", settings=[f"mesh={mode}"]).mesh
        assert (mesh.mode, mesh.proxy) == (mode, "envoy")


@pytest.mark.parametrize(
    ("mesh", "says"),
    [
        (
            "{mode: gateway, proxy: haproxy, ttl: 1s}",
            "mesh.ttl: unknown key of proxy haproxy; allowed here: mode",
        ),
        (
            "{mode: gateway, proxy: router, fall: 3}",
            "mesh.fall: unknown key of proxy router; .*: mode, proxy, ttl",
        ),
        ("{mode: gateway}", "mode gateway needs a proxy; allowed: envoy, haproxy, router"),
        ("nginx", "mesh: unknown mesh 'nginx'; expected one of direct, sidecar, mtls, envoy, haproxy, router"),
        ("{mode: direct, proxy: envoy}", "proxy does not apply to mode direct"),
        ("{mode: mtls, proxy: haproxy}", "mesh.proxy: mode mtls supports only proxy: envoy"),
        ("{mode: sidecar, ttl: 1s}", "mesh.ttl: unknown key of proxy envoy"),
        (
            "{mode: gateway, proxy: envoy, check_interval: 400us}",
            "mesh.check_interval: expected a duration, 1ms to",
        ),
        ("{mode: gateway, proxy: haproxy, check_timeout: 2h}", "mesh.check_timeout: expected a duration, 1ms to 1h"),
        ("{mode: gateway, proxy: router, ttl: 0s}", "mesh.ttl: expected a duration, 1ms to 1h"),
    ],
)
def test_a_setting_that_a_proxy_does_not_have_is_refused(tmp_path: Path, mesh: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        read_scenario(written(tmp_path, MINIMAL.replace("mesh: envoy", f"mesh: {mesh}")))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ("load: {rat: 5}", r":6: load.rat: unknown key; did you mean 'rate'\?.*model, rate"),
        ("load: {rate: -1}", r":6: load.rate: .*greater than 0, got -1"),
        ("load: {duration: 10}", r":6: load.duration: expected a duration with a unit.*got 10"),
        ("load: 7", r":6: load: expected a mapping"),
        (
            "faults:\n  - {at: 1s, fault: explode, target: primary}",
            r":7: faults.0.fault: unknown fault 'explode'; expected one of the \d+ that `meshbench faults` lists",
        ),
        (
            "faults:\n  - {at: 1s, fault: kill, target: everyone}",
            r":7: faults.0.target: unknown word 'everyone'",
        ),
        ("faults:\n  - {at: 99m, fault: kill, target: primary}", r":7: faults.0.at: 5940s plus up to 1s.* not within"),
        ("faults:\n  - {fault: kill, target: primary}", r":7: faults.0: .*either at.*or after"),
        ("faults:\n  - {at: 1s, after: failover-started, fault: kill, target: primary}", r"keep one of them"),
        ("faults:\n  - {after: lunch, fault: kill, target: primary}", r":7: faults.0.after: .*failover-started"),
        ("faults:\n  - {at: 1s, fault: kill, target: primary, heal_after: 3}", r"faults.0.heal_after: .*or never"),
        (
            "faults:\n  - {at: 1s, fault: pause, target: primary, heal_after: never}",
            r":7: faults.0.heal_after: never does",
        ),
        ("faults:\n  - {at: 1s, fault: switchover, target: all}", r":7: faults.0.target: .*it can: primary"),
        (
            "faults:\n  - {at: 1s, fault: kill, target: primary, peer: all}",
            r":7: faults.0.peer: unknown key of fault",
        ),
        ("mysql: {config: {server_id: 3}}", r":6: mysql.config.server_id: is set by meshbench"),
        ("mysql: {config: {loose-server-id: 3}}", r":6: mysql.config.loose-server-id: is set by meshbench"),
        ("mysql: {config: {skip_super_read_only: true}}", r":6: mysql.config.skip_super_read_only: is set by mesh"),
        ("mysql: {config: {offline-mode: true}}", r":6: mysql.config.offline-mode: is set by meshbench"),
        ("control: {down_after: 1s}", r":6: control.down_after: does not apply to topology group, where the group"),
        ("gates: {lost: 0, wirte_outage: 1s}", r":6: gates.wirte_outage: .*did you mean 'write_outage'"),
        ("gates: {require: [durabilty]}", r":6: gates.require.0: unknown check 'durabilty'.*durability"),
        ("mysql: {my_cnf: nowhere.cnf}", r"mysql.my_cnf: no file .*nowhere.cnf"),
        ("seed: 1\nseed: 2", r"mine.yaml:7: key 'seed' is there twice"),
        (
            "mysql:\n  config:\n  - ? !!binary |\n      AAAA\n    : null",
            r"mine.yaml:\d+: mysql.config.0.AAAA : expected a word, a number",
        ),
        ("load: {rate: 1, rate: 2}", r"mine.yaml:6: key 'rate' is there twice"),
        ("seed: soon", r":6: seed: .*got 'soon'"),
        ("load: {duration: 99h}", r":6: load.duration: a duration may be 24h at most, got '99h'"),
        ("load:\n  drain: 25h", r":7: load.drain: a duration may be 24h at most"),
        ("load: {duration: ٣s}", r":6: load.duration: expected a duration with a unit"),
        ("load: {rate: true}", r":6: load.rate: .*a number, got true"),
        ("load: {rate: '400'}", r":6: load.rate: .*or a number, got '400'"),
        ("load: {workers: true}", r":6: load.workers: expected a whole number, got true"),
        ("faults:\n  - {at: 59.5s, fault: kill, target: primary}", r":7: faults.0.at: 59500ms plus up to 1s"),
        (
            "faults:\n  - {at: 1s, fault: [pause], target: primary}",
            r"faults.0.fault: expected one of .* got \['pause'\]",
        ),
        ("mysql: {image: ''}", r":6: mysql.image: expected 'default' or an image reference"),
        ("mysql: {image: 'Bad/IMAGE:x:y'}", r":6: mysql.image: expected 'default' or an image reference"),
        ("workload2: 1", r":6: workload2: unknown key; did you mean 'workload'\? Allowed here: name, "),
        ("zzz: 1", r":6: zzz: unknown key; allowed here: name, "),
        ("1: 2", r":6: 1: YAML reads this key as 1; a key must be a word"),
        ("mysql: {config: null}", r":6: mysql.config: expected a mapping of mysqld options"),
        ("mysql: {my_cnf: [a, b]}", r":6: mysql.my_cnf: expected the path of an option file"),
        ("mysql: {my_cnf: ''}", r":6: mysql.my_cnf: expected the path of an option file"),
        (f"mysql: {{config: {{init_connect: {'x' * 70_000}}}}}", r":6: mysql.config: longer than 60,000 characters"),
        ("mysql: {config: [1]}", r":6: mysql.config: expected a mapping of mysqld options"),
        ("mysql: {config: {sync_binlog: null}}", r":6: mysql.config.sync_binlog: expected a word, a number"),
        ("faults: &x [*x]", r"mine.yaml:6: an alias stands for something that contains it"),
        ("load: [\nseed: 1", r"mine.yaml:8: not valid YAML: expected"),
        ("? [a]\n: 1", r"mine.yaml:6: not valid YAML: found unhashable key"),
        ("seed: 2024-99-99", r"not valid YAML: month must be"),
        ("'a\\nb': 1", r":6: a.*nb: unknown key"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_its_fix(tmp_path: Path, mistake: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        read_scenario(written(tmp_path, MINIMAL + mistake + "\n"))
    assert "\n" not in str(caught.value)


def test_what_a_scenario_is_about_is_its_description_also_called_teaches(tmp_path: Path) -> None:
    old = MINIMAL.replace("description: ", "teaches: ")
    scenario = read_scenario(written(tmp_path, old))
    assert scenario == read_scenario(written(tmp_path, MINIMAL))
    assert scenario.model_dump(mode="json")["teaches"] == "something", "as manifest.json and summary.json name it"
    with pytest.raises(ConfigurationError, match=r"mine.yaml:\d: teaches: means the same as description; keep one$"):
        read_scenario(written(tmp_path, old + "description: something else\n"))


def test_mistakes_of_required_words_have_lines_too(tmp_path: Path) -> None:
    for old, new, says in (
        ("description: something\n", "", r"mine.yaml:1: description: is required"),
        ("topology: group", "topology: grop", r"mine.yaml:3: topology.kind: unknown word 'grop'; did you mean 'group'"),
        (
            "mesh: envoy",
            "mesh: {mode: gateway, proxy: envoy, fall: 100000}",
            r"mine.yaml:4: mesh.fall: .*100, got 100000",
        ),
        ("name: mine", f"name: {'a' * 300}", r"mine.yaml:1: name: expected 64 letters or less, got '.{79}…$"),
        (
            ": transfer",
            ": {name: transfer, opening: 900000000000000000}",
            r":5: workload.opening: .*at most 614891469123651",
        ),
    ):
        with pytest.raises(ConfigurationError, match=says) as caught:
            read_scenario(written(tmp_path, MINIMAL.replace(old, new)))
        assert "\n" not in str(caught.value)


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    levels = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ConfigurationError, match="more than 10000 keys and items"):
        read_scenario(written(tmp_path, "\n".join(levels)))
    with pytest.raises(ConfigurationError, match="too deeply nested"):
        read_scenario(written(tmp_path, "a: " + "[" * 500))


@pytest.mark.parametrize(
    "image", ["mysql", "mysql:9.7", "host:5000/a/b__c:T-1", "sha256:" + "0" * 64, "a@sha256:" + "f" * 64]
)
def test_image_references_as_docker_takes_them(image: str) -> None:
    assert read_scenario("primary-kill", settings=[f"mysql.image={image}"]).mysql.image == image


def test_words_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    alone = MINIMAL.replace("group", "single") + "faults:\n  - {at: 1s, fault: kill, target: one_replica}\n"
    with pytest.raises(ConfigurationError, match="one_replica needs at least 2 pods"):
        read_scenario(written(tmp_path, alone))
    with pytest.raises(ConfigurationError, match="fall does not apply to mode direct"):
        read_scenario(written(tmp_path, MINIMAL.replace("envoy", "{mode: direct, fall: 3}")))


def test_a_timeline_says_when_whom_and_for_how_long(tmp_path: Path) -> None:
    steps = """\
faults:
  - {at: 1s, fault: partition, target: replicas, peer: primary, heal_after: 1500ms}
  - {after: failover-started, fault: kill, target: control_plane, heal_after: never}
  - {at: 2s, fault: scale-out, target: new_replica}
"""
    scenario = read_scenario(written(tmp_path, MINIMAL + steps))
    cut, kill, grow = scenario.timeline()
    assert (cut.peer, cut.at_s, cut.heal_after_s, cut.for_good) == ("primary", 1, 1.5, False)
    assert (kill.at_s, kill.after, kill.heal_after_s, kill.for_good) == (None, "failover-started", None, True)
    assert (grow.heal_after_s, scenario.spare_pods) == (None, 1)
    assert type(scenario).model_validate(scenario.model_dump(mode="json")) == scenario


def test_there_is_an_end_to_scaling_out(tmp_path: Path) -> None:
    text = MINIMAL.replace("topology: group", "topology: {kind: group, pods: 9}")
    with pytest.raises(ConfigurationError, match="there would be 10 pods; at most 9"):
        read_scenario(written(tmp_path, text + "faults:\n  - {at: 1s, fault: scale-out, target: new_replica}\n"))


def test_set_reaches_into_shorthands_and_lists() -> None:
    settings = ["topology.pods=5", "faults.0.heal_after=3s", "mysql.config.sync_binlog=0", "load.rate=50"]
    scenario = read_scenario("primary-kill-defaults", settings=settings, seed=99)
    assert scenario.topology.pods == 5
    assert scenario.steps[0].heal_after == 3.0
    assert scenario.mysql.config == {"sync_binlog": 0}
    assert (scenario.load.rate, scenario.seed) == (50, 99)
    assert read_scenario("primary-kill-defaults", settings=["mesh.fall=4"]).mesh.settings["fall"] == 4
    assert read_scenario("primary-kill-defaults", settings=["mesh=direct"]).mesh.mode == "direct"


@pytest.mark.parametrize(
    "setting", ["load.rate", "=5", "faults.9.at=1s", "seed.deep.key=1", "load.rate=[", "name.x=1", "faults.²=1"]
)
def test_a_setting_that_cannot_be_set_is_named(setting: str) -> None:
    with pytest.raises(ConfigurationError, match="--set"):
        read_scenario("primary-kill", settings=[setting])


def test_a_mistaken_setting_is_blamed_on_the_setting_not_on_the_file() -> None:
    with pytest.raises(ConfigurationError, match=r"^--set load.rate=0: load.rate: "):
        read_scenario("primary-kill", settings=["load.rate=0"])


def test_a_mistaken_seed_of_the_command_line_is_blamed_on_it() -> None:
    with pytest.raises(ConfigurationError, match=r"^--seed -1: seed: "):
        read_scenario("primary-kill", seed=-1)


def test_a_seed_that_is_said_twice_and_differs_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^--set seed=6: --seed 5 says otherwise; keep one of them$"):
        read_scenario("primary-kill", settings=["seed=6"], seed=5)
    assert read_scenario("primary-kill", settings=["seed=5"], seed=5).seed == 5


@pytest.mark.parametrize("name", ["", " "])
def test_a_name_that_is_empty_is_said_to_be(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^SCENARIO: is empty; give a name of `meshbench list`"):
        read_scenario(name)


def test_what_a_setting_was_made_of_is_to_blame_for_it() -> None:
    for setting in ("load.rate=0", "load.rate=[", "faults.9.at=1s"):
        with pytest.raises(ConfigurationError, match=r"^--pace none: "):
            read_scenario("primary-kill", settings=[setting], blame={setting: "--pace none"})


def test_a_name_too_long_for_a_file_is_no_such_scenario() -> None:
    with pytest.raises(ConfigurationError, match="no such scenario"):
        read_scenario("a" * 300)


def test_an_unknown_name_suggests_a_known_one() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'primary-kill'"):
        read_scenario("primary-kil")


@pytest.mark.parametrize("text", ["- a\n- b\n", "", "a: [", "\x00"])
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.yaml"):
        read_scenario(written(tmp_path, text))


@pytest.mark.parametrize(("text", "seconds"), [("250ms", 0.25), ("15s", 15), ("2m", 120), ("1.5h", 5400), (0, 0)])
def test_a_duration_is_read_and_shown_alike(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(show_duration(seconds)) == seconds


@pytest.mark.parametrize(
    "seconds", [5.1, 0.7, 1000.5, 27.179538169845706, 1e-8, 82.2, 2500.123, *(n / 10 for n in range(1, 600))]
)
def test_a_duration_is_the_same_after_it_was_written_down(seconds: float) -> None:
    assert parse_duration(show_duration(seconds)) == seconds == seconds_in(show_duration(seconds))


@pytest.mark.parametrize("text", ["15", 15, "1 s x", "s", True, None])
def test_a_duration_without_a_unit_or_with_more_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="with a unit"):
        parse_duration(text)


def test_a_duration_below_zero_is_called_one() -> None:
    with pytest.raises(ValueError, match=r"^expected a duration of 0 or more$"):
        parse_duration("-1s")


def test_only_a_control_plane_that_fails_over_has_a_patience() -> None:
    for kind in ("async", "semisync"):
        scenario = read_scenario("steady", settings=[f"topology={kind}", "control.down_after=3s"])
        assert (scenario.control.down_after, scenario.down_after_s) == (3, 3)
        assert read_scenario("steady", settings=[f"topology={kind}"]).control.down_after == 1
    for kind in ("single", "group", "group-multi"):
        assert read_scenario("steady", settings=[f"topology={kind}"]).control.down_after is None
        with pytest.raises(ConfigurationError, match=f"down_after: does not apply to topology {kind}"):
            read_scenario("steady", settings=[f"topology={kind}", "control.down_after=3s"])


def test_routes_that_are_static_have_no_ttl() -> None:
    assert read_scenario("steady", settings=["mesh=router", "mesh.ttl=100ms"]).mesh.settings == {"ttl": "100ms"}
    with pytest.raises(ConfigurationError, match=r"mesh\.ttl: does not apply to topology async"):
        read_scenario("steady", settings=["topology=async", "mesh=router", "mesh.ttl=100ms"])


def test_a_setting_without_a_value_is_a_slip_except_of_a_mysqld_option() -> None:
    with pytest.raises(ConfigurationError, match=r"--set load\.rate=: there is no value; write load\.rate=null"):
        read_scenario("steady", settings=["load.rate="])
    assert read_scenario("steady", settings=["mysql.config.sql_mode="]).mysql.config["sql_mode"] == ""
