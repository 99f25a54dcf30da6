"""The workflow files in docs/ci can be read by the services they are for, and call what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenarios.cli.cli import main

CI = Path(__file__).parent.parent / "docs" / "ci"
CALL = '.venv/bin/meshbench nightly "$SUITE" --budget "$BUDGET"'
SUITES = {file.name for file in (CI.parents[1] / "scenarios" / "suites").glob("*.yaml")}
MAKE = set(re.findall(r"^([a-z-]+):", (CI.parents[1] / "Makefile").read_text(), re.MULTILINE))


def read(name: str) -> Any:
    return yaml.safe_load((CI / name).read_text())


def test_github_runs_smoke_for_pull_requests_and_a_night_by_the_clock() -> None:
    content = read("github-actions.yml")
    assert content[True].keys() == {"pull_request", "schedule", "workflow_dispatch"}, "YAML 1.1 takes `on` for true"
    steps = content["jobs"]["suite"]["steps"]
    assert CALL in [step.get("run") for step in steps]
    assert steps[-1]["if"] == "always()"
    named = set(re.findall(r"'([a-z]+\.yaml)'", content["jobs"]["suite"]["env"]["SUITE"]))
    assert named == {"smoke.yaml", "nightly.yaml"} <= SUITES


def test_gitlab_shows_the_junit_file_that_it_was_given() -> None:
    content = read("gitlab-ci.yml")
    suite = content[".suite"]
    assert suite["script"] == [CALL]
    copied = suite["after_script"][0].split()[2]
    assert suite["artifacts"]["reports"]["junit"] == copied
    jobs = [content[name] for name in ("smoke", "nightly")]
    assert [job["variables"]["SUITE"] for job in jobs] == ["smoke.yaml", "nightly.yaml"]
    assert {job["variables"]["SUITE"] for job in jobs} <= SUITES
    assert all(job["extends"] == ".suite" for job in jobs)


@pytest.mark.parametrize("option", ["--budget"])
def test_the_verb_has_the_option_that_is_given(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nightly", "--help"]) == 0
    assert option in capsys.readouterr().out


def test_jenkins_blocks_and_quotes_are_closed() -> None:
    text = "\n".join(line.split("//")[0] for line in (CI / "Jenkinsfile").read_text().splitlines())
    assert CALL in text
    without_strings = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "", text)
    assert "'" not in without_strings
    for opening, closing in ("{}", "()", "[]"):
        assert without_strings.count(opening) == without_strings.count(closing)


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml", "Jenkinsfile"])
def test_every_verb_of_make_exists(name: str) -> None:
    called = re.findall(r"\bmake ([a-z-]+)", (CI / name).read_text())
    assert called == ["images"]
    assert set(called) <= MAKE
