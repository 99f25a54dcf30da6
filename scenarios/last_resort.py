"""An exception that nobody expected, in words: a server, an engine or a disk that said no, or a defect of meshbench.

What a user brings is told where it is found, as a ConfigurationError or a HarnessError. What arrives here comes from
libraries in between, and one line says whose word it is. Anything else is a bug of ours, whose traceback is kept.
"""

from __future__ import annotations

import traceback
from http.client import HTTPException

import pymysql

from cluster.errors import ConfigurationError, EngineRefusedError, EngineSilentError, HarnessError
from history.json_files import HistoryError
from loadgen.errors import ConfigError
from scenarios.run.run_folder import RunFolder

#: Whose words an exception has that was raised by no room of ours, by kind.
FOREIGN: tuple[tuple[type[Exception], str], ...] = (
    (pymysql.MySQLError, "MySQL refused, or did not answer"),
    (EngineRefusedError, "the Docker Engine refused"),
    (EngineSilentError, "the Docker Engine did not answer"),
    (HTTPException, "a pod did not answer in HTTP"),
)
FOREIGN_ERRORS = tuple(kind for kind, _ in FOREIGN)
_OURS = (ConfigurationError, ConfigError, HarnessError, HistoryError)
#: Of the run folder's log folder: what a traceback is kept in.
LOG_NAME = "meshbench"


def foreign(error: BaseException) -> str | None:
    """One line for an exception of a server or of the engine; None for any other."""
    return next((f"{whose}: {_words(error)}" for kind, whose in FOREIGN if isinstance(error, kind)), None)


def is_defect(error: BaseException) -> bool:
    """Whether an exception says that meshbench itself is wrong: nobody else's word, no disk's and no interruption."""
    return isinstance(error, Exception) and not isinstance(error, (*_OURS, OSError)) and foreign(error) is None


def in_one_line(error: BaseException) -> str:
    """What an exception says, whoever raised it."""
    if isinstance(error, _OURS):
        return " | ".join(str(error).splitlines())
    return foreign(error) or f"{type(error).__name__}: {_words(error)}"


def keep_traceback(error: BaseException, folder: RunFolder) -> None:
    """Add the traceback of a defect to ``logs/meshbench.log`` of the run folder; of anything else there is no need."""
    if is_defect(error):
        file = folder.path / "logs" / f"{LOG_NAME}.log"
        try:
            with file.open("a") as log:
                log.write("".join(traceback.format_exception(error)))
        except OSError:
            return  # the folder is the problem, and whoever writes to it next will say so


def _words(error: BaseException) -> str:
    if isinstance(error, pymysql.MySQLError) and error.args[:1] == (0,):
        return "the session was closed"  # all that PyMySQL says of it is a zero
    return " ".join(str(error).split()) or "it said nothing"
