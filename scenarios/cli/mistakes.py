"""From an exception that ends a verb to what its user reads, and to the exit code. Imported as one has happened."""

from __future__ import annotations

import contextlib
import errno
import sys
import traceback
from pathlib import Path

from cluster.errors import ConfigurationError, HarnessError
from cluster.platform import ownership
from history.fields import DeclarationError
from history.json_files import HistoryError
from loadgen.errors import ConfigError
from reports.text.visible import visible
from scenarios.cli.exit_codes import BROKE, USAGE
from scenarios.last_resort import FOREIGN_ERRORS, foreign
from scenarios.run.run_folder import CWD_IS_GONE

#: No space, no quota, read-only, not allowed, not a folder, gone: the place is wrong, and no gate or harness.
OF_THE_PLACE = frozenset(
    (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENOENT,
        errno.EFBIG,
        errno.ENAMETOOLONG,
        errno.ELOOP,
    )
)


def ended_by(error: Exception) -> int:
    """Say it on standard error, a line a mistake; returns the exit code."""
    if isinstance(error, (ConfigurationError, ConfigError)):
        say(f"meshbench: {error}", keep="\n")  # a line for each mistake
        return USAGE
    if isinstance(error, (HistoryError, DeclarationError)):
        say(f"meshbench: {error}")
        return USAGE
    if isinstance(error, HarnessError):
        say(f"meshbench: harness error, run not judged: {error}")
        return BROKE
    if isinstance(error, FOREIGN_ERRORS):
        say(f"meshbench: {foreign(error)}")
        return BROKE
    if isinstance(error, OSError):
        say(f"meshbench: {_unreadable(error)}")
        return USAGE if error.errno in OF_THE_PLACE else BROKE
    say(traceback.format_exc(), keep="\n")
    say(f"meshbench: internal error (please report), run not judged: {error!r}")
    return BROKE


def remove_own() -> None:
    """Remove what this process has started: nothing, unless Ctrl-C came just as a run began to remove it itself."""
    with contextlib.suppress(*FOREIGN_ERRORS, OSError):
        ownership.remove_own()


def _unreadable(error: OSError) -> str:
    """What cannot be read or written; a folder that is gone from below us is an error without a path."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return CWD_IS_GONE
    return f"cannot read or write: {error}"


def say(text: str, *, keep: str = "") -> None:
    """Tell the user; control characters in texts of files and the engine do nothing to the terminal."""
    print(visible(text, keep=keep), file=sys.stderr)
