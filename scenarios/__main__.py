"""Where the command ``meshbench`` begins, also as ``python -m scenarios``.

The command line imports a second's worth of libraries. Nothing is there to clean up before that is done, so that a
Ctrl-C may end the process at once, without a traceback from the middle of somebody's import.
"""

from __future__ import annotations

import signal
import sys


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from scenarios.cli import main as command_line

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return command_line()


if __name__ == "__main__":
    sys.exit(main())
