"""Where the command ``meshbench`` begins, also as ``python -m scenarios``.

The command line imports a second's worth of libraries. Nothing is there to clean up before that is done, so that a
Ctrl-C may end the process at once, without a traceback from the middle of somebody's import.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from history.fields import DeclarationError


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _with_a_home()
    try:
        from scenarios.cli.cli import main as command_line
    except DeclarationError as wrong:
        print(f"meshbench: {wrong}", file=sys.stderr)
        return 2

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return command_line()


def _with_a_home() -> None:
    """A user without a home (any number in a container, a bare cron job) has /, as Docker has it: libraries ask."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"


if __name__ == "__main__":
    sys.exit(main())
