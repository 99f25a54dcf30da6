"""`meshbench verify` on bundles of runs that are judged for real, and on what is no bundle; damaged and forged ones are
in files of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from history.json_files import HistoryError
from reports.certificate.sequential import Look
from reports.certificate.verification import Verification, lines
from reports.schema import validate
from reports.trials.trial import Trial
from scenarios.certify.bundle import write_bundle
from scenarios.certify.certify import Certifying
from scenarios.certify.folder import CertificateFolder
from scenarios.certify.keys import public_key
from scenarios.certify.plan_file import System
from scenarios.certify.verify import verify
from scenarios.cli.cli import main
from scenarios.schema.read import read_scenario
from scenarios.trials.loop import Planned
from tests.scenarios.certify.bundles import NOISY, certified, claim, plan, run_of
from tests.scenarios.certify.forging import (
    folder_of,
    named,
    problems,
    runs_of,
)

pytestmark = pytest.mark.usefixtures("no_figures")

ROOT = Path(__file__).resolve().parents[3]


def test_a_bundle_is_sound_and_tells_what_was_claimed_shown_and_by_whom(signed: Path, ours: tuple[Path, Path]) -> None:
    found = verify(signed, key=public_key(ours[1]))
    assert (found["verdict"], found["problems"]) == ("sound", [])
    assert found["plan"] is not None
    assert found["plan"]["earlier_attempts"] == 2
    validate(found, "verification")
    certificate = found["certificate"]
    assert certificate is not None
    validate(certificate, "certificate")
    assert found["signature"]["by_given_key"] is True
    assert found["checked"]["judged_again"] == 4
    text = "\n".join(lines(found))
    assert certificate["claims"][0]["text"] in text
    assert "n 3, failures 0, void 1" in text
    assert "mysqld 9.7.4-2" in text
    assert f"the key given, sha256:{found['signature']['fingerprint']}" in text
    assert text.splitlines()[-1].endswith("It says: CERTIFIED")


@pytest.mark.slow
def test_what_certify_ran_and_wrote_is_sound(tmp_path: Path) -> None:
    """Its own loop, over runs that are there at once: one void, one that broke, one cut off, two that count."""
    runs = tmp_path / "runs"
    of = plan(looks=(Look(trials=2, failures=0),), voids_at_most=3, claims=(claim("write_outage_ms", 30_000.0, 0.4),))
    folder = CertificateFolder.frozen(of, runs=runs, file=Path(__file__))
    systems = {of.cells[0].name: System(scenario=read_scenario("primary-kill"), name="primary-kill", settings=())}

    def run(planned: Planned, attempt: int) -> Trial:
        order, seed = 10 * planned.number + attempt, planned.scenario.seed
        trial = Trial(number=planned.number, order=order, seed=seed, attempt=attempt)
        if (planned.number, attempt) == (2, 1):
            raise KeyboardInterrupt
        if (planned.number, attempt) == (2, 2):
            return replace(trial, broke="the engine went away")
        part = {"kind": "certify", "name": of.name, "id": folder.path.name, "trial": planned.number}
        changes = {"started_at": datetime.now(UTC).isoformat(), "part_of": part | {"attempt": attempt}}
        changes |= NOISY if (planned.number, attempt) == (1, 1) else {}
        ran = run_of(runs, seed, order=order, number=planned.number, attempt=attempt, changes=changes)
        return replace(trial, summary=json.loads((ran / "summary.json").read_text()), folder=ran, took_s=1.0)

    certifying = Certifying(folder, systems, runs=runs, run=run)
    assert certifying.execute()["verdict"] == "incomplete"
    assert certifying.interrupted is not None
    assert Certifying(folder, systems, runs=runs, run=run).execute()["verdict"] == "certified"
    folder.close()
    found = verify(write_bundle(folder.path))
    assert found["problems"] == []
    assert found["checked"] == {"members": found["checked"]["members"], "judged_again": 3, "not_judged": 2}
    assert "2 attempts left nothing to judge" in "\n".join(lines(found))


@pytest.mark.slow
def test_a_refused_certificate_is_as_sound_as_any_other_and_says_so(place: Path, tmp_path: Path) -> None:
    strict = plan(claims=(replace(plan().claims[0], limit=10.0),))
    folder = certified(tmp_path, of=strict, attempts=[(1, 1, {})])
    found = verify(write_bundle(folder))
    assert found["problems"] == []
    assert list(lines(found))[-1].endswith("It says: REFUSED")
    statement = json.loads((ROOT / "reports" / "verification.schema.json").read_text())
    assert statement["$id"] == found["schema"]


@pytest.mark.slow
def test_the_statement_says_passed_only_where_it_is_certified(signed: Path, tmp_path: Path) -> None:
    assert statement_of(signed)["predicate"]["result"] == "PASSED"
    assert statement_of(signed)["predicate"]["failedTests"] == []
    strict = plan(claims=(replace(plan().claims[0], limit=10.0), plan().claims[1]))
    refused = statement_of(write_bundle(certified(tmp_path, of=strict, attempts=[(1, 1, {})])))["predicate"]
    assert (refused["result"], refused["passedTests"]) == ("FAILED", [])
    assert len(refused["failedTests"]) == 2


def statement_of(bundle: Path) -> dict[str, Any]:
    """As docs/certificate.md reads it."""
    done = subprocess.run([sys.executable, "-c", snippets()[0], bundle], capture_output=True, text=True, check=True)
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def snippets() -> list[str]:
    """The Python in docs/certificate.md."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "certificate.md").read_text(), re.DOTALL)


def test_openssl_checks_the_signature_as_the_documentation_says(
    signed: Path, ours: tuple[Path, Path], tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-c", snippets()[1], signed], cwd=tmp_path, check=True)
    words = "openssl pkeyutl -verify -pubin -inkey KEY -rawin -in signed -sigfile signature"
    assert words.replace("KEY", "certificates.pub.pem") in (ROOT / "docs" / "certificate.md").read_text()
    command = [str(ours[1]) if word == "KEY" else word for word in words.split()]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "signed").write_bytes((tmp_path / "signed").read_bytes().replace(b"PASSED", b"FAILED"))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1


def test_sha256sum_proves_all_members(signed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(signed) as archive:
        archive.extractall(tmp_path)
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_the_same_runs_give_the_same_bundle(place: Path, signed: Path, ours: tuple[Path, Path]) -> None:
    before = signed.read_bytes()
    assert write_bundle(folder_of(place), key=ours[0]).read_bytes() == before


@pytest.mark.slow
def test_what_nobody_signed_is_sound_and_says_that_nobody_signed_it(copy: Path, ours: tuple[Path, Path]) -> None:
    bundle = write_bundle(copy)
    assert problems(bundle) == []
    assert "signed by    nobody" in "\n".join(lines(verify(bundle)))
    assert named(problems(bundle, key=ours[1]), "the key given", "has signed nothing")


@pytest.mark.slow
def test_without_a_network_and_without_docker(signed: Path, ours: tuple[Path, Path]) -> None:
    if subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        pytest.skip("no network namespace may be made here")
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-m", "scenarios", "verify", signed, "--key", ours[1]],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "DOCKER_HOST": "unix:///no-engine"},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "SOUND: " in done.stdout


def test_what_is_no_bundle_is_a_mistake_of_who_asks(tmp_path: Path) -> None:
    for name, content in {"a.zip": b"", "b.zip": b"name: plan\n"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ConfigurationError, match="this is no certificate"):
            verify(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(ConfigurationError, match="is no certificate"):
        verify(tmp_path / "c.zip")
    for place, told in ((tmp_path, "is a folder"), (tmp_path / "gone.zip", "there is no such file")):
        with pytest.raises(ConfigurationError, match=told):
            verify(place)


def test_a_bundle_is_not_written_without_the_evidence_of_a_run(copy: Path) -> None:
    run = runs_of(copy)[0]
    (run / "faults.jsonl").write_text("")
    with pytest.raises(HistoryError, match=r"of trial 1, is not as the run left it \(faults.jsonl was changed\)"):
        write_bundle(copy)
    shutil.rmtree(run)
    with pytest.raises(HistoryError, match="of trial 1, is gone"):
        write_bundle(copy)
    assert not copy.with_name(f"{copy.name}.zip").exists()


@pytest.mark.slow
def test_nothing_is_left_behind(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert problems(signed) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_exit_codes_and_json(
    signed: Path, ours: tuple[Path, Path], keys: Callable[[str], tuple[Path, Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(signed), "--key", str(ours[1]), "--json"]) == 0
    found: Verification = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["signature"]["by_given_key"]) == ("sound", True)
    assert main(["verify", str(signed), "--key", str(keys("theirs")[1])]) == 1
    assert "NOT SOUND: 1 problem\n  the key given" in capsys.readouterr().out
    assert main(["verify", str(signed), "--key", str(ours[0])]) == 2
    assert main(["verify", str(ours[1])]) == 2
    mistakes = capsys.readouterr().err.splitlines()
    assert [mistake.partition(": ")[2].partition("; ")[0] for mistake in mistakes] == [
        f"{ours[0]}: this is a private key, which stays with who signs",
        f"{ours[1]}: this is no certificate, nor any other zip file",
    ]
