"""The panel on a real terminal (a pty): what stands above it, its size, what Ctrl-C leaves; and where there is none."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each is a process of its own, for seconds

ROOT = Path(__file__).resolve().parents[3]
#: A run in little, with everything around it that `meshbench run` has.
RUN = """
import logging, sys, time
from pathlib import Path
from scenarios.live.terminal import panel
from scenarios.outlet import settle
from scenarios.progress import Progress
from scenarios.signals import exit_code, interruptible
from tests.scenarios.live.publishing import publisher, second

settle()
log = logging.getLogger("meshbench")
log.setLevel(logging.INFO)
log.addHandler(Progress())
lasts_s, code = float(sys.argv[2]), 0
try:
    with interruptible(), publisher(Path(sys.argv[1])) as live, panel(live, ahead="[3 of 12]") as shown:
        log.info("there is a panel: %s", shown)
        with live.phase("load", expected_s=60):
            until = time.monotonic() + lasts_s
            number = 0
            while time.monotonic() < until:
                number += 1
                live.second(second(number, ok=number))
                if number == 3:
                    log.info("a line of the log %s", "x" * 30)
                time.sleep(0.3)
except KeyboardInterrupt as ended:
    code = exit_code(ended)
print("the verdict")
sys.exit(code)
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """heard: all that was written to it so far."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self.process, self._descriptor, self.heard = process, descriptor, ""

    def size(self, columns: int, rows: int = 24) -> None:
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, text: str) -> str:
        """Read until it was said; returns what was read for it."""
        before = len(self.heard)
        deadline = time.monotonic() + 60
        while text not in self.heard[before:]:
            assert time.monotonic() < deadline, self.heard
            self._read()
        return self.heard[before:]

    def end(self) -> int:
        """Its exit code, when all was read."""
        try:
            while True:
                self._read()
        except OSError:  # nobody has the other side any more
            return self.process.wait(60)

    def _read(self) -> None:
        self.heard += os.read(self._descriptor, 65536).decode(errors="replace")


@contextmanager
def terminal(
    folder: Path, *, lasts_s: float, columns: int = 80, environment: Mapping[str, str] = {}
) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR", "COLUMNS", "LINES")
    }
    around = inherited | {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PYTHONUTF8": "1", **environment}
    command = [sys.executable, "-c", RUN, str(folder), str(lasts_s)]
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=around, start_new_session=True)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def last_screen(heard: str) -> str:
    return ESCAPES.sub("", heard)


def test_a_run_has_a_panel_that_is_gone_at_the_end_while_the_log_stays(tmp_path: Path) -> None:
    with terminal(tmp_path, lasts_s=3) as shown:
        assert shown.end() == 0
        heard = shown.heard
    text = last_screen(heard)
    assert "there is a panel: True" in text
    assert "[3 of 12] tiny  group of 3" in text
    assert re.search(r"achieved  [▁-█]+  \d+/s", text)
    assert text.count(f"a line of the log {'x' * 30}") == 1
    assert text.rstrip().endswith("the verdict")
    assert heard.count("\x1b[?25l") == heard.count("\x1b[?25h") == 1, "the cursor is shown again"
    erased = heard[heard.rindex("[3 of 12]") : heard.index("the verdict")]
    assert erased.count("\x1b[2K") >= 5, "no line of the panel remains"


def test_ctrl_c_ends_the_run_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with terminal(tmp_path, lasts_s=60) as shown:
        before = termios.tcgetattr(shown._descriptor)
        shown.until("achieved")
        os.killpg(shown.process.pid, signal.SIGINT)
        assert shown.end() == 130
        after = termios.tcgetattr(shown._descriptor)
    assert after == before
    assert "\x1b[?25h" in shown.heard[shown.heard.rindex("\x1b[?25l") :]
    end = last_screen(shown.heard)
    assert "meshbench: interrupted: healing and removing everything of this run" in end[end.rindex("[3 of 12]") :]
    assert "Traceback" not in end


def test_it_follows_the_size_of_the_terminal(tmp_path: Path) -> None:
    with terminal(tmp_path, lasts_s=60, columns=100) as shown:
        shown.until("seed 7")
        shown.size(40)
        drawn = last_screen(shown.until("\x1b[2K") + shown.until("…"))
        last = [line for line in drawn.splitlines() if line.startswith("[3 of 12]")][-1]
        assert len(last) <= 40
        shown.size(8, rows=3)
        shown.until("[3 of")
        os.killpg(shown.process.pid, signal.SIGTERM)
        assert shown.end() == 143


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"CI": "true"}])
def test_where_the_cursor_cannot_move_and_in_ci_there_are_plain_lines(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with terminal(tmp_path, lasts_s=0.5, environment=environment) as shown:
        assert shown.end() == 0
    assert "there is a panel: False" in shown.heard
    assert "\x1b" not in shown.heard


def test_no_color_has_a_panel_without_colors(tmp_path: Path) -> None:
    with terminal(tmp_path, lasts_s=2, environment={"NO_COLOR": "1"}) as shown:
        assert shown.end() == 0
    assert "[3 of 12]" in shown.heard
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown.heard)


def test_in_a_pipe_there_is_none(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path), "0.2"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert "there is a panel: False" in done.stderr
    assert done.stdout == "the verdict\n"
    assert "\x1b" not in done.stderr


def test_what_goes_to_a_file_stays_there_while_standard_error_has_the_panel(tmp_path: Path) -> None:
    file = tmp_path / "out"
    code = RUN.replace("number == 3", "number == 2 and not print('for the file')")
    ours, theirs = pty.openpty()
    around = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "CI": ""}
    with (
        file.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), "1.5"], stdout=out, stderr=theirs, env=around
        ) as process,
    ):
        os.close(theirs)
        shown = Terminal(process, ours)
        assert shown.end() == 0
    os.close(ours)
    assert file.read_text() == "for the file\nthe verdict\n"
    assert "for the file" not in shown.heard
