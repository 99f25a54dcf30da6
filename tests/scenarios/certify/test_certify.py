"""Trial after trial until the plan has ended, and on from wherever it was cut off."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ConfigurationError
from history.json_files import HistoryError
from reports.certificate.decide import decide
from reports.certificate.outcome import outcomes_of
from reports.certificate.plan import plan_of
from reports.schema import validate
from scenarios.certify.certify import opened
from scenarios.certify.folder import CertificateFolder
from tests.reports.certificate.made import BAD, GOOD, VOID, summary
from tests.scenarios.certify.conftest import Begun, small

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_seventy_two_clean_trials_end_certified_and_are_written_down(runs: Path) -> None:
    begun = Begun(runs, lambda *_: GOOD)
    certificate = begun.go()
    assert (certificate["verdict"], certificate["decided_at"]) == ("certified", 72)
    assert len(begun.fake.tried) == 72
    written = json.loads((begun.path / "certificate.json").read_text())
    assert written == certificate
    validate(written, "certificate")
    again = decide(
        plan_of(json.loads((begun.path / "plan.json").read_text()), place="plan.json"),
        outcomes_of(begun.path / "trials.jsonl"),
    )
    assert again == certificate, "whoever has plan and trials comes to the same"
    first = begun.lines()[0]
    assert (begun.path / first["folder"] / "SHA256SUMS").is_file()
    assert len(first["seal"]) == 64


@pytest.mark.slow
def test_one_bad_trial_at_ten_goes_on_to_ninety_eight(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = Begun(runs, lambda number, _: BAD if number == 10 else GOOD)
    assert (begun.go()["verdict"], len(begun.fake.tried)) == ("certified", 98)
    told = capsys.readouterr().err
    assert "9 of at most 98, 0 failures; certified at 72 if none fails, in about 63 min 0 s\n" in told
    assert "trial 10: write_outage_ms 31 s FAILED\n" in told
    assert "10 of at most 98, 1 failure; certified at 98 if none fails" in told


def test_two_bad_trials_end_it_at_once(runs: Path) -> None:
    begun = Begun(runs, lambda number, _: BAD if number in (3, 5) else GOOD)
    assert (begun.go()["verdict"], len(begun.fake.tried)) == ("refused", 5)
    assert len(begun.lines()) == 5
    assert begun.go()["verdict"] == "refused", "and it stays ended"
    assert len(begun.fake.tried) == 5


@pytest.mark.slow
def test_a_void_or_broken_trial_is_run_again_with_the_same_seed(runs: Path) -> None:
    ends = {(2, 1): VOID, (2, 2): "MySQL refused"}
    begun = Begun(runs, lambda number, attempt: ends.get((number, attempt), GOOD))
    certificate = begun.go()
    assert (certificate["verdict"], certificate["trials"]["void"], certificate["trials"]["broken"]) == (
        "certified",
        1,
        1,
    )
    assert begun.fake.tried[:6] == [(1, 1), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1)]
    assert [line["seed"] for line in begun.lines()][:6] == [7, 8, 8, 8, 9, 10]
    assert [line["verdict"] for line in begun.lines()][:5] == ["pass", "void", "broken", "pass", "pass"]
    assert begun.lines()[2]["why"] == "MySQL refused"


def test_too_many_void_trials_are_incomplete(runs: Path) -> None:
    begun = Begun(runs, lambda number, _: VOID if number == 2 else GOOD)
    certificate = begun.go()
    assert (certificate["verdict"], certificate["trials"]["void"]) == ("incomplete", 4)
    assert len(begun.fake.tried) == 5


@pytest.mark.slow
def test_ctrl_c_ends_the_trial_under_way_which_counts_as_void_and_the_rest_goes_on(runs: Path) -> None:
    cut: list[int] = []

    def ends(number: int, attempt: int) -> Any:
        if (number, attempt) == (3, 1):
            cut.append(number)
            raise KeyboardInterrupt
        return GOOD

    begun = Begun(runs, ends)
    certificate = begun.go()
    assert isinstance(begun.certifying.interrupted, KeyboardInterrupt)
    assert certificate["verdict"] == "incomplete"
    assert certificate["why"] == "not ended: 2 of at most 98 trials were run"
    assert begun.lines()[-1]["verdict"] == "cut"
    assert begun.go()["verdict"] == "certified"
    assert cut == [3]
    assert begun.fake.tried[2:5] == [(3, 1), (3, 2), (4, 1)]


class KilledError(BaseException):
    """Stands for SIGKILL: nothing of the process runs after it."""


def killed(begun: Begun) -> None:
    with pytest.raises(KilledError):
        begun.go()


@pytest.mark.slow
def test_a_trial_whose_run_was_sealed_before_the_end_counts_whatever_it_shows(runs: Path, monkeypatch: Any) -> None:
    begun = Begun(runs, lambda number, _: BAD if number == 2 else GOOD)
    append = CertificateFolder.append

    def not_the_second(self: CertificateFolder, outcome: Any) -> None:
        if outcome.number == 2:
            raise KilledError
        append(self, outcome)

    monkeypatch.setattr(CertificateFolder, "append", not_the_second)
    killed(begun)
    assert len(begun.lines()) == 1
    monkeypatch.setattr(CertificateFolder, "append", append)
    assert begun.go()["claims"][0]["failures"] == 1
    assert begun.fake.tried.count((2, 1)) == 1
    assert (2, 2) not in begun.fake.tried


def test_a_line_that_was_cut_in_the_middle_is_dropped_and_its_trial_is_not(runs: Path) -> None:
    begun = Begun(runs, lambda number, _: BAD if number in (3, 5) else GOOD)
    begun.go()
    trials = begun.path / "trials.jsonl"
    trials.write_bytes(trials.read_bytes()[:-40])
    assert begun.go()["verdict"] == "refused"
    assert begun.fake.tried == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)], "the run of trial 5 is there and whole"
    assert len(begun.lines()) == 5


def test_a_plan_that_was_edited_since_is_refused(runs: Path) -> None:
    begun = Begun(runs, lambda *_: GOOD)
    content = json.loads((begun.path / "plan.json").read_text())
    content["claims"][0]["limit"] = 60_000.0
    (begun.path / "plan.json").write_text(json.dumps(content))
    with pytest.raises(HistoryError, match=r"plan\.json: it was changed after it was frozen"):
        begun.go()
    assert begun.fake.tried == []


def test_an_unfinished_certificate_goes_on_with_its_own_plan_alone(runs: Path) -> None:
    made, _, file = small(runs)
    first = opened(made, file=file, runs=runs, new=False)
    with pytest.raises(ConfigurationError, match="another process is certifying this plan; let it end first"):
        opened(made, file=file, runs=runs, new=False)
    first.close()
    again = opened(made, file=file, runs=runs, new=False)
    again.close()
    assert again.path == first.path
    other, _, _ = small(runs, seed=8, voids_at_most=9)
    with pytest.raises(ConfigurationError) as refused:
        opened(other, file=file, runs=runs, new=False)
    assert str(refused.value).startswith(f"{first.path} was begun with another plan: voids_at_most, seed differ. ")
    anew = opened(other, file=file, runs=runs, new=True)
    anew.close()
    assert anew.path != first.path


def test_a_plan_that_has_ended_begins_a_new_certificate(runs: Path) -> None:
    begun = Begun(runs, lambda *_: BAD)
    assert begun.go()["verdict"] == "refused"
    new = opened(begun.plan, file=runs.parent / "PLAN.yaml", runs=runs, new=False)
    new.close()
    assert new.path != begun.path


def test_a_plan_says_how_often_it_was_begun_before_whatever_became_of_that(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan, _, file = small(runs, commit="a1" * 20, dirty=False)
    other = dataclasses.replace(plan, seed=99)
    of_a_new_commit = dataclasses.replace(plan, commit="b2" * 20)
    said = []
    for one in (plan, other, of_a_new_commit, plan):
        folder = opened(one, file=file, runs=runs, new=True)
        folder.close()
        said.append(json.loads((folder.path / "plan.json").read_text())["earlier_attempts"])
    assert said == [0, 0, 1, 2]
    told = capsys.readouterr().err.splitlines()
    assert told[0].endswith("; the first of this plan in its runs folder")
    assert told[-1].endswith("; 2 of the same plan were begun before in its runs folder")


PROGRAM = """
import sys, time
from pathlib import Path
from tests.scenarios.certify.conftest import FakeRuns, small
from tests.reports.certificate.made import GOOD
from scenarios.certify.certify import Certifying, opened

runs, slow = Path(sys.argv[1]), sys.argv[2]
plan, systems, file = small(runs)
folder = opened(plan, file=file, runs=runs, new=False)

def ends(number, attempt):
    if (slow, attempt) == ("within", 1) and number in (3, 23, 43):
        (runs / f"reached-{number}").touch()
        time.sleep(600)
    return GOOD

fake = FakeRuns(runs, folder.path.name, ends)

def run(planned, attempt):
    trial = fake.run(planned, attempt)
    if slow == "between" and planned.number in (3, 23, 43) and not (runs / f"reached-{planned.number}").exists():
        (runs / f"reached-{planned.number}").touch()
        time.sleep(600)
    return trial

print(Certifying(folder, systems, runs=runs, run=run).execute()["verdict"])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("where", "cut"), [("within", 3), ("between", 0)])
def test_a_process_killed_in_a_trial_or_after_its_run_goes_on_where_it_was(runs: Path, where: str, cut: int) -> None:
    """SIGKILL in three trials: in the middle of a run, or after its seal and before its line is written."""
    runs.mkdir()
    command = [sys.executable, "-c", PROGRAM, str(runs), where]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for number in (3, 23, 43):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            wait_for(runs / f"reached-{number}", process)
            process.send_signal(signal.SIGKILL)
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "certified"
    (folder,) = (runs / "certificates").iterdir()
    content = json.loads((folder / "certificate.json").read_text())
    assert (content["trials"]["counted"], content["trials"]["cut"]) == (72, cut)
    seen = [(line.number, line.attempt) for line in outcomes_of(folder / "trials.jsonl")]
    again = [(number, attempt) for number in (3, 23, 43) for attempt in (1, 2)] if cut else []
    assert [one for one in seen if one[0] in (3, 23, 43)] == (again or [(3, 1), (23, 1), (43, 1)])


def wait_for(file: Path, process: subprocess.Popen[bytes]) -> None:
    """Until a process has made it; fails where it ends before, or takes a minute."""
    end = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        assert time.monotonic() < end, "it was never reached"
        time.sleep(0.02)


def test_what_a_trial_of_a_void_run_shows_of_lost_money_counts(runs: Path) -> None:
    """Claimed is the outage alone, so a void trial is void, lost money or not."""
    begun = Begun(runs, lambda *_: summary(lost=3, verdict="fail", void=["noise"]))
    assert begun.go()["verdict"] == "incomplete"
