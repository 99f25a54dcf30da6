"""`meshbench verify` on forged bundles: whoever made them has our tools, and put every sum right again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.certificate.dsse import sealed, to_json
from reports.certificate.statement import PAYLOAD_TYPE, statement
from reports.certificate.verification import lines
from reports.seal import checksums_of
from scenarios.certify.bundle import write_bundle
from scenarios.certify.verify import verify
from tests.scenarios.certify.bundles import certified, decided, edited, plan
from tests.scenarios.certify.forging import (
    change_line,
    forge_manifest,
    named,
    problems,
    rezipped,
)

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_void_attempt_that_was_dropped_is_missed(copy: Path) -> None:
    rows = (copy / "trials.jsonl").read_text().splitlines(keepends=True)
    (copy / "trials.jsonl").write_text("".join([rows[0], *rows[2:]]))
    assert named(problems(write_bundle(copy)), "trial 2, attempt 2", "attempt 1 here")


@pytest.mark.slow
def test_a_run_with_another_seed_is_named(copy: Path) -> None:
    forge_manifest(copy, 2, seed=99)
    found = problems(write_bundle(copy))
    assert named(found, "trial 2, attempt 2", "has seed 99; the plan's is 8")


@pytest.mark.slow
def test_a_line_with_another_seed_is_named(copy: Path) -> None:
    change_line(copy, 3, seed=99)
    assert named(problems(write_bundle(copy)), "trial 3, attempt 1", "its seed is 99")


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_verdict_and_a_number_that_the_history_does_not_give_are_named(copy: Path) -> None:
    rows = [json.loads(row) for row in (copy / "trials.jsonl").read_text().splitlines()]
    change_line(copy, 0, claims=[{"outcome": "ok", "measured": 5.0}, rows[0]["claims"][1]])
    assert named(problems(write_bundle(copy)), "trial 1, attempt 1", "judged again gives ok (4012.893), not ok (5.0)")
    change_line(copy, 0, claims=rows[0]["claims"], verdict="fail")
    assert named(problems(write_bundle(copy)), "trial 1, attempt 1", "is pass when it is judged again, not fail")


@pytest.mark.slow
def test_a_bad_trial_cannot_be_passed_off_as_one_that_broke(copy: Path) -> None:
    rows = [json.loads(row) for row in (copy / "trials.jsonl").read_text().splitlines()]
    change_line(copy, 1, verdict="broken", claims=rows[1]["claims"])
    assert named(problems(write_bundle(copy)), "trial 2, attempt 1", "is called broken, but its run is whole")


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_better_certificate_than_the_trials_give_is_named(copy: Path) -> None:
    edited(copy / "certificate.json", lambda content: content["claims"][0].update(bound=0.001))
    assert named(problems(write_bundle(copy)), "certificate.json", ".claims[0].bound is 0.001")


@pytest.mark.slow
def test_a_page_that_says_something_else_is_named(copy: Path) -> None:
    """With all sums put right, which nobody signed."""
    edited(copy / "certificate.json", lambda content: content.update(why="certified after 1,000 trials"))
    found = problems(write_bundle(copy))
    assert named(found, "certificate.html", "is not the page")


@pytest.mark.slow
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


@pytest.mark.slow
def test_what_another_version_words_otherwise_is_noted_and_its_numbers_are_compared(tmp_path: Path) -> None:
    folder = certified(tmp_path, of=plan(commit="0" * 40, dirty=False))
    edited(folder / "certificate.json", lambda content: content.update(why="all of the trials were good"))
    found = verify(write_bundle(folder))
    assert found["problems"] == []
    assert "note         certificate.json is worded as another version" in "\n".join(lines(found))
    edited(folder / "certificate.json", lambda content: content["claims"][0].update(bound=0.001))
    assert named(problems(write_bundle(folder)), "certificate.json", ".claims[0].bound is 0.001")
