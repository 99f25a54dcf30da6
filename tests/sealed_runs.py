"""Sealed run folders without operations, made from what a real run left: for tests of what is read of many runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from reports.seal import seal

RECORDED = Path(__file__).parent / "fixtures" / "recorded"
FIRST = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)


@cache
def _recorded() -> tuple[str, str]:
    return (RECORDED / "group" / "manifest.json").read_text(), (RECORDED / "group.summary.json").read_text()


def sealed_run(
    runs: Path,
    number: int,
    *,
    write_outage_ms: float = 6000.0,
    scenario: Mapping[str, Any] = {},
    manifest: Mapping[str, Any] = {},
    summary: Mapping[str, Any] = {},
) -> Path:
    """The folder of run ``number``, which started that many hours after FIRST. scenario, manifest, summary: what is
    otherwise than in the recorded run, a kill of the primary in a group of three behind Envoy."""
    own_manifest, own_summary = map(json.loads, _recorded())
    started = FIRST + timedelta(hours=number)
    own_manifest["scenario"] |= {"name": "primary-kill", "seed": number, **scenario}
    started_at = started.isoformat(timespec="seconds")
    own_manifest |= {"seed": number, "started_at": started_at, "evidence": ["manifest.json"], **manifest}
    own_summary |= {"seed": number, "started_at": started_at, "write_outage_ms": write_outage_ms, **summary}
    folder: Path = runs / own_manifest["scenario"]["name"] / f"{started:%Y%m%dT%H%M%SZ}-{number}"
    (folder / "ops").mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(own_manifest))
    (folder / "summary.json").write_text(json.dumps(own_summary))
    (folder / "report.html").write_text("<!doctype html><link rel=icon href=data:,><title>the report of a run</title>")
    seal(folder)
    return folder


def in_suite(number: int, *, name: str = "nightly", of: str = "20261101T020000Z", **more: Any) -> dict[str, Any]:
    """``part_of`` of trial ``number`` of a night."""
    return {"kind": "nightly", "name": name, "id": of, "cell": "group / envoy", "trial": number, "attempt": 1, **more}
