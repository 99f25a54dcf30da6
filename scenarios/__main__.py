"""Where the command ``meshbench`` begins, also as ``python -m scenarios``.

Nothing is there to clean up while the command line is imported, so that a Ctrl-C may end the process at once, without a
traceback from the middle of somebody's import. What a verb needs is imported as it begins, and in the same way.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _with_a_home()
    from scenarios.cli.cli import main as command_line

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
