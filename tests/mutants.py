"""``make mutants OF=checks/recovery/steady.py``: break every line of a file or folder in turn, and see a test fail.

mutmut does the breaking, one mutant a process. It wants to be alone in a folder, so each choice of files has one under
``build/mutants``, and what was found out there is kept: who stops it and starts it again goes on where it was, and once
a file is through, only the mutants that no test has killed are tried again, until the file changes. The tests are those
of the room that need no engine; do not edit them while they are copied. Decision 0034 says what the survivors mean.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "build" / "mutants"
ROOMS = sorted(file.parent.name for file in ROOT.glob("*/__init__.py"))
#: They judge whole folders that were altered, thousands of times; a test that says what is right is beside each check.
NOT_TRIED = ("tests/checks/altered",)
#: Exit codes of tests that noticed: one failed, pytest broke, or they never ended (SIGXCPU and its kin).
NOTICED = frozenset({1, 3, 24, 36, 152, 255, -24})

SETTINGS = """\
[tool.pytest.ini_options]
addopts = "--import-mode=importlib"
filterwarnings = ["error"]
markers = ["engine", "slow", "nightly"]

[tool.mutmut]
source_paths = ["{room}"]
only_mutate = {files}
also_copy = {others}
pytest_add_cli_args = ["-m", "not engine and not slow and not browser and not nightly"]
pytest_add_cli_args_test_selection = {tests}
use_git_change_detection = false
"""


def prepared(room: str, files: list[Path]) -> Path:
    """The folder for these files of a room, with everything that the room's tests need."""
    folder = SCRATCH / "+".join(map(dotted, files))[:200]
    folder.mkdir(parents=True, exist_ok=True)
    others = [*(name for name in ROOMS if name != room), "images", "docs", "README.md", "conftest.py"]
    for name in (room, "tests", *others):
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(ROOT / name)
    tests = [f"tests/{room}", *(f"--ignore={path}" for path in NOT_TRIED)]
    settings = SETTINGS.format(room=room, files=list(map(str, files)), others=others, tests=tests)
    (folder / "pyproject.toml").write_text(settings)
    return folder


def known(folder: Path, file: Path) -> dict[str, int | None]:
    """Mutant of a file -> exit code of its tests, None if they have not run; empty if the file has changed since."""
    results = folder / "mutants" / f"{file}.meta"
    if not results.exists() or results.stat().st_mtime < (ROOT / file).stat().st_mtime:
        return {}
    tried: dict[str, int | None] = json.loads(results.read_text())["exit_code_by_key"]
    return tried


def mutmut(folder: Path, *words: str, quiet: bool = False) -> str:
    """Run mutmut there; returns what it printed, if quiet."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "mutmut", *words]
    output = subprocess.PIPE if quiet else None
    done = subprocess.run(command, cwd=folder, env=environment, check=False, text=True, stdout=output)
    if done.returncode != 0:
        raise SystemExit(f"mutmut ended with {done.returncode}; it works in {folder}")
    return done.stdout or ""


def main(words: list[str]) -> int:
    """words: files and folders of one room. 0 when no mutant survives, 1 when one does, 2 for what is no such path."""
    chosen = [Path(word.rstrip("/")) for word in words]
    rooms = {path.parts[0] for path in chosen if (ROOT / path).exists()} & set(ROOMS)
    if len(rooms) != 1 or not all((ROOT / path).exists() for path in chosen):
        print("say which files or folders of a room: make mutants OF=checks/recovery/steady.py", file=sys.stderr)
        return 2
    files = [file for path in chosen for file in sorted((ROOT / path).rglob("*.py")) or [ROOT / path]]
    names = [file.relative_to(ROOT) for file in files]
    folder = prepared(rooms.pop(), names)
    if untried := [mutant for name in names for mutant in to_try(folder, name)]:
        mutmut(folder, "run", "--max-children", str(os.cpu_count() or 1), *untried)
    tried = {mutant: code for name in names for mutant, code in known(folder, name).items()}
    alive = [mutant for mutant, code in tried.items() if code not in NOTICED]
    for mutant in alive:
        print(mutant, *changed_lines(mutmut(folder, "show", mutant, quiet=True)), sep="\n")
    print(f"{len(alive)} of {len(tried)} mutants survive")
    return 1 if alive else 0


def to_try(folder: Path, file: Path) -> list[str]:
    """The mutants of a file that are not known to be killed, or a pattern for all of them."""
    tried = known(folder, file)
    return [mutant for mutant, code in tried.items() if code not in NOTICED] if tried else [f"{dotted(file)}.*"]


def dotted(file: Path) -> str:
    return file.with_suffix("").as_posix().replace("/", ".")


def changed_lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
