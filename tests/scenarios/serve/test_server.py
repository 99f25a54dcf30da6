"""`meshbench serve` as a program: it says where it is, ends with Ctrl-C, and a port that it cannot have is one line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.plain_http import open_url
from scenarios.cli.cli import main


@pytest.mark.slow
def test_it_answers_on_this_machine_alone_until_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the console")
    command = [sys.executable, "-m", "scenarios", "serve", "--runs", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", said)
            assert found is not None, said
            with open_url(found[0], timeout_s=30) as answer:
                assert answer.read() == b"the console"
            port = f"{int(found[1]):04X}"
            table = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
            assert f"0100007F:{port}" in {line.split()[1] for line in table}
            assert f"00000000:{port}" not in {line.split()[1] for line in table}
            os.kill(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, errors.strip()) == (0, "")


def test_a_port_in_use_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--runs", str(tmp_path), "--port", str(port)]) == 2
    said = capsys.readouterr()
    assert said.err == (
        f"meshbench: --port {port}: cannot listen on 127.0.0.1:{port}: Address already in use; give another\n"
    )
    assert said.out == ""


@pytest.mark.parametrize("port", ["70000", "-1"])
def test_a_port_that_is_none_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], port: str) -> None:
    assert main(["serve", "--runs", str(tmp_path), "--port", port]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "ports go from 0 to 65535" in said


def test_a_file_in_place_of_the_runs_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").write_text("")
    assert main(["serve", "--runs", str(tmp_path / "runs")]) == 2
    assert "this is no folder" in capsys.readouterr().err


@pytest.mark.slow
def test_a_runs_folder_that_is_not_there_yet_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scenarios", "serve", "--runs", str(tmp_path / "runs"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
        finally:
            process.kill()
    assert said == f"there is no folder {tmp_path / 'runs'} yet; what is run into it will be shown\n"
