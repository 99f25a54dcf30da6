"""Gates of a scenario: held equal to their declarations, and refused where no run of it could decide them."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.check import FLOOR_MS
from checks.gates import REQUIRE
from checks.registry import GATES
from cluster.errors import ConfigurationError
from scenarios.cli import listing
from scenarios.cli.cli import main
from scenarios.schema.gates import GatesSection
from scenarios.schema.read import catalogue, read_scenario
from tests.scenarios.looking import look_here

ROOT = Path(__file__).parents[3]
LOCUSTFILE = f"workload={ROOT / 'docs' / 'examples' / 'locustfile.py'}"
INBOX = f"workload={ROOT / 'docs' / 'examples' / 'inbox.py'}:Inbox"
UNKEYED = """
class Mine:
    def __init__(self, options): pass
    def setup(self, connection, *, seed): pass
    def check(self, session): pass
    def next(self, rng, key): pass
    def run(self, session, op): pass
    def final_queries(self): return {}
"""


def test_a_scenario_has_the_gates_that_are_declared_with_their_defaults() -> None:
    assert set(GatesSection.model_fields) == {*GATES, REQUIRE}
    assert GatesSection().numbers() == {gate.key: gate.default for gate in GATES.values() if gate.default is not None}
    assert [name for name, field in GatesSection.model_fields.items() if "str" in str(field.annotation)] == [
        *(name for name, gate in GATES.items() if gate.relative),
        REQUIRE,
    ]


def test_the_guide_tells_the_floor_of_a_multiple() -> None:
    assert f"{FLOOR_MS:g} ms" in (ROOT / "docs" / "scenario-file.md").read_text()


def test_numbers_have_units_last_and_a_multiple_stays_as_it_is_written() -> None:
    gates = "{write_outage: 1500ms, behind: 1s, success_ratio: 0.99, response_p99_after: 3x, response_p99_during: 2s}"
    numbers = read_scenario("primary-kill", settings=[f"gates={gates}"]).gates.numbers()
    wanted = {"write_outage_ms": 1500, "behind_ms": 1000, "success_ratio": 0.99, "response_p99_during_ms": 2000}
    assert numbers.items() >= wanted.items()
    assert numbers["response_p99_after_ms"] == "3x"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["gates.stale_reads=0"], "gates.stale_reads: workload transfer cannot decide it; what can: mixed-read;"),
        ([INBOX, "gates.stale_reads=0"], "cannot decide it; what can: mixed-read;"),
        ([LOCUSTFILE, "gates.lost=0"], "gates.lost: a locustfile (.*) cannot decide it; what can: transfer, tpcb, "),
        ([LOCUSTFILE, "gates.lateness_p99=50ms"], "gates.lateness_p99: a locustfile .* asks when its users do"),
        ([LOCUSTFILE, "gates.duplicated=0"], "gates.duplicated: a locustfile .* a class of your own with a final"),
        (["gates.require=[tpcb]"], "gates.require: workload transfer cannot decide tpcb; what can: tpcb;"),
        ([LOCUSTFILE, "gates.require=[availability, torn]"], "gates.require: a locustfile .*cannot decide torn"),
        (["workload=tpcb", "gates.read_outage=1s"], "gates.read_outage: workload tpcb reads nothing, so it cannot"),
        (["workload.read_share=0", "gates.read_outage=1s"], r"transfer reads nothing \(read_share: 0\), so it cannot"),
        (["workload.read_share=1", "gates.brownout=1s"], r"gates.brownout: workload transfer writes nothing \(read_s"),
        (["gates.response_p99_after=1s"], "gates.response_p99_after: faults has no step, so there is nothing"),
        (["gates.response_p99_during=3x"], "gates.response_p99_during: faults has no step, so there is nothing"),
        (["gates.response_p99=3x"], "gates.response_p99: faults has no step, so there is no before to be a multiple"),
        (["gates.response_p99_before=3x"], "gates.response_p99_before: expected a duration with a unit"),
        (["gates.write_outage=3x"], "gates.write_outage: expected a duration with a unit"),
        (["gates.response_p99=0.5x"], "or a multiple of before from 1x up, such as 3x, got '0.5x'"),
        (["gates.response_p99=0"], "expected a duration greater than 0, or a multiple of before"),
        (["gates.success_ratio=2"], "gates.success_ratio: expected 1 or less, got 2"),
        (["gates.wrte_outage=1s"], "gates.wrte_outage: unknown key; did you mean 'write_outage'"),
        (["gates=null"], "gates: is empty; give it a value, or leave it out"),
        (["gates=7"], "gates: expected a mapping with keys such as lost"),
    ],
)
def test_a_gate_that_no_run_could_decide_is_refused_before_anything_starts(settings: list[str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        read_scenario(
            "steady", settings=["gates={}", *settings] if "gates=" not in settings[-1] else settings, look=look_here
        )
    assert str(caught.value).startswith("--set gates")
    assert "\n" not in str(caught.value)


def test_a_locustfile_is_not_void_for_lateness_that_nobody_measures() -> None:
    scenario = read_scenario("steady", settings=[LOCUSTFILE])
    assert "lateness_p99_ms" not in scenario.gates.numbers()
    assert scenario.model_dump(mode="json")["gates"]["lateness_p99"] is None
    assert read_scenario("steady").gates.numbers()["lateness_p99_ms"] == 100


def test_a_gate_written_in_a_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(UNKEYED)
    text = "name: mine\nteaches: x\ntopology: single\nmesh: envoy\nworkload: own.py:Mine\ngates:\n  lost: 0\n"
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"mine.yaml:7: gates.lost: workload own.py:Mine cannot decide it"):
        read_scenario(str(tmp_path / "mine.yaml"), look=look_here)
    (tmp_path / "mine.yaml").write_text(text.replace("lost: 0", "lost: null"))
    assert "lost" not in read_scenario(str(tmp_path / "mine.yaml"), look=look_here).gates.numbers()


def test_the_command_line_ends_with_2_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for setting in ("gates.stale_reads=0", "gates.response_p99_after=3x", "gates.brownut=1s"):
        assert main(["run", "steady", "--set", setting, "--runs", "/nowhere"]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"meshbench: --set {setting}: {setting.partition('=')[0]}: ")
        assert said.count("\n") == 1


@pytest.mark.parametrize("workload", [LOCUSTFILE, INBOX, "workload=tpcb", "workload=mixed-read"])
def test_a_default_that_cannot_be_decided_does_not_apply(workload: str) -> None:
    scenario = read_scenario("steady", settings=[workload], look=look_here)
    numbers = scenario.gates.numbers()
    assert ("lost" in numbers, "duplicated" in numbers) == ((workload != LOCUSTFILE),) * 2
    assert type(scenario.gates).model_validate(scenario.gates.model_dump(mode="json")).numbers() == numbers


@pytest.mark.parametrize("name", catalogue())
def test_every_scenario_has_a_gate_on_service_and_says_what_it_should_end_with(name: str) -> None:
    scenario = read_scenario(name)
    written = {key for key in scenario.gates.model_fields_set if getattr(scenario.gates, key) is not None}
    assert "brownout" in written or any(key.startswith("response_p99") for key in written)
    assert (scenario.expect.verdict == "fail") == ("must fail" in scenario.description or bool(scenario.expect.checks))
    printed = list(listing.lines(scenario))
    assert printed[0].startswith(f"{name} ")
    assert f"expected: {scenario.expect.verdict}" in printed[0]
    assert all(len(line) <= listing.WIDTH for line in printed)
    shown = " ".join(line.strip() for line in printed)
    assert scenario.description in shown
    assert all(key in shown for key in written - {REQUIRE})


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ("fail", "expect.checks: verdict fail needs the checks that fail"),
        ("{checks: [durability]}", "expect.checks: verdict fail needs the checks that fail, and pass has none"),
        ("{verdict: fail, checks: [durabilty]}", "expect.checks.0: unknown check 'durabilty'"),
        ("void", "expect.verdict: unknown word 'void'; expected one of pass, fail"),
    ],
)
def test_an_expectation_that_is_none_is_refused(expect: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_scenario("steady", settings=[f"expect={expect}"])
