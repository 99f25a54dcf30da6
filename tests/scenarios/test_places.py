"""Where runs are written and results printed: full, read-only, gone, read by nobody. One line, and no wrong code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import scenarios.cli.running
import scenarios.schema.read
from cluster.errors import ConfigurationError
from cluster.platform import ownership
from reports.seal import CHECKSUMS
from scenarios.cli import doctor
from scenarios.cli.cli import main
from scenarios.run.run_folder import RunFolder, fresh
from tests.scenarios.cli.test_cli import folder
from tests.scenarios.forked import meshbench

__all__ = ["folder"]


@pytest.mark.slow
def test_a_verdict_that_nobody_reads_is_the_same_verdict(folder: Path) -> None:
    assert meshbench(["judge", folder], out="broken") == (0, "")
    file = folder / "final" / "transfers.parquet"
    pd.read_parquet(file).iloc[:0].to_parquet(file)
    assert meshbench(["judge", folder], out="broken") == (1, "")


@pytest.mark.slow
@pytest.mark.parametrize("words", [["list"], ["--help"], ["run", "--help"]])
def test_what_nobody_reads_is_no_mistake(words: list[str]) -> None:
    assert meshbench(words, out="broken") == (0, "")


@pytest.mark.slow
def test_a_mistake_that_nobody_reads_is_still_one() -> None:
    for words in (["run", "no-such"], ["no-such"]):
        assert meshbench(words, out="broken", err="broken")[0] == 2


@pytest.mark.slow
def test_a_result_that_cannot_be_written_is_one_line_and_2() -> None:
    said = "meshbench: cannot read or write: [Errno 28] No space left on device: 'standard output'\n"
    assert meshbench(["list"], out="/dev/full") == (2, said)


@pytest.mark.slow
def test_without_standard_output_there_is_still_a_code(folder: Path) -> None:
    shell = f"exec {sys.executable} -m scenarios judge {folder} >&- 2>&-"
    assert subprocess.run(["sh", "-c", shell], check=False).returncode == 0


def refused(error: int) -> Callable[..., int]:
    def write(*_: object) -> int:
        raise OSError(error, os.strerror(error))

    return write


@pytest.mark.parametrize(("error", "says"), [(errno.ENOSPC, "No space left"), (errno.EDQUOT, "Disk quota exceeded")])
def test_no_room_for_a_run_is_told_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, says: str
) -> None:
    monkeypatch.setattr(Path, "write_bytes", refused(error))
    with pytest.raises(ConfigurationError, match=f"{tmp_path}/a: run folders cannot be made there \\({says}"):
        RunFolder(tmp_path, scenario="a", seed=1)
    assert list((tmp_path / "a").iterdir()) == []


def test_a_place_that_cannot_hold_runs_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for runs in (file, loop, Path("/proc/1"), tmp_path / ("x" * 300)):
        with pytest.raises(ConfigurationError, match=r"run folders cannot be made there \(") as caught:
            RunFolder(runs, scenario="a", seed=1)
        assert str(runs) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_run_is_not_written_into_a_sealed_one(tmp_path: Path) -> None:
    (tmp_path / "ops").mkdir()
    (tmp_path / CHECKSUMS).touch()
    with pytest.raises(ConfigurationError, match="is a sealed run, which stays as it is"):
        fresh(tmp_path / "logs", "a")
    assert not (tmp_path / "logs").exists()


def test_the_name_of_the_link_is_no_scenario_s(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"scenario latest: .* is the link to the last run"):
        RunFolder(tmp_path, scenario="latest", seed=1)


def test_a_run_ends_well_whatever_stands_in_place_of_the_link(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = RunFolder(tmp_path, scenario="a", seed=1)
    latest = tmp_path / "latest"
    for make in (latest.mkdir, latest.touch):
        make()
        run.point_latest()
        assert "latest is no link, and stays as it is" in caplog.text
        assert not latest.is_symlink()
        caplog.clear()
        (latest.rmdir if latest.is_dir() else latest.unlink)()
    latest.symlink_to("nowhere")
    run.point_latest()
    assert latest.resolve() == run.path
    assert not caplog.text
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "latest"]


def test_a_run_ends_well_where_no_link_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = RunFolder(tmp_path, scenario="a", seed=1)
    monkeypatch.setattr(Path, "symlink_to", refused(errno.EPERM))
    run.point_latest()
    assert f"{tmp_path}/latest cannot be made to lead to {run.path}: Operation not permitted" in caplog.text


def test_doctor_names_the_folder_that_it_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert doctor._disk().found.endswith(f"GiB free in {here}")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: refused(errno.EROFS)())
    assert doctor._disk().found == f"{here} cannot be written to: Read-only file system"
    monkeypatch.undo()
    monkeypatch.chdir(here)
    here.rmdir()
    gone = doctor._disk()
    assert (gone.state, gone.found) == ("missing", "this folder was deleted")


@pytest.mark.slow
def test_judging_needs_no_folder_to_stand_in(folder: Path, tmp_path: Path) -> None:
    here = tmp_path / "deleted"
    here.mkdir()
    shell = f"rmdir {here}; exec {sys.executable} -m scenarios judge {folder} >/dev/null"
    assert subprocess.run(["sh", "-c", shell], cwd=here, check=False).returncode == 0


def test_a_run_folder_that_is_lost_in_mid_run_is_told_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full:
        folder = tmp_path
        live = None

        def __init__(self, *_: object, **__: object) -> None: ...

        def execute(self, _: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"{tmp_path}/ops/load1.jsonl")

    monkeypatch.setattr(scenarios.cli.running, "Run", Full)
    monkeypatch.setattr(scenarios.cli.running, "require_images", lambda *_: None)
    monkeypatch.setattr(ownership, "reap", list)
    assert main(["run", "control-null"]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("meshbench: the run folder cannot be written: [Errno 28] No space left on device: ")
    assert said.endswith(f"what it had recorded until then is in {tmp_path}")


def test_a_folder_that_is_gone_from_below_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "deleted"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    for needs_it in (lambda *_, **__: Path.cwd(), lambda *_, **__: fresh(Path("runs/steady"), "now")):
        monkeypatch.setattr(scenarios.schema.read, "read_scenario", needs_it)
        assert main(["run", "control-null"]) == 2
        said = capsys.readouterr().err
        assert said == "meshbench: the folder it was started in has been deleted; cd to an existing one\n"


@pytest.mark.slow
def test_a_user_without_a_home_is_one_too() -> None:
    without = {name: value for name, value in os.environ.items() if name != "HOME"}
    nobody = """
import pwd, sys
def unknown(uid): raise KeyError(uid)
pwd.getpwuid = unknown
from scenarios.__main__ import main
sys.argv[1:] = ["list"]
sys.exit(main())
"""
    command = [sys.executable, "-c", nobody]
    done = subprocess.run(command, env=without, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
