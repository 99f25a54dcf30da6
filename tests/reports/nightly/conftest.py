"""A night as nightly.json has it: two cells, three trials of one of them, one void and repeated."""

from __future__ import annotations

from typing import Any

import pytest

from reports.nightly.nightly_types import CellRow, Nightly, TrialRow
from reports.nightly.outcome import settle


def trial(number: int, *, attempt: int = 1, verdict: str = "pass", **more: Any) -> TrialRow:
    row: Any = {
        "scenario": "primary-kill",
        "cell": "group / envoy",
        "number": number,
        "attempt": attempt,
        "seed": 6 + number,
        "order": number,
        "started_at": "2026-11-28T01:02:03+00:00",
        "took_s": 61.5,
        "verdict": verdict,
        "outcome": verdict,
        "why": f"trial {number} ended in {verdict}",
        "void_reasons": ["the machine was busy"] if verdict == "void" else [],
        "failed": ["write_outage"] if verdict == "fail" else [],
        "counts": verdict in ("pass", "fail"),
        "numbers": {"write_outage_ms": 6000.0 + number, "lost": 0.0, "step_rerouted_ms": 120.0},
        "folder": f"../../primary-kill/20261128T01000{number}Z-{6 + number}",
        "command": ["meshbench", "run", "primary-kill", "--seed", str(6 + number)],
        "sentinel": {"cpu_s": 0.8, "fsync_ms": 0.2},
        **more,
    }
    made: TrialRow = row
    return made


def cell(scenario: str, **more: Any) -> CellRow:
    row: Any = {
        "scenario": scenario,
        "cell": "group / envoy",
        "topology": "group",
        "mesh": "envoy",
        "expected": "pass",
        "planned": 3,
        "passed": 0,
        "failed": 0,
        "void": 0,
        "broken": 0,
        "left_out": 0,
        "verdict": "not run",
        "not_applicable": None,
        "medians": {},
        **more,
    }
    made: CellRow = row
    return made


@pytest.fixture
def night() -> Nightly:
    made: Nightly = {
        "schema": "meshbench/nightly/1",
        "name": "smoke",
        "id": "20261128T010203Z",
        "suite": {"name": "smoke"},
        "suite_digest": "0" * 64,
        "command": ["meshbench", "nightly", "smoke.yaml"],
        "seed": 7,
        "started_at": "2026-11-28T01:02:03+00:00",
        "ended_at": "2026-11-28T01:12:03+00:00",
        "state": "ended",
        "commit": "c" * 40,
        "dirty": False,
        "host": "x86_64, 2 cores",
        "budget_s": 900.0,
        "spent_s": 300.0,
        "resumed": 1,
        "verdict": "not run",
        "why": "",
        "exit_code": 0,
        "cells": [cell("primary-kill"), cell("steady"), cell("certificate-expiry", not_applicable="it needs mtls")],
        "trials": [trial(1), trial(2, verdict="void"), trial(3), trial(2, attempt=2)],
        "left_out": [{"scenario": "steady", "cell": "group / envoy", "number": 1, "why": "of the budget 3 s are left"}],
        "cut": [{"scenario": "steady", "cell": "group / envoy", "number": 2, "attempt": 1, "folder": None}],
        "running": None,
        "gate": None,
    }
    made["cells"][2]["verdict"] = "not applicable"
    settle(made)
    return made
