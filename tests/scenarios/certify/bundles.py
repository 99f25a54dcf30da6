"""Certificates over small runs that are judged for real: copies of what a run on one server left, each with the seed,
the time and the place in the plan that a trial would have."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reports.certificate.decide import decide
from reports.certificate.outcome import Outcome, judged
from reports.certificate.plan import Cell, Claim, Plan, comparable
from reports.certificate.sequential import Look
from reports.certificate.words import claim_text
from reports.seal import CHECKSUMS, evidence_of
from reports.trends.metrics import METRICS
from scenarios.run.judging import judged_and_sealed
from scenarios.run.versions import checkout

RECORDED = Path(__file__).parents[2] / "fixtures" / "recorded" / "single"
FROZEN = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
NAME, ID = "small", "20261128T020000Z"
#: What of a manifest makes its trial void: a noisy host.
NOISY: dict[str, Any] = {"host": {"steal_percent": 90.0}}


def claim(metric: str, limit: float, share: float) -> Claim:
    text = claim_text(METRICS[metric], limit=limit, share=share, confidence=0.8)
    return Claim(metric=metric, limit=limit, share=share, confidence=0.8, text=text)


def plan(**other: Any) -> Plan:
    """Three clean trials certify."""
    manifest = json.loads((RECORDED / "manifest.json").read_text())
    cell = Cell(name="old-single: single / direct", scenario="old-single", settings=(), resolved=comparable(manifest))
    given: dict[str, Any] = {
        "claims": (claim("write_outage_ms", 30_000.0, 0.5), claim("lost", 0.0, 1.0)),
        "cells": (cell,),
        "looks": (Look(trials=3, failures=0),),
        "voids_at_most": 1,
        "seed": 7,
        **checkout(),
    }
    return Plan(name=NAME, **given | other)


def run_of(runs: Path, seed: int, *, order: int, number: int, attempt: int, changes: dict[str, Any]) -> Path:
    """The sealed folder of an attempt, the ``order``-th that was run. changes: of its manifest."""
    started = FROZEN + timedelta(minutes=order)
    folder = runs / "old-single" / f"{started:%Y%m%dT%H%M%SZ}-{seed}"
    shutil.copytree(RECORDED, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    part = {"kind": "certify", "name": NAME, "id": ID, "cell": "single / direct", "trial": number, "attempt": attempt}
    manifest |= {"seed": seed, "started_at": started.isoformat(timespec="seconds"), "part_of": part}
    manifest["host"] |= changes.pop("host", {})
    manifest |= changes
    write(folder / "manifest.json", manifest)
    manifest["evidence"] = evidence_of(folder)
    write(folder / "manifest.json", manifest)
    judged_and_sealed(folder)
    return folder


def certified(
    place: Path,
    *,
    of: Plan | None = None,
    attempts: Sequence[tuple[int, int, dict[str, Any]]] = ((1, 1, {}), (2, 1, {}), (3, 1, {})),
) -> Path:
    """The folder of a certificate below ``place``, with its runs. attempts: number, attempt, what its manifest says
    otherwise."""
    of = of or plan()
    folder = place / "runs" / "certificates" / f"{NAME}-{ID}"
    folder.mkdir(parents=True)
    write(folder / "plan.json", of.as_json(frozen_at=FROZEN.isoformat(), earlier_attempts=2))
    (folder / "PLAN.yaml").write_text("name: small\n")
    for order, (number, attempt, changes) in enumerate(attempts, start=1):
        seed = of.seed_of(number)
        run_of(place / "runs", seed, order=order, number=number, attempt=attempt, changes=dict(changes))
    decided(folder, of)
    return folder


def decided(folder: Path, of: Plan) -> None:
    """Judge the runs beside a certificate, and write what they show: trials.jsonl and certificate.json."""
    outcomes = []
    for run in sorted((folder.parent.parent / "old-single").iterdir()):
        manifest, summary = (json.loads((run / name).read_text()) for name in ("manifest.json", "summary.json"))
        outcomes.append(
            Outcome(
                number=manifest["part_of"]["trial"],
                attempt=manifest["part_of"]["attempt"],
                cell=of.cells[0].name,
                seed=manifest["seed"],
                verdict=summary["verdict"],
                why=summary["why"],
                claims=judged(of.claims, summary),
                folder=f"../../old-single/{run.name}",
                seal=hashlib.sha256((run / CHECKSUMS).read_bytes()).hexdigest(),
                took_s=60.0,
            )
        )
    (folder / "trials.jsonl").write_text("".join(json.dumps(one.as_json()) + "\n" for one in outcomes))
    write(folder / "certificate.json", decide(of, outcomes))


def write(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n")


def edited(file: Path, change: Callable[[Any], object]) -> None:
    """Change the content of a JSON file in place."""
    content = json.loads(file.read_text())
    change(content)
    write(file, content)
