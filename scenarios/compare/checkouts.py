"""The code of another commit, checked out beside this one, and runs of it.

Its run is a process of its own, with the Python environment of this one: what is compared is our code, and two commits
whose requirements differ cannot be told apart from their libraries by a rerun anyway. It makes its own images first.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import HarnessError
from reports.seal import CHECKSUMS

ROOT = Path(__file__).resolve().parents[2]
#: What a run that was judged ends with: pass, fail, void.
_JUDGED = frozenset({0, 1, 3})
#: A child that was interrupted removes its pods before it ends.
_CLEAN_UP_S = 180.0
_STDERR = 2


class NoCheckoutError(Exception):
    """The code of a commit cannot be had; the message says why, in one line."""


def commit_of(name: str) -> str | None:
    """The commit that a branch, a tag or ``HEAD~1`` of this project stands for; None where there is none."""
    if name.startswith("-"):
        return None
    done = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return done.stdout.strip() if done is not None and done.returncode == 0 else None


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the code of that commit, ready to run; gone afterwards. Raises NoCheckoutError."""
    folder = Path(tempfile.mkdtemp(prefix="meshbench-checkout-"))
    tree = folder / "code"
    try:
        done = _git("worktree", "add", "--detach", str(tree), commit)
        if done is None or done.returncode != 0:
            said = "there is no git" if done is None else (done.stderr.strip().splitlines() or ["git failed"])[-1]
            raise NoCheckoutError(f"commit {commit[:10]} cannot be checked out: {said}")
        ready = _python(tree, ["-m", "cluster.platform.setup"])
        if ready != 0:
            raise NoCheckoutError(f"the images of commit {commit[:10]} cannot be built (exit code {ready})")
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree))
        shutil.rmtree(folder, ignore_errors=True)


def run_of(tree: Path, words: Sequence[str], *, scenario: str, runs: Path) -> Path:
    """One run of the code in ``tree``; returns its folder. words: after ``meshbench run``, without ``--runs``.

    Raises HarnessError where it was not judged.
    """
    before = _sealed(runs / scenario)
    code = _python(tree, ["-m", "scenarios", "run", *words, "--runs", str(runs.resolve())])
    fresh = _sealed(runs / scenario) - before
    if code not in _JUDGED or not fresh:
        raise HarnessError(f"a run of other code ended with exit code {code}, and was not judged")
    return max(fresh)


def _sealed(folder: Path) -> set[Path]:
    return {file.parent for file in folder.glob(f"*/{CHECKSUMS}")}


def _python(tree: Path, words: Sequence[str]) -> int:
    """Exit code. What it prints goes to standard error: standard output is the comparison's."""
    # -P: the folder it is started in, which may be this checkout, is not where modules are looked for.
    command = [sys.executable, "-P", *words]
    child = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(tree)}, stdout=_STDERR)
    try:
        return child.wait()
    except BaseException:
        child.send_signal(signal.SIGINT)
        child.wait(timeout=_CLEAN_UP_S)
        raise


def _git(*words: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return None
