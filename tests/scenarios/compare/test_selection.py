"""Which trials a word means, and one line with what there is where it means none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cluster.errors import ConfigurationError
from reports.trends.store import Store
from scenarios.compare import checkouts
from scenarios.compare.selection import chosen
from tests.sealed_runs import in_suite, sealed_run

OLD, NEW = "a1" * 20, "b2" * 20


def made_of(commit: str, *, dirty: bool = False, **more: object) -> dict[str, object]:
    return {"versions": {"commit": commit, "dirty": dirty}, **more}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nights of the old commit, a night of another suite, plain runs of the new one; a run an hour."""
    runs = tmp_path_factory.mktemp("runs")
    for at in range(3):
        sealed_run(runs, at, manifest=made_of(OLD, part_of=in_suite(at + 1, of="20261101T020000Z")))
        sealed_run(runs, 24 + at, manifest=made_of(OLD, part_of=in_suite(at + 1, of="20261102T020000Z", name="smoke")))
        sealed_run(runs, 48 + at, manifest=made_of(OLD, part_of=in_suite(at + 1, of="20261103T020000Z")))
        sealed_run(runs, 72 + at, manifest=made_of(NEW))
    sealed_run(runs, 80, manifest=made_of(NEW, dirty=True))
    Store(runs).update()
    return runs


def days(runs: Path, a: str, b: str) -> tuple[list[str], list[str]]:
    """When the trials of A and of B began, to the hour, without the month."""
    return tuple([row.started_at[8:13] for row in rows] for rows in chosen(a, b, runs=runs))  # type: ignore[return-value]


FIRST_NIGHT, SMOKE, SECOND_NIGHT = (
    ["01T02", "01T03", "01T04"],
    ["02T02", "02T03", "02T04"],
    ["03T02", "03T03", "03T04"],
)
PLAIN = ["04T02", "04T03", "04T04"]


@pytest.mark.parametrize(
    ("a", "b", "of_a", "of_b"),
    [
        ("previous", "latest", FIRST_NIGHT, SECOND_NIGHT),
        ("nightly/20261102T020000Z", "nightly/latest", SMOKE, SECOND_NIGHT),
        ("a1a1a1a", "b2b2", [*FIRST_NIGHT, *SMOKE, *SECOND_NIGHT], PLAIN),
        ("b2b2b2b2", "b2b2+", PLAIN, ["04T10"]),
        ("2026-11-01", "2026-11-03", FIRST_NIGHT, SECOND_NIGHT),
        ("2026-11-01..2026-11-02", "2026-11-04..", [*FIRST_NIGHT, *SMOKE], [*PLAIN, "04T10"]),
        ("..2026-11-01", "2026-11-03", FIRST_NIGHT, SECOND_NIGHT),
    ],
)
def test_a_word_is_a_night_days_or_a_commit(runs: Path, a: str, b: str, of_a: list[str], of_b: list[str]) -> None:
    assert days(runs, a, b) == (of_a, of_b)


def test_a_folder_is_a_run_a_folder_of_runs_or_that_of_a_night(runs: Path, tmp_path: Path) -> None:
    night = tmp_path / "nightly" / "20261101T020000Z"
    night.mkdir(parents=True)
    elsewhere = sealed_run(tmp_path / "brought", 200)
    assert days(runs, str(night), str(elsewhere)) == (FIRST_NIGHT, ["09T10"])
    assert days(runs, str(elsewhere.parent), "latest") == (["09T10"], SECOND_NIGHT)


def test_a_certificate_is_a_word_too_by_its_folder_in_the_runs_folder(tmp_path: Path) -> None:
    folder = tmp_path / "certificates" / "tiny-20261101T020000Z"
    folder.mkdir(parents=True)
    part_of = {**in_suite(1, of=folder.name, name="tiny"), "kind": "certify"}
    sealed_run(tmp_path, 1, manifest=made_of(OLD, part_of=part_of))
    sealed_run(tmp_path, 48, manifest=made_of(NEW))
    Store(tmp_path).update()
    for word in (f"certificates/{folder.name}", f"certify/{folder.name}", "certificates/latest", str(folder)):
        assert days(tmp_path, word, "2026-11-03") == (["01T03"], ["03T02"])


def test_a_branch_is_the_commit_that_it_stands_for(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.compare.selection.commit_of", {"main": OLD, "HEAD": NEW}.get)
    assert days(runs, "main", "HEAD")[1] == PLAIN
    assert checkouts.commit_of("no-such-branch") is None
    assert checkouts.commit_of("--help") is None


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("cccc", "cccc: no trial is of this; there are commits b2b2b2b2b2+, b2b2b2b2b2, a1a1a1a1a1; days 2026-11-04, "),
        (
            "nightly/20260101T000000Z",
            "; nightly/20261103T020000Z, nightly/20261102T020000Z, nightly/20261101T020000Z; ",
        ),
        ("matrix/latest", "matrix/latest: no trial is of this"),
        ("2025-01-01", "2025-01-01: no trial is of this"),
        ("2026-13-40", "2026-13-40: there is no day 2026-13-40; expected year-month-day"),
        ("2026-11-01..2026-11-31", "there is no day 2026-11-31"),
        ("2026-11-28..2026-11-01", "it ends before it begins; write 2026-11-01..2026-11-28"),
        ("a1a1a1+", "a1a1a1+: all 9 trials are of a clean checkout; write a1a1a1a1a1"),
        ("/no/such/folder", "/no/such/folder: no trial is of this"),
    ],
)
def test_a_word_that_means_nothing_is_one_line_with_what_there_is(runs: Path, word: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        chosen("latest", word, runs=runs)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_two_words_for_the_same_trials_are_refused(runs: Path) -> None:
    with pytest.raises(ConfigurationError, match="3 of the runs are in both, such as primary-kill/20261103T02"):
        chosen("2026-11-03", "latest", runs=runs)


def test_an_empty_history_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="history is empty: `meshbench index --rebuild`"):
        chosen("previous", "latest", runs=tmp_path)


def test_a_run_that_was_altered_is_no_evidence(tmp_path: Path) -> None:
    a, b = (sealed_run(tmp_path / name, at) for at, name in enumerate("ab"))
    shutil.copy(a / "summary.json", b / "summary.json")
    with pytest.raises(
        ConfigurationError, match=r"no sealed run in this folder: not as the run left it: summary\.json"
    ):
        chosen(str(a), str(b), runs=tmp_path)


def test_two_folders_of_runs_need_no_runs_folder_beside_them(tmp_path: Path) -> None:
    a, b = (sealed_run(tmp_path / name, at) for at, name in enumerate("ab"))
    of_a, of_b = chosen(str(a), str(b), runs=tmp_path / "nowhere")
    assert (len(of_a), len(of_b)) == (1, 1)
