"""Steps that look right and cannot be, or would do nothing of what they say: refused in a line that says how to mend
them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from scenarios.schema.read import read_scenario
from scenarios.schema.scenario import Scenario


def read(tmp_path: Path, *entries: str, topology: str = "group") -> Scenario:
    file = tmp_path / "mine.yaml"
    steps = "".join(f"  - {entry}\n" for entry in entries)
    file.write_text(
        f"name: mine\nteaches: something\ntopology: {topology}\nmesh: envoy\nload: {{duration: 60s}}\n"
        f"workload: transfer\nfaults:\n{steps}"
    )
    return read_scenario(str(file))


def refused(tmp_path: Path, entry: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, entry)
    assert str(caught.value).endswith(f": {says}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "least"),
    [
        ("flap, target: primary, heal_after: 5999ms", "6s"),
        ("flap, target: primary, period: 10s, heal_after: 19s", "20s"),
        ("crash-loop, target: primary, back_off: 1500ms, lives: 500ms, heal_after: 3s", "4s"),
        ("slow-applier, target: one_replica, period: 2s, heal_after: 1s", "4s"),
        ("clock-strobe, target: primary, period: 1500ms, heal_after: 2s", "2.25s"),
        ("clock-jump, target: primary, back_after: 12s, heal_after: 12s", "13s"),
    ],
)
def test_a_fault_that_is_healed_before_it_could_show_is_told_the_least(tmp_path: Path, step: str, least: str) -> None:
    name = step.partition(",")[0]
    says = f"faults.0.heal_after: {name} with these keys takes {least} to show; give it {least} or more"
    refused(tmp_path, f"{{at: 5s, fault: {step}}}", says)
    before, _, _ = step.rpartition("heal_after")
    (accepted,) = read(tmp_path, f"{{at: 5s, fault: {before}heal_after: {least}}}").timeline()
    assert accepted.heal_after_s == accepted.fault.proof_s


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (
            "delay, target: primary, correlation: 50%",
            "correlation: without jitter every packet waits as long; give jitter, or leave it out",
        ),
        (
            "restart, target: primary, how: kill, grace: 5s",
            "grace: a process that is killed ends at once; leave grace out, or give how: stop",
        ),
        (
            "rolling-restart, target: all, how: kill, grace: 5s",
            "grace: a process that is killed ends at once; leave grace out, or give how: stop",
        ),
        (
            "rolling-upgrade, target: all, to: default, how: kill",
            "how: an upgrade ends mysqld in order; leave it out",
        ),
        (
            "rolling-upgrade, target: all, to: 'My Image!'",
            "to: expected 'default' or an image reference such as mysql:9.7 or "
            "registry.example:5000/my/mysql@sha256:…, got 'My Image!'",
        ),
        (
            "partition, target: primary, only: clients, peer: replicas",
            "peer: partition of primary with only: clients cannot have peer replicas; it can: none; leave it out",
        ),
    ],
)
def test_a_key_that_would_do_nothing_is_refused(tmp_path: Path, step: str, says: str) -> None:
    refused(tmp_path, f"{{at: 5s, fault: {step}}}", f"faults.0.{says}")


@pytest.mark.parametrize("fault", ["set-global, target: primary", "rolling-config, target: all"])
@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ("{max_connections: .inf}", ".max_connections: YAML reads .inf as inf; quote it: '.inf'"),
        ("{max_connections: 0640}", ".max_connections: YAML reads 0640 as 416; quote it: '0640'"),
        ("{max-connections: 5, max_connections: 6}", ".max_connections: is max_connections once more; keep one"),
        ("{x: {a: 6}}", ".x: expected a number, a word, true or false, got {'a': 6}"),
        ('{x: "a\\nb"}', ".x: a value is one line"),
        ("{server_id: 5}", ".server_id: is set by meshbench itself; leave it out"),
        ("null", ": expected a mapping, such as {max_connections: 50}, got null"),
    ],
)
def test_variables_are_read_as_carefully_as_options(tmp_path: Path, fault: str, variables: str, says: str) -> None:
    refused(tmp_path, f"{{at: 5s, fault: {fault}, variables: {variables}}}", f"faults.0.variables{says}")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{sequence: {at: 5s, steps: []}}", "faults.0.sequence.steps: expected 1 item or more, got []"),
        ("{mix: {at: 5s, until: 50s, of: []}}", "faults.0.mix.of: expected 1 item or more, got []"),
        (
            "{sequence: null}",
            "faults.0: expected one of sequence, parallel, repeat, mix in place of a step; got none",
        ),
        (
            "{mix: {at: 5s, until: 50s, of: [{weight: .inf, fault: pause, target: primary, heal_after: 1s}]}}",
            "faults.0.mix.of.0.weight: expected a finite number, got Infinity",
        ),
        ("{at: 5s, kill: primary}", "faults.0.kill: unknown key; did you mean 'fault: kill'?"),
        (
            "{loop: {at: 5s}}",
            "faults.0.loop: unknown key; a step has a fault, or is one of sequence, parallel, repeat, mix",
        ),
        (
            "{at: 5s, fault: delay, target: primary, latency: {ms: 50}}",
            "faults.0.latency: expected a duration with a unit, such as 250ms, 15s or 2m, got {'ms': 50}",
        ),
        (
            "{at: -5ms, fault: kill, target: primary}",
            "faults.0.at: expected a duration of 0 or more, got '-5ms'",
        ),
        (
            "{at: 5s, fault: loss, target: primary, loss: -5%}",
            "faults.0.loss: expected a percentage of 0% or more, got '-5%'",
        ),
        (
            "{at: 5s, fault: bandwidth, target: primary, rate: -1mbps}",
            "faults.0.rate: expected a data rate of 0 or more, got '-1mbps'",
        ),
        (
            "{at: 5s, fault: latency, target: primary}",
            "faults.0.fault: unknown fault 'latency'; did you mean 'delay'? Expected one of the 68 that "
            "`meshbench faults` lists",
        ),
        (
            "{repeat: {at: 5s, times: 30, every: 3s, step: {fault: noop, target: primary, heal_after: 1s}}}",
            "faults.0.repeat: its step at 62s plus up to 1s, which the seed adds, is not within load.duration (60s); "
            "make the load longer, or at, times or every smaller",
        ),
    ],
)
def test_the_message_names_what_its_author_wrote_and_no_library_s_words(tmp_path: Path, entry: str, says: str) -> None:
    refused(tmp_path, entry, says)


def test_a_word_of_others_leads_to_ours(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="unknown word 'leader'; did you mean 'primary'"):
        read(tmp_path, "{at: 5s, fault: kill, target: leader}")


def test_a_space_may_stand_before_every_unit(tmp_path: Path) -> None:
    (step,) = read(tmp_path, "{at: 5 s, fault: delay, target: primary, latency: 50 ms}").timeline()
    assert (step.at_s, step.fault.written()["latency"]) == (5, "50ms")


def test_who_heals_after_the_load_is_told_when_it_will_be(tmp_path: Path) -> None:
    scenario = read(tmp_path, "{at: 5s, fault: kill, target: primary, heal_after: 20h}")
    assert "faults.0: the load ends before its heal_after (72000s) is over, and it is healed then" in scenario.notices()
    assert not list(read(tmp_path, "{at: 5s, fault: kill, target: primary, heal_after: 20s}").notices())


def test_what_the_server_does_not_know_is_told_with_the_place_of_its_step(tmp_path: Path) -> None:
    step = "{fault: set-global, target: primary, variables: {max_conections: 50}}"
    scenario = read(tmp_path, f"{{parallel: {{at: 5s, steps: [{step}]}}}}")
    assert scenario.unknown_to(["max_connections"]) == (
        "faults.0.parallel.steps.0.variables.max_conections: this server has no such variable; "
        "did you mean 'max_connections'?"
    )
    assert scenario.unknown_to(["max_conections"]) is None
