"""Certificates whose trials end as a test says: nothing is started, and every run leaves a sealed folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.certificate.plan import Cell, Plan
from reports.seal import seal
from reports.trials.trial import Trial
from scenarios.certify.bundle import write_bundle
from scenarios.certify.certify import Certifying
from scenarios.certify.folder import CertificateFolder
from scenarios.certify.plan_file import System
from scenarios.schema.read import read_scenario
from scenarios.trials.loop import Planned
from tests.reports.certificate.made import OUTAGE, plan
from tests.scenarios.certify.bundles import NOISY, certified
from tests.scenarios.certify.forging import folder_of

#: What a trial ends with, by its number and attempt.
Ends = Callable[[int, int], Any]


class FakeRuns:
    """Runs as `scenarios.trials.loop.Trials` has them, each over at once. tried: number and attempt of every one."""

    def __init__(self, runs: Path, id: str, ends: Ends) -> None:
        self._runs, self._id, self._ends = runs, id, ends
        self.tried: list[tuple[int, int]] = []

    def run(self, planned: Planned, attempt: int) -> Trial:
        self.tried.append((planned.number, attempt))
        seed = planned.scenario.seed
        folder = self._runs / planned.scenario.name / f"2026-{seed}.{attempt}"
        (folder / "ops").mkdir(parents=True)
        part_of = {"kind": "certify", "id": self._id, "trial": planned.number, "attempt": attempt}
        (folder / "manifest.json").write_text(json.dumps({"part_of": part_of, "evidence": []}))
        summary = self._ends(planned.number, attempt)
        if isinstance(summary, str):
            return Trial(number=planned.number, order=1, seed=seed, attempt=attempt, broke=summary, folder=folder)
        (folder / "summary.json").write_text(json.dumps(summary))
        seal(folder)
        return Trial(
            number=planned.number, order=1, seed=seed, attempt=attempt, summary=summary, folder=folder, took_s=60.0
        )


def small(runs: Path, **other: Any) -> tuple[Plan, dict[str, System], Path]:
    """A plan of one system, what stands behind it, and the file that it stands for."""
    made = plan(OUTAGE, cells=(Cell(name="kill", scenario="primary-kill", settings=(), resolved={}),), **other)
    file = runs.parent / "PLAN.yaml"
    file.write_text("name: semisync-outage\n")
    return made, {"kill": System(scenario=read_scenario("primary-kill"), name="primary-kill", settings=())}, file


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


class Begun:
    """A certificate with its runs. go: from wherever it stands, as a new process would."""

    def __init__(self, runs: Path, ends: Ends, **other: Any) -> None:
        self.plan, self.systems, file = small(runs, **other)
        self.runs = runs
        folder = CertificateFolder.frozen(self.plan, runs=runs, file=file)
        self.path = folder.path
        folder.close()
        self.fake = FakeRuns(runs, self.path.name, ends)

    def go(self) -> Any:
        folder = CertificateFolder(self.path)
        try:
            self.certifying = Certifying(folder, self.systems, runs=self.runs, run=self.fake.run)
            return self.certifying.execute()
        finally:
            folder.close()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.path / "trials.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """Private and public key of somebody."""

    def pair(name: str) -> tuple[Path, Path]:
        place = tmp_path_factory.mktemp(name)
        key, public = place / "key.pem", place / "key.pub.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
        return key, public

    return pair


@pytest.fixture(scope="module")
def ours(keys: Callable[[str], tuple[Path, Path]]) -> tuple[Path, Path]:
    return keys("ours")


@pytest.fixture(scope="module")
def place(no_figures: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate's folder and its runs, four attempts of which the second was void; tests work on copies."""
    made = tmp_path_factory.mktemp("made")
    certified(made, attempts=[(1, 1, {}), (2, 1, NOISY), (2, 2, {}), (3, 1, {})])
    return made


@pytest.fixture(scope="module")
def signed(place: Path, ours: tuple[Path, Path]) -> Path:
    return write_bundle(folder_of(place), key=ours[0])


@pytest.fixture
def copy(place: Path, tmp_path: Path) -> Path:
    """The folder of the certificate, to be forged."""
    shutil.copytree(place, tmp_path / "copy", ignore=shutil.ignore_patterns("*.zip"))
    return folder_of(tmp_path / "copy")
