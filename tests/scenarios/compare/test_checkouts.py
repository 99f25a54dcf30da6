"""Code of another commit: a checkout beside this one, its own set-up, and runs of it in a process of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cluster.errors import HarnessError
from scenarios.compare import checkouts
from scenarios.compare.checkouts import NoCheckoutError, checked_out, run_of

#: What stands in for meshbench in the old commit: its set-up says that it was done, its run leaves a sealed folder.
_SETUP = "import pathlib, sys; pathlib.Path(__file__).parents[2].joinpath('ready').touch()"
_RUN = """
import pathlib, sys
words = sys.argv[1:]
assert pathlib.Path(__file__).parents[1].joinpath("ready").exists(), "the images were not made"
runs = pathlib.Path(words[words.index("--runs") + 1])
folder = runs / "primary-kill" / f"20261127T010203Z-{words[words.index('--seed') + 1]}"
folder.mkdir(parents=True)
folder.joinpath("words").write_text(" ".join(words))
if "--broken" not in words:
    folder.joinpath("SHA256SUMS").write_text("")
sys.exit(4 if "--broken" in words else 1)
"""


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A repository of an old meshbench, and its only commit."""
    root = tmp_path / "repository"
    for name, text in {
        "cluster/platform/setup.py": _SETUP,
        "scenarios/__main__.py": _RUN,
        "cluster/__init__.py": "",
        "cluster/platform/__init__.py": "",
        "scenarios/__init__.py": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    monkeypatch.setattr(checkouts, "ROOT", root)
    git("init", "-q")
    return committed("old")


def git(*words: str) -> str:
    """What it prints, in the repository of the test."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    done = subprocess.run(["git", *who, *words], cwd=checkouts.ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(subject: str) -> str:
    git("add", ".")
    git("commit", "-qm", subject)
    return git("rev-parse", "HEAD")


def test_a_run_of_old_code_leaves_its_folder_among_the_runs(commit: str, tmp_path: Path) -> None:
    with checked_out(commit) as tree:
        folder = run_of(tree, ["primary-kill", "--seed", "7"], scenario="primary-kill", runs=tmp_path / "runs")
        assert tree.is_dir()
    assert folder == tmp_path / "runs" / "primary-kill" / "20261127T010203Z-7"
    assert (folder / "words").read_text() == f"run primary-kill --seed 7 --runs {tmp_path / 'runs'}"
    assert not tree.parent.exists()
    assert checkouts.commit_of("HEAD") == commit


def test_a_run_that_was_not_judged_is_an_error_of_the_harness(commit: str, tmp_path: Path) -> None:
    with checked_out(commit) as tree, pytest.raises(HarnessError, match="ended with exit code 4, and was not judged"):
        run_of(tree, ["primary-kill", "--seed", "7", "--broken"], scenario="primary-kill", runs=tmp_path)


def test_code_that_cannot_be_had_says_why_and_leaves_nothing(commit: str) -> None:
    with pytest.raises(NoCheckoutError, match="commit bbbbbbbbbb cannot be checked out: fatal: "):
        checked_out("b" * 40).__enter__()
    (checkouts.ROOT / "cluster" / "platform" / "setup.py").write_text("raise SystemExit(2)")
    broken = committed("broken")
    with pytest.raises(NoCheckoutError, match=r"the images of commit .* cannot be built \(exit code 2\)"):
        checked_out(broken).__enter__()
    assert len(git("worktree", "list").splitlines()) == 1
