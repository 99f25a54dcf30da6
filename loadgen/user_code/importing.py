"""What went wrong in a user's own file, in one line that begins with their file and line."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pymysql


def line_of(thing: type | Callable[..., object], file: Path) -> str:
    """``FILE:LINE`` where a class or a function of the user's begins; the file alone where Python does not know."""
    try:
        return f"{inspect.getsourcefile(thing) or file}:{inspect.getsourcelines(thing)[1]}"
    except (OSError, TypeError):
        return str(file)


def broken(error: BaseException, file: Path) -> str:
    """FILE:LINE: what a user's file raised when it was imported or called, with what would fix it where that is known.

    The line is the innermost one within the user's folder.
    """
    where = place(error, file)
    if isinstance(error, SyntaxError):
        at = f"{error.filename}:{error.lineno}" if error.filename and error.lineno else where
        return f"{at}: not valid Python: {' '.join(str(error.msg).split())}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = error.name.partition(".")[0]
        return (
            f"{where}: imports {name}, which is neither beside the file nor in the load image; a package is named in a "
            "requirements file, workload.requirements"
        )
    if isinstance(error, KeyError) and _raised_by(error, "os.py") and error.args:
        return f"{where}: reads the environment variable {error.args[0]}, which is not set; set it in load.environment"
    if isinstance(error, SystemExit):
        return f"{where}: ends the process ({error.code!r})"
    said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    if isinstance(error, pymysql.OperationalError | ConnectionError | TimeoutError):
        said += "; while a file is imported there is no database yet: connect in on_start"
    if shadowing := _modules_of_python_s_names(file.parent):
        said += f"; {', '.join(shadowing)} beside it can take the place of Python's own module of that name: rename it"
    return f"{where}: {said}"


def _modules_of_python_s_names(folder: Path) -> list[str]:
    """Locust puts the folder of its file before everything else that is imported."""
    return sorted(path.name for path in folder.glob("*.py") if path.stem in sys.stdlib_module_names)


def place(error: BaseException, file: Path) -> str:
    """``FILE:LINE`` of the innermost line within the folder of the user's file, or the file."""
    mine = [at for at in traceback.extract_tb(error.__traceback__) if Path(at.filename).is_relative_to(file.parent)]
    return f"{mine[-1].filename}:{mine[-1].lineno}" if mine else str(file)


def _raised_by(error: BaseException, name: str) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return any(Path(at.filename).name == name or at.filename == "<frozen os>" for at in frames[-1:])
