"""PLAN.yaml: read and resolved, or refused with a line for each mistake before anything starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from reports.certificate.console import certificate_lines, plan_lines
from reports.certificate.decide import decide
from reports.trends.metrics import METRICS
from scenarios.certify.plan_file import read_plan
from scenarios.certify.plan_schema import limit_of
from scenarios.cli.cli import main
from tests.reports.certificate.made import BAD, GOOD, NEVER_LOST, OUTAGE, cell, looks, outcomes, plan

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("certify-*.yaml"))
PLAN = """\
name: kill
claims:
  - {metric: write_outage_ms, limit: 30s, share: 95%, confidence: 95%}
  - {metric: lost, limit: 0, share: 100%}
scenarios: [primary-kill]
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "PLAN.yaml"
    file.write_text(text)
    return file


def test_what_a_plan_leaves_out_is_filled_in(tmp_path: Path) -> None:
    resolved = read_plan(written(tmp_path, PLAN))
    made = resolved.plan
    assert [(one.metric, one.limit, one.share, one.confidence) for one in made.claims] == [
        ("write_outage_ms", 30_000.0, 0.95, 0.95),
        ("lost", 0.0, 1.0, 0.95),
    ]
    assert made.claims[0].text == (
        "longest time without an acknowledged write: at most 30 s in at least 95 % of trials, at 95 % confidence"
    )
    assert made.looks == looks((72, 0), (98, 1))
    assert (made.voids_at_most, made.seed) == (10, 1)
    assert [one.name for one in made.cells] == ["primary-kill: group / envoy"]
    assert made.cells[0].resolved["load"]["rate"] == 150
    assert "seed" not in made.cells[0].resolved
    assert 65 < resolved.trial_s < 100, "the load is 65 s"


def test_every_topology_meets_every_mesh(tmp_path: Path) -> None:
    text = PLAN + "topologies: [async, semisync]\nmeshes: [envoy, direct]\nseed: 9\nvoids: 2\nlooks: 1\n"
    made = read_plan(written(tmp_path, text)).plan
    assert [one.name for one in made.cells] == [
        "primary-kill: async / envoy",
        "primary-kill: async / direct",
        "primary-kill: semisync / envoy",
        "primary-kill: semisync / direct",
    ]
    assert made.cells[3].settings == ("topology.kind=semisync", "mesh=direct")
    assert (made.looks, made.voids_at_most, made.seed) == (looks((59, 0)), 2, 9)


def test_a_scenario_may_be_set_as_on_the_command_line_and_be_a_file_beside_the_plan(tmp_path: Path) -> None:
    catalogue = ROOT / "scenarios" / "catalogue" / "primary-kill.yaml"
    (tmp_path / "ours.yaml").write_text(catalogue.read_text().replace("name: primary-kill", "name: ours"))
    text = PLAN.replace(
        "[primary-kill]",
        "[{scenario: ours.yaml, set: [load.rate=99]}, {scenario: ours.yaml, name: slow, set: [load.rate=50]}]",
    )
    resolved = read_plan(written(tmp_path, text))
    assert [(one.name, one.resolved["load"]["rate"]) for one in resolved.plan.cells] == [
        ("ours: group / envoy", 99),
        ("slow: group / envoy", 50),
    ]
    assert resolved.systems["ours: group / envoy"].name == str(tmp_path / "ours.yaml")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_can_be_read(file: Path) -> None:
    assert len(EXAMPLES) > 1
    made = read_plan(file).plan
    decide(made, [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("name: kill", "name: Kill!"), "PLAN.yaml:1: name: expected lower-case letters, digits and hyphens"),
        (("scenarios: [primary-kill]\n", ""), "PLAN.yaml:1: scenarios: is required and missing"),
        (("[primary-kill]", "[]"), "PLAN.yaml:5: scenarios: "),
        (
            ("lost, limit", "losses, limit"),
            "PLAN.yaml:4: claims.1.metric: unknown metric 'losses'; did you mean 'lost'?",
        ),
        (("limit: 30s", "limit: 30"), "PLAN.yaml:3: claims.0.limit: expected a duration with a unit, such as 250ms"),
        (("limit: 0", "limit: none"), "PLAN.yaml:4: claims.1.limit: expected a number from 0 up, got 'none'"),
        (
            ("share: 95%", "share: 0.95"),
            "PLAN.yaml:3: claims.0.share: expected a share in percent, such as 95%, got 0.95",
        ),
        (("share: 95%", "share: 40%"), "claims.0.share: expected 50% to 100%"),
        (("confidence: 95%", "confidence: 100%"), "claims.0.confidence: expected 50% to 99.99%; nothing is certain"),
        (
            ("confidence: 95%", "sure: 95%"),
            "claims.0.sure: unknown key; did you mean",
        ),
        (
            ("[primary-kill]", "[primary-kil]"),
            "PLAN.yaml:5: scenarios.0: primary-kil: no such scenario or",
        ),
        (
            ("[primary-kill]", "[{scenario: primary-kill, set: [mesh=direct]}]\nmeshes: [envoy]"),
            "scenarios.0: primary-kill under envoy: --set mesh=direct: meshes: envoy says otherwise; keep one of them",
        ),
        (
            ("[primary-kill]", "[{scenario: primary-kill, set: [topology=async]}]\ntopologies: [group]"),
            "scenarios.0: primary-kill under group: --set topology=async: topologies: group says otherwise",
        ),
        (
            ("[primary-kill]", "[{scenario: primary-kill, set: [seed=5]}]"),
            "scenarios.0: primary-kill: --set seed=5: every seed is made from the plan's; set it there",
        ),
        (("[primary-kill]", "[primary-kill, primary-kill]"), "'primary-kill: group / envoy' is there twice"),
        (
            ("[primary-kill]", "[{scenario: primary-kill, set: [load.rat=5]}]"),
            "--set load.rat=5: load.rat: unknown key",
        ),
        (("seed", "seed"), "topologies.0: unknown topology 'asinc'; did you mean 'async'?"),
        (("looks", "looks"), "looks: expected the number of looks, 1 to 10, or a list such as"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = PLAN.replace(*change)
    text += {"seed": "topologies: [asinc]\n", "looks": "looks: 0\n"}.get(change[0], "")
    with pytest.raises(ConfigurationError) as refused:
        read_plan(written(tmp_path, text))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = PLAN.replace("limit: 30s", "limit: 30").replace("[primary-kill]", "primary-kill") + "void: 3\n"
    with pytest.raises(ConfigurationError) as refused:
        read_plan(written(tmp_path, text))
    assert len(str(refused.value).splitlines()) == 3


def test_what_is_wrong_with_one_part_of_a_plan_hides_no_other(tmp_path: Path) -> None:
    never = PLAN.replace("share: 95%, confidence: 95%", "share: 100%")
    twice = never.replace("[primary-kill]", "[primary-kill, primary-kill, {scenario: steady, set: [load.rat=1]}]")
    assert mistakes(tmp_path, twice) == [
        "PLAN.yaml:2: claims: those of 100% alone do not say how many trials are enough; give it, as "
        "looks: [{trials: 100, failures: 0}]",
        "PLAN.yaml:5: scenarios.1: 'primary-kill: group / envoy' is there twice; leave one out, or give it a name of "
        "its own: {scenario: …, name: …}",
        "PLAN.yaml:5: scenarios.2: steady: --set load.rat=1: load.rat: unknown key; did you mean 'rate'? Allowed here",
    ]
    both = PLAN.replace("limit: 30s", "limit: 30").replace("[primary-kill]", "[primary-kil]")
    assert [line[:24] for line in mistakes(tmp_path, both)] == ["PLAN.yaml:3: claims.0.li", "PLAN.yaml:5: scenarios.0"]


def mistakes(folder: Path, text: str) -> list[str]:
    """Sorted, without the folder of the file, and without which keys are allowed."""
    with pytest.raises(ConfigurationError) as refused:
        read_plan(written(folder, text))
    lines = str(refused.value).replace(f"{folder}/", "").splitlines()
    return sorted(re.sub(r"(?<=llowed here): .*", "", line) for line in lines)


@pytest.mark.parametrize(
    ("metric", "limit", "system", "why"),
    [
        ("step_rerouted_ms", "3s", "{scenario: steady, set: [topology=single, mesh=direct]}", "faults has no step"),
        ("response_p99_after_ms", "1s", "steady", "faults has no step"),
        ("read_outage_ms", "3s", "{scenario: primary-kill, set: [workload.read_share=0]}", "reads nothing"),
        ("write_outage_ms", "3s", "{scenario: steady, set: [workload.read_share=1, 'gates={}']}", "writes nothing"),
        (
            "step_elected_ms",
            "3s",
            "{scenario: steady, set: ['faults=[{at: 8s, fault: kill, target: proxy, heal_after: 4s}]']}",
            "no step of faults hits a node",
        ),
    ],
)
def test_a_claim_that_no_trial_can_show_is_refused(
    tmp_path: Path, metric: str, limit: str, system: str, why: str
) -> None:
    text = f"name: x\nscenarios: [{system}]\nclaims:\n  - {{metric: {metric}, limit: {limit}, share: 95%}}\n"
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(f"PLAN.yaml:4: claims.0.metric: {metric} is in no trial of ")
    assert why in line


def test_a_claim_that_some_trial_can_show_is_taken(tmp_path: Path) -> None:
    for metric in ("step_rerouted_ms", "step_elected_ms", "response_p99_after_ms", "read_outage_ms"):
        text = PLAN.replace("write_outage_ms", metric)
        assert read_plan(written(tmp_path, text)).plan.claims[0].metric == metric


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("[{trials: 59, failures: 0}, {trials: 93, failures: 1}, {trials: 124, failures: 2}]", "in 9.26 % of cases"),
        ("[{trials: 58, failures: 0}]", "[{trials: 59, failures: 0}] would keep that"),
        ("[{trials: 72, failures: 0}, {trials: 70, failures: 1}]", "each look must have more trials"),
        ("[{trials: 3, failures: 3}]", "expected fewer bad ones than trials"),
        ("[]", "looks: there is none"),
        ("[{trials: 59}]", "looks.0.failures: is required and missing"),
        ("many", "expected the number of looks, 1 to 10, or a list"),
    ],
)
def test_looks_that_do_not_keep_the_error_rate_are_refused(tmp_path: Path, given: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_plan(written(tmp_path, f"{PLAN}looks: {given}\n"))
    assert says in str(refused.value)
    assert "PLAN.yaml:6: looks" in str(refused.value)


def test_looks_of_one_s_own_that_keep_it_are_taken(tmp_path: Path) -> None:
    given = "looks: [{trials: 76, failures: 0}, {trials: 104, failures: 1}, {trials: 141, failures: 2}]\n"
    assert read_plan(written(tmp_path, PLAN + given)).plan.looks == looks((76, 0), (104, 1), (141, 2))


def test_claims_of_never_alone_say_how_many_trials_there_are(tmp_path: Path) -> None:
    text = "\n".join(line for line in PLAN.splitlines() if "95%" not in line) + "\n"
    with pytest.raises(ConfigurationError, match="do not say how many trials are enough; give it, as "):
        read_plan(written(tmp_path, text))
    assert read_plan(written(tmp_path, text + "looks: [{trials: 22, failures: 0}]\n")).plan.looks == looks((22, 0))
    with pytest.raises(ConfigurationError, match="of claims of 100% there is one look, with no failure"):
        read_plan(written(tmp_path, text + "looks: [{trials: 22, failures: 1}]\n"))


def test_the_most_demanding_claim_decides_how_long_it_takes(tmp_path: Path) -> None:
    more = "  - {metric: brownout_ms, limit: 5s, share: 90%, confidence: 90%}\n"
    made = read_plan(written(tmp_path, PLAN.replace("scenarios:", f"{more}scenarios:"))).plan
    assert made.looks == looks((72, 0), (98, 1))
    assert (decide(made, [])["claims"][2]["error_rate"] or 1) < 0.001, "the other keeps its own all the more"


@pytest.mark.parametrize(
    ("metric", "value", "limit"),
    [
        ("write_outage_ms", "1.5s", 1500.0),
        ("boot_s", "1500ms", 1.5),
        ("client_cpu_us_per_txn", "1ms", 1000.0),
        ("success_ratio", "99.9%", 0.999),
        ("achieved_tps", 150, 150.0),
        ("torn", 0, 0.0),
    ],
)
def test_a_limit_is_written_in_the_unit_of_its_metric(metric: str, value: Any, limit: float) -> None:
    assert limit_of(METRICS[metric], value) == pytest.approx(limit)


def test_the_command_line_shows_a_plan_and_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, runs = written(tmp_path, PLAN), tmp_path / "runs"
    assert main(["certify", str(file), "--plan-only", "--runs", str(runs)]) == 0
    told = capsys.readouterr().out
    assert "a system of which 5 % of trials are bad is certified in 4.98 % of cases" in told
    assert "look    after 72 trials: certified if none was bad" in told
    assert "else    after 98 trials: certified if at most 1 bad" in told
    assert not runs.exists()


def test_the_command_line_ends_with_2_and_a_line_for_each_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["certify", str(written(tmp_path, PLAN.replace("95%", "95")))]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert main(["certify", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml: cannot be read" in capsys.readouterr().err
    assert main(["certify", str(written(tmp_path, PLAN)), "--key", str(tmp_path / "none.pem")]) == 2
    assert "none.pem" in capsys.readouterr().err


def test_a_plan_is_shown_with_what_it_does_to_good_and_bad_systems() -> None:
    lines = list(plan_lines(plan(OUTAGE, NEVER_LOST), trial_s=60.0))
    rows = [line.split() for line in lines if "%" in line and line.endswith(("72", "10"))]
    assert rows[0] == ["0", "%", "100", "%", "72.0", "72"]
    assert rows[-1] == ["20", "%", "1.11e-05", "%", "10.0", "10"]


def test_a_certificate_is_shown_claim_by_claim_with_what_did_not_count() -> None:
    made = plan(OUTAGE, NEVER_LOST, cells=(cell("one"), cell("other")))
    lines = list(certificate_lines(decide(made, outcomes(made, [None, BAD, GOOD, BAD]))))
    assert lines[0].startswith("REFUSED semisync-outage: refused after 3 trials, by trial 3: ")
    assert lines[1].startswith("  refused     longest time without an acknowledged write")
    assert lines[2].strip() == "2 of 3 trials failed; nothing is certified"
    assert lines[3].startswith("  incomplete  acknowledged operations that are gone")
    assert lines[5].strip() == "3 trials count of 4 begun: 0 void, 0 broken, 1 cut off (at most 3 in all)"
    assert len(lines) == 8
