"""`meshbench selftest faults` here: every fault bites, is gone afterwards, and leaves nothing on the host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.registry import FAULTS
from scenarios.cli.cli import main

pytestmark = [pytest.mark.engine, pytest.mark.nightly]


def test_every_fault_bites_is_gone_and_leaves_nothing(tmp_path: Path) -> None:
    code = main(["selftest", "faults", "--runs", str(tmp_path)])
    content = json.loads((tmp_path / "selftest" / "faults.json").read_text())
    wrong = [row for row in content["faults"] if not row["unsupported"] and not (row["bitten"] and row["clean"])]
    assert not wrong
    assert content["left_on_host"] == []
    assert code == 0
    assert {row["name"] for row in content["faults"]} == set(FAULTS)
