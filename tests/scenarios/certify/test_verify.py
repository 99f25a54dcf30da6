"""`meshbench verify` on bundles of runs that are judged for real: sound ones, damaged ones, and forged ones of which
every sum was put right again."""

from __future__ import annotations

import hashlib
import json
import random
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
from reports.certificate.archive import write_archive
from reports.certificate.dsse import sealed, to_json
from reports.certificate.sequential import Look
from reports.certificate.statement import PAYLOAD_TYPE, statement
from reports.certificate.verification import Verification, lines
from reports.schema import validate
from reports.seal import checksums_of, seal
from reports.trials.trial import Trial
from scenarios.certify.bundle import write_bundle
from scenarios.certify.certify import Certifying
from scenarios.certify.folder import CertificateFolder
from scenarios.certify.keys import public_key
from scenarios.certify.plan_file import System
from scenarios.certify.verify import verify
from scenarios.cli.cli import main
from scenarios.run.judging import judged_and_sealed
from scenarios.schema.read import read_scenario
from scenarios.trials.loop import Planned
from tests.scenarios.certify.bundles import NOISY, certified, claim, decided, edited, plan, run_of

pytestmark = pytest.mark.usefixtures("no_figures")

ROOT = Path(__file__).resolve().parents[3]


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


def folder_of(place: Path) -> Path:
    return next(one for one in (place / "runs" / "certificates").iterdir() if one.is_dir())


def runs_of(folder: Path) -> list[Path]:
    """The runs of a certificate in the order of its attempts."""
    return sorted((folder.parent.parent / "old-single").iterdir())


def problems(bundle: Path, *, key: Path | None = None) -> list[str]:
    found = verify(bundle, key=None if key is None else public_key(key))
    validate(found, "verification")
    assert (found["verdict"] == "sound") == (not found["problems"])
    return [f"{one['of']} {one['what']}" for one in found["problems"]]


def named(found: list[str], *words: str) -> bool:
    """Whether one of the problems has all of these words."""
    return any(all(word in problem for word in words) for problem in found)


def rezipped(bundle: Path, change: Callable[[Path], object]) -> Path:
    """The bundle with its members changed, and nothing put right."""
    unpacked = bundle.parent / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    change(unpacked)
    files = [file for file in unpacked.rglob("*") if file.is_file()]
    write_archive(bundle, {file.relative_to(unpacked).as_posix(): file for file in files})
    return bundle


# --- sound ------------------------------------------------------------------------------------------------------------


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


def test_a_refused_certificate_is_as_sound_as_any_other_and_says_so(place: Path, tmp_path: Path) -> None:
    strict = plan(claims=(replace(plan().claims[0], limit=10.0),))
    folder = certified(tmp_path, of=strict, attempts=[(1, 1, {})])
    found = verify(write_bundle(folder))
    assert found["problems"] == []
    assert list(lines(found))[-1].endswith("It says: REFUSED")
    statement = json.loads((ROOT / "reports" / "verification.schema.json").read_text())
    assert statement["$id"] == found["schema"]


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


def test_what_nobody_signed_is_sound_and_says_that_nobody_signed_it(copy: Path, ours: tuple[Path, Path]) -> None:
    bundle = write_bundle(copy)
    assert problems(bundle) == []
    assert "signed by    nobody" in "\n".join(lines(verify(bundle)))
    assert named(problems(bundle, key=ours[1]), "the key given", "has signed nothing")


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


# --- damaged ----------------------------------------------------------------------------------------------------------


def test_fifty_changed_bytes_are_seen_each(signed: Path, tmp_path: Path) -> None:
    """Without a key: whoever has none sees damage all the same."""
    whole, draw = signed.read_bytes(), random.Random(13)
    for at in draw.sample(range(len(whole)), 50):
        flipped = bytearray(whole)
        flipped[at] ^= draw.randrange(1, 256)
        (tmp_path / "bundle.zip").write_bytes(flipped)
        assert problems(tmp_path / "bundle.zip"), f"byte {at}"


@pytest.mark.parametrize("member", ["statement.dsse.json", "signer.pem", "SHA256SUMS", "plan.json", "certificate.html"])
def test_a_changed_byte_in_what_is_small_is_seen_even_where_the_archive_fits(
    signed: Path, tmp_path: Path, member: str
) -> None:
    """Of members that random bytes rarely meet; in an archive whose own checksums were put right."""
    draw = random.Random(member)
    for turn in range(4):
        bundle = tmp_path / str(turn) / "bundle.zip"
        bundle.parent.mkdir()
        shutil.copy(signed, bundle)

        def flip(unpacked: Path) -> None:
            content = bytearray((unpacked / member).read_bytes())
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            (unpacked / member).write_bytes(content)

        assert problems(rezipped(bundle, flip))


def test_a_member_that_was_changed_added_or_taken_out_is_named(signed: Path, tmp_path: Path) -> None:
    run = next(name for name in zipfile.ZipFile(signed).namelist() if name.endswith("ops/load1.parquet"))
    changes: dict[str, Callable[[Path], object]] = {
        run: lambda at: (at / run).write_bytes(b"other"),
        "extra.txt": lambda at: (at / "extra.txt").write_text("hello"),
        f"{run}.more": lambda at: (at / f"{run}.more").write_text("hello"),
        "environment.json": lambda at: (at / "environment.json").unlink(),
        "PLAN.yaml": lambda at: (at / "PLAN.yaml").unlink(),
    }
    for name, change in changes.items():
        bundle = tmp_path / name.replace("/", "-") / "bundle.zip"
        bundle.parent.mkdir()
        shutil.copy(signed, bundle)
        assert named(problems(rezipped(bundle, change)), name)


def test_a_signature_that_was_taken_out_is_missed(signed: Path, ours: tuple[Path, Path], tmp_path: Path) -> None:
    bundle = Path(shutil.copy(signed, tmp_path / "bundle.zip"))

    def unsign(unpacked: Path) -> None:
        edited_envelope(unpacked / "statement.dsse.json")

    assert named(problems(rezipped(bundle, unsign)), "statement.dsse.json has no signature")


def edited_envelope(file: Path) -> None:
    content = json.loads(file.read_text())
    content["signatures"] = []
    file.write_text(json.dumps(content, indent=1) + "\n")


# --- forged: whoever does this has our tools, and puts every sum right again ------------------------------------------


def test_another_key_is_told_from_the_one_that_is_asked_for(
    copy: Path, ours: tuple[Path, Path], keys: Callable[[str], tuple[Path, Path]]
) -> None:
    bundle = write_bundle(copy, key=keys("theirs")[0])
    assert problems(bundle) == []
    assert "only --key can show" in "\n".join(lines(verify(bundle)))
    assert named(problems(bundle, key=ours[1]), "the key given", "has not signed it; another has")


def test_a_plan_that_was_loosened_afterwards_is_named(copy: Path) -> None:
    edited(copy / "plan.json", lambda content: content["claims"][0].update(limit=60_000.0))
    assert named(problems(write_bundle(copy)), "plan.json", "changed after it was frozen")


def test_a_plan_that_was_replaced_with_all_that_follows_from_it_is_found_by_the_signature_alone(
    copy: Path, ours: tuple[Path, Path], keys: Callable[[str], tuple[Path, Path]]
) -> None:
    """What an unsigned certificate cannot show, and docs/certificate.md says so."""
    looser = plan(voids_at_most=3)
    edited(
        copy / "plan.json",
        lambda content: content.update(looser.as_json(frozen_at=content["frozen_at"], earlier_attempts=0)),
    )
    decided(copy, looser)
    assert problems(write_bundle(copy)) == []
    assert named(problems(write_bundle(copy), key=ours[1]), "the key given")
    assert named(problems(write_bundle(copy, key=keys("theirs")[0]), key=ours[1]), "the key given")


def test_a_trial_that_was_dropped_is_missed(copy: Path) -> None:
    rows = (copy / "trials.jsonl").read_text().splitlines(keepends=True)
    (copy / "trials.jsonl").write_text("".join([rows[0], *rows[3:]]))
    assert named(problems(write_bundle(copy)), "trial 3, attempt 1", "the plan wants trial 2, attempt 1")


def test_a_void_attempt_that_was_dropped_is_missed(copy: Path) -> None:
    rows = (copy / "trials.jsonl").read_text().splitlines(keepends=True)
    (copy / "trials.jsonl").write_text("".join([rows[0], *rows[2:]]))
    assert named(problems(write_bundle(copy)), "trial 2, attempt 2", "attempt 1 here")


def test_a_run_with_another_seed_is_named(copy: Path) -> None:
    forge_manifest(copy, 2, seed=99)
    found = problems(write_bundle(copy))
    assert named(found, "trial 2, attempt 2", "has seed 99; the plan's is 8")


def test_a_line_with_another_seed_is_named(copy: Path) -> None:
    change_line(copy, 3, seed=99)
    assert named(problems(write_bundle(copy)), "trial 3, attempt 1", "its seed is 99")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scenario": {"name": "other"}}, "ran another scenario than the plan's cell"),
        ({"gates": {"lost": 100}}, "was judged by other gates than its scenario has"),
        ({"part_of": None}, "not as this trial of this plan"),
        ({"started_at": "2026-11-28T01:00:00+00:00"}, "before"),
        ({"host": {"steal_percent": 90.0}}, "is void when it is judged again, not pass"),
    ],
)
def test_a_run_that_is_another_than_the_plan_wants_is_named(copy: Path, change: dict[str, Any], said: str) -> None:
    """The run was sealed anew, and trials.jsonl has its new seal; what it showed is told as before."""
    forge_manifest(copy, 2, judge=False, **change)
    assert named(problems(write_bundle(copy)), "trial 2, attempt 2", said)


def test_a_verdict_and_a_number_that_the_history_does_not_give_are_named(copy: Path) -> None:
    rows = [json.loads(row) for row in (copy / "trials.jsonl").read_text().splitlines()]
    change_line(copy, 0, claims=[{"outcome": "ok", "measured": 5.0}, rows[0]["claims"][1]])
    assert named(problems(write_bundle(copy)), "trial 1, attempt 1", "judged again gives ok (4012.893), not ok (5.0)")
    change_line(copy, 0, claims=rows[0]["claims"], verdict="fail")
    assert named(problems(write_bundle(copy)), "trial 1, attempt 1", "is pass when it is judged again, not fail")


def test_a_bad_trial_cannot_be_passed_off_as_one_that_broke(copy: Path) -> None:
    rows = [json.loads(row) for row in (copy / "trials.jsonl").read_text().splitlines()]
    change_line(copy, 1, verdict="broken", claims=rows[1]["claims"])
    assert named(problems(write_bundle(copy)), "trial 2, attempt 1", "is called broken, but its run is whole")


def test_one_run_cannot_stand_for_two_trials(copy: Path) -> None:
    rows = [json.loads(row) for row in (copy / "trials.jsonl").read_text().splitlines()]
    change_line(copy, 3, folder=rows[2]["folder"], seal=rows[2]["seal"])
    found = problems(write_bundle(copy))
    assert named(found, "trial 3, attempt 1", "is the same run as trial 2, attempt 2")
    assert named(found, "trial 3, attempt 1", "has seed 8; the plan's is 9")


@pytest.mark.parametrize("folder", ["../../../etc", "/etc", "old-single/x", "../../a/../../b"])
def test_a_run_that_is_elsewhere_is_no_run_of_the_bundle(signed: Path, tmp_path: Path, folder: str) -> None:
    bundle = Path(shutil.copy(signed, tmp_path / "bundle.zip"))

    def lead_away(unpacked: Path) -> None:
        change_line(unpacked, 0, folder=folder)

    assert named(problems(rezipped(bundle, lead_away)), "trials.jsonl", f"folder '{folder}' is no folder of a run")


def test_a_better_certificate_than_the_trials_give_is_named(copy: Path) -> None:
    edited(copy / "certificate.json", lambda content: content["claims"][0].update(bound=0.001))
    assert named(problems(write_bundle(copy)), "certificate.json", ".claims[0].bound is 0.001")


def test_a_page_that_says_something_else_is_named(copy: Path) -> None:
    """With all sums put right, which nobody signed."""
    edited(copy / "certificate.json", lambda content: content.update(why="certified after 1,000 trials"))
    found = problems(write_bundle(copy))
    assert named(found, "certificate.html", "is not the page")


def test_a_page_of_another_version_is_not_called_wrong_and_not_called_checked(tmp_path: Path) -> None:
    bundle = write_bundle(certified(tmp_path, of=plan(commit="0" * 40, dirty=False)))

    def restyled(unpacked: Path) -> None:
        page, sums, envelope = (unpacked / name for name in ("certificate.html", "SHA256SUMS", "statement.dsse.json"))
        page.write_text(page.read_text().replace("1140px", "900px"))
        names = [file.relative_to(unpacked).as_posix() for file in unpacked.rglob("*") if file.is_file()]
        summed = {name: unpacked / name for name in names if name not in (sums.name, envelope.name)}
        sums.write_text(checksums_of(summed))
        certificate = json.loads((unpacked / "certificate.json").read_text())
        plan_bytes = (unpacked / "plan.json").read_bytes()
        payload = statement(certificate, sums=sums.read_bytes(), plan=plan_bytes)
        envelope.write_bytes(to_json(sealed(payload, payload_type=PAYLOAD_TYPE, key=None)))

    found = verify(rezipped(bundle, restyled))
    assert found["problems"] == []
    assert "note         certificate.html is of another version" in "\n".join(lines(found))


def test_what_another_version_words_otherwise_is_noted_and_its_numbers_are_compared(tmp_path: Path) -> None:
    folder = certified(tmp_path, of=plan(commit="0" * 40, dirty=False))
    edited(folder / "certificate.json", lambda content: content.update(why="all of the trials were good"))
    found = verify(write_bundle(folder))
    assert found["problems"] == []
    assert "note         certificate.json is worded as another version" in "\n".join(lines(found))
    edited(folder / "certificate.json", lambda content: content["claims"][0].update(bound=0.001))
    assert named(problems(write_bundle(folder)), "certificate.json", ".claims[0].bound is 0.001")


# --- not even a bundle ------------------------------------------------------------------------------------------------


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


def test_nothing_is_left_behind(signed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert problems(signed) == []
    assert list(tmp_path.iterdir()) == []


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


# --- how one forges ---------------------------------------------------------------------------------------------------


def change_line(place: Path, at: int, **changes: Any) -> None:
    """Change a line of trials.jsonl."""
    rows = [json.loads(row) for row in (place / "trials.jsonl").read_text().splitlines()]
    rows[at] |= changes
    (place / "trials.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def forge_manifest(folder: Path, at: int, *, judge: bool = True, **changes: Any) -> None:
    """Change the manifest of the run of a line, seal the run anew, and write the new seal into that line. judge: also
    judge it anew."""
    run = runs_of(folder)[at]

    def change(manifest: dict[str, Any]) -> None:
        for name, value in changes.items():
            whole = value is None or not isinstance(value, dict)
            manifest[name] = value if whole else manifest[name] | value

    edited(run / "manifest.json", change)
    seal(run)
    if judge:
        (run / "SHA256SUMS").unlink()
        judged_and_sealed(run)
    change_line(folder, at, seal=hashlib.sha256((run / "SHA256SUMS").read_bytes()).hexdigest())
