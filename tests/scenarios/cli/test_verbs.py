"""The verbs' words: grouped help, mistakes in a line that names what is near, and what a shell completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cluster.topologies.lookup import kinds
from scenarios.cli.cli import COMPLETE, VERBS, application, main
from scenarios.cli.options import GROUPS
from scenarios.cli.verbs.machine import SHELLS
from scenarios.schema.read import catalogue

ROOT = Path(__file__).resolve().parents[3]
#: What takes long to import; neither help nor completion may wait for it.
SLOW = ("pandas", "docker", "matplotlib", "rich", "jinja2", "chaos.registry", "scenarios.schema.read")


def names() -> list[str]:
    return list(vars(typer.main.get_command(application()))["commands"])


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


def test_every_file_of_a_verb_is_named_and_none_is_missing() -> None:
    files = {file.stem for file in (ROOT / "scenarios" / "cli" / "verbs").glob("*.py")} - {"__init__"}
    assert sorted(VERBS) == sorted(files)


def test_help_shows_every_verb_once_in_a_group_with_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    lines = help_of(capsys).splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  ") and len(line.split()) > 1]
    for name in names():
        assert shown.count(name) == 1, name
    groups = [line.removesuffix(":") for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert [group for group in groups if group != "Options"] == [group for group in GROUPS if group in groups]
    assert not any(ord(letter) > 0x2100 for line in lines for letter in line), "boxes are for nobody who reads a log"


@pytest.mark.slow
def test_every_verb_explains_itself_in_both_spellings(capsys: pytest.CaptureFixture[str]) -> None:
    for name in names():
        told = help_of(capsys, name)
        assert told.startswith(f"Usage: meshbench {name} ")
        assert main([name, "-h"]) == 0
        assert capsys.readouterr().out == told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("jugde runs/latest", "meshbench: unknown verb 'jugde'; did you mean 'judge'?; see `meshbench --help`"),
        ("explode", "meshbench: unknown verb 'explode'; expected one of "),
        ("", "meshbench: missing command; see `meshbench --help`"),
        ("run", "meshbench: run: missing argument 'SCENARIO'; see `meshbench run --help`"),
        (
            "run primary-kill --sett x=1",
            "meshbench: run: no such option: --sett (Possible options: --seed, --set);",
        ),
        ("run primary-kill --seed", "meshbench: run: option '--seed' requires an argument"),
        ("run primary-kill --seed soon", "meshbench: run: --seed soon: expected a whole number; see "),
        ("run primary-kill --trials abc", "meshbench: run: --trials abc: expected a whole number; see "),
        ("nightly smoke --resume --fresh", "meshbench: nightly: invalid value for --fresh: not with --resume; choose"),
        ("run scenarios", "meshbench: scenarios: is a folder, not a file; "),
        ("nightly scenarios", "meshbench: scenarios: is a folder, not a file; "),
        ("certify scenarios", "meshbench: scenarios: is a folder, not a file"),
        ("verify scenarios", "meshbench: scenarios: is a folder; give the zip that `meshbench certify` wrote"),
        ("run primary-kill once more", "meshbench: run: got unexpected extra argument(s) (once more)"),
        ("matrix primary-kill", "meshbench: matrix: nothing to compare; give --topology"),
        ("faults --json --markdown", "meshbench: faults: invalid value for --markdown: not with --json; choose one"),
        ("selftest fault", "meshbench: selftest fault: unknown word 'fault'; did you mean 'faults'?"),
        (
            "selftest faults --family proces",
            "meshbench: --family proces: unknown word 'proces'; did you mean 'process'",
        ),
        ("selftest faults --fault kil", "meshbench: --fault kil: unknown word 'kil'; did you mean 'kill'?"),
        ("completion tcsh", "meshbench: completion: invalid value for SHELL: expected bash, zsh or fish, got 'tcsh'"),
    ],
)
def test_a_mistake_in_the_words_is_one_line_and_2(capsys: pytest.CaptureFixture[str], words: str, says: str) -> None:
    assert main(words.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith(says)


def completions(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What bash is given for the last word."""
    monkeypatch.setenv(COMPLETE, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(["meshbench", *words]))
    monkeypatch.setenv("COMP_CWORD", str(len(words)))
    assert main([]) == 0
    return capsys.readouterr().out.split()


def test_verbs_options_and_words_complete(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def completed(*words: str) -> list[str]:
        return completions(monkeypatch, capsys, *words)

    assert completed("ju") == ["judge"]
    assert completed("run", "--s") == ["--set", "--seed"]
    assert completed("run", "control-") == [name for name in catalogue() if name.startswith("control-")]
    assert completed("run", "") == list(catalogue())
    assert completed("up", "") == list(kinds())
    assert completed("matrix", "primary-kill", "--topology", "async,semi") == ["async,semisync"]
    assert completed("matrix", "primary-kill", "--mesh", "direct,env") == ["direct,envoy"]
    assert completed("selftest", "faults", "--fault", "pow") == ["power-loss"]


def test_where_paths_are_expected_the_shell_completes_them_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert completions(monkeypatch, capsys, "judge", "runs/") == []
    assert completions(monkeypatch, capsys, "run", "./own") == []


@pytest.mark.slow
def test_bash_itself_completes_a_scenario_with_the_script_that_is_printed(tmp_path: Path) -> None:
    (tmp_path / "meshbench").write_text(f'#!/bin/sh\nexec {sys.executable} -m scenarios "$@"\n')
    (tmp_path / "meshbench").chmod(0o755)
    script = """
source <(meshbench completion bash)
COMP_WORDS=(meshbench run primary-k); COMP_CWORD=2
_meshbench_completion meshbench
printf '%s\\n' "${COMPREPLY[@]}"
complete -p meshbench
"""
    bash = shutil.which("bash")
    assert bash is not None
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True, env=environment)
    *found, how = done.stdout.splitlines()
    assert found == [name for name in catalogue() if name.startswith("primary-k")]
    assert "-o default" in how, "paths, where nothing else is offered"
    assert done.stderr == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"{COMPLETE}=complete_{shell}" in script
    assert "meshbench" in script


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", ["--help", "run --help", "COMPLETE judge ''", "COMPLETE run primary-", "COMPLETE run x --"]
)
def test_neither_help_nor_completion_waits_for_what_a_run_imports(words: str) -> None:
    program = f"""
import sys
from scenarios.__main__ import main
code = main()
slow = [name for name in {SLOW!r} if name in sys.modules]
sys.exit(f"imported: {{slow}}" if slow else code)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    arguments = words.split()
    if words.startswith("COMPLETE"):
        environment |= {COMPLETE: "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(arguments) - 1)}
        arguments = []
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
