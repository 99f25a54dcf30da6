"""What `meshbench faults` tells keeps its contract, and what the documents say of faults is what the faults say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos import noop
from chaos.registry import FAULTS
from reports.schema import validate
from scenarios.cli.cli import main

ROOT = Path(__file__).resolve().parents[3]


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["faults", *words]) == 0
    return capsys.readouterr().out


def test_the_json_keeps_its_schema_and_names_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(printed(capsys, "--json"))
    validate(told, "faults")
    assert [fault["name"] for fault in told["faults"]] == list(FAULTS)
    kill = next(fault for fault in told["faults"] if fault["name"] == "kill")
    assert (kill["family"], kill["kind"], kill["may_stay"], kill["hits"]) == ("process", "fault", True, None)


def test_people_read_lines_of_a_hundred_columns(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys).splitlines()
    assert max(map(len, lines)) <= 100
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(FAULTS)


def test_the_page_of_faults_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "faults.md").read_text()
    assert printed(capsys, "--markdown") == page, "write it anew: meshbench faults --markdown > docs/faults.md"


def test_the_guide_shows_the_file_that_it_tells_to_copy() -> None:
    guide = (ROOT / "docs" / "adding-a-fault.md").read_text()
    assert f"```python\n{Path(noop.__file__).read_text()}```" in guide


def test_the_guide_names_every_fault() -> None:
    text = (ROOT / "docs" / "scenario-file.md").read_text()
    assert not [name for name in FAULTS if f"`{name}`" not in text]
