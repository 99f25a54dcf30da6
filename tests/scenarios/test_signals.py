"""What ends a verb from outside ends it as Ctrl-C does: in order, and with a code that says what it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: A run in little: one thread waits, another one talks, and what was begun is removed whatever happens.
RUN = """
import logging, sys, threading, time
from pathlib import Path
from scenarios.outlet import settle
from scenarios.progress import Progress
from scenarios.signals import exit_code, interruptible, undisturbed

folder, lasts_s = Path(sys.argv[1]), float(sys.argv[2])
settle()
log = logging.getLogger("meshbench")
log.setLevel(logging.INFO)
log.addHandler(Progress())
over = threading.Event()

def talk():
    while not over.wait(0.02):
        log.info("still there")

talking = threading.Thread(target=talk)
code = 0
try:
    with interruptible():
        talking.start()
        try:
            (folder / "begun").touch()
            time.sleep(lasts_s)
        finally:
            (folder / "ending").touch()
            with undisturbed():
                log.info("remove")
                time.sleep(0.5)
                (folder / "removed").touch()
except KeyboardInterrupt as ended:
    code = exit_code(ended)
over.set()
talking.join()
sys.exit(code)
"""


@contextmanager
def under_way(folder: Path, *, lasts_s: float = 60, before: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
    command = [*before, sys.executable, "-c", RUN, str(folder), str(lasts_s)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=_as_from_a_terminal
    ) as process:
        try:
            until(folder / "begun")
            yield process
        finally:
            process.kill()


def _as_from_a_terminal() -> None:
    """Tests that run in the background or under nohup have some signals ignored, and children inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until(file: Path) -> None:
    deadline_s = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline_s, f"no {file.name}"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, id="int"),
        pytest.param(signal.SIGTERM, 143, id="term", marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, id="hup", marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_a_run_in_order(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with under_way(tmp_path) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert (tmp_path / "removed").exists()
    assert said.count(b"meshbench: interrupted: healing and removing everything of this run") == 1


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_a_run_in_order(tmp_path: Path) -> None:
    """Although what finds it out is another thread, while the one that has to clean up waits."""
    with under_way(tmp_path) as process:
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait(60) == 141
    assert (tmp_path / "removed").exists()


@pytest.mark.slow
def test_further_signals_do_not_disturb_the_removal(tmp_path: Path) -> None:
    with under_way(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        until(tmp_path / "ending")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
        assert process.stderr is not None
        process.stderr.close()
        assert process.wait(60) == 130
    assert (tmp_path / "removed").exists()


@pytest.mark.slow
def test_a_run_that_was_started_with_nohup_does_not_hear_of_a_hang_up(tmp_path: Path) -> None:
    with under_way(tmp_path, lasts_s=1, before=("nohup",)) as process:
        process.send_signal(signal.SIGHUP)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert (tmp_path / "removed").exists()


@pytest.mark.slow
def test_a_log_on_a_full_disk_does_not_end_a_run(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", RUN, str(tmp_path), "0.2"]
        assert subprocess.run(command, stderr=full, check=False).returncode == 0
    assert (tmp_path / "removed").exists()


def test_handlers_are_those_from_before_when_nothing_has_ended_it() -> None:
    script = """
import signal
from scenarios.signals import interruptible
before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
try:
    with interruptible():
        raise ValueError
except ValueError:
    assert before == [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
"""
    subprocess.run([sys.executable, "-c", script], check=True, env=dict(os.environ))
