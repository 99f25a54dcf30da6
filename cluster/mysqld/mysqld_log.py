"""What a pod's mysqld says of itself: on its container's output, or in the file that ``log_error`` names.

A mysqld that ended, or that serves and lets nobody in, is told at once and in its own words: whoever set the option
reads what was wrong with it.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pymysql

from cluster.errors import ConfigurationError, EngineError, EngineRefusedError
from cluster.mysqld import requested
from cluster.mysqld.mysql_image import errors
from cluster.mysqld.mysqld import PORT
from cluster.platform.platform import Pod, Process
from cluster.topology import Topology

DATA_DIR = "/var/lib/mysql"
#: How long a mysqld that says it is ready may take no login. Roles, which come and go, refuse none of root's.
PATIENCE_S = 20.0
#: How often its log is looked at meanwhile.
LOOK_EVERY_S = 2.0
#: How often the engine is asked meanwhile whether it runs: each time costs as much as a try to log in.
ASK_EVERY_S = 0.5
_MOST_BYTES = 10_000_000
_READY = re.compile(rf"ready for connections.*\bport: {PORT}\b")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
#: Letters of a time, up to its microseconds.
MICROSECOND = 26
_SEE = "see mysql.config, mysql.my_cnf and mysql.image of the scenario"


def refuse_exited(pod: Pod, topology: Topology) -> None:
    """Raise ConfigurationError with mysqld's own words when its container has ended instead of serving."""
    container = pod.containers["mysqld"]
    code = container.state().code
    if code is None:
        return
    killed = " (killed, perhaps out of memory)" if code == 137 else ""
    raise ConfigurationError(
        f"mysqld of {pod.name} ended at start with code {code}{killed}; {_SEE}. {said(container, topology)}"
    )


def login_probe(pod: Pod, topology: Topology, try_login: Callable[[], bool]) -> Callable[[], bool]:
    """A probe for `wait_until`: whether a login succeeds. It raises ConfigurationError once mysqld has ended, or has
    been ready for PATIENCE_S and lets nobody in; other failures pass through."""
    looked_s = time.monotonic()
    asked_s = looked_s - ASK_EVERY_S
    ready_s: float | None = None

    def probe() -> bool:
        nonlocal looked_s, asked_s, ready_s
        try:
            return try_login()
        except pymysql.MySQLError as error:
            now_s = time.monotonic()
            if now_s - asked_s >= ASK_EVERY_S:
                asked_s = now_s
                refuse_exited(pod, topology)
            if now_s - looked_s < LOOK_EVERY_S:
                raise
            looked_s = now_s
            container = pod.containers["mysqld"]
            if ready_s is None and any(_READY.search(line) for line in _lines(container, topology)):
                ready_s = now_s
            if ready_s is not None and now_s - ready_s >= PATIENCE_S:
                raise ConfigurationError(
                    f"mysqld of {pod.name} says that it is ready, but refuses logins ({error}); {_SEE}. "
                    f"{said(container, topology)}"
                ) from None
            raise

    return probe


def file_text(container: Process, error_log: str) -> bytes:
    """The end of the file that ``log_error`` names, or nothing where it cannot be had."""
    for path in _paths(error_log, container.name):
        try:
            container.fetch(path, text := io.BytesIO(), most_bytes=_MOST_BYTES)
            return text.getvalue()
        except EngineRefusedError:
            continue
    return b""


def _paths(error_log: str, container: str) -> Iterator[str]:
    """Where mysqld writes it: relative to its data, and with .err where no ending is given."""
    if not error_log:
        yield f"{DATA_DIR}/{container.rsplit('-', 2)[-2]}.err"  # after the pod
        return
    path = error_log if error_log.startswith("/") else f"{DATA_DIR}/{error_log.removeprefix('./')}"
    yield path
    yield f"{path}.err"


def _lines(container: Process, topology: Topology) -> list[str]:
    """What mysqld has said since its container was started last."""
    began = container.began()  # as mysqld writes times: 2026-11-27T15:05:24.833704…Z
    printed = container.logs(tail=400).decode(errors="replace").splitlines()
    error_log = requested.error_log(topology)
    written = b"" if error_log is None else file_text(container, error_log)
    return [
        line
        for line in (*written.decode(errors="replace").splitlines(), *printed)
        if not _TIME.match(line) or line[:MICROSECOND] >= began[:MICROSECOND]
    ]


def said(container: Process, topology: Topology) -> str:
    """``It said: …`` with mysqld's first two errors since it was started, or else its last line."""
    lines = [line for line in _lines(container, topology) if line.strip()]
    telling = list(dict.fromkeys(errors(lines)))[:2] or lines[-1:]
    return f"It said: {' | '.join(telling)}" if telling else "It said nothing"


def last_errors(pod: Pod, topology: Topology) -> list[str]:
    """mysqld's last errors since it was started, each once, at most eight, oldest first; none if they cannot be had."""
    try:
        said = errors(_lines(pod.containers["mysqld"], topology))
    except (EngineError, OSError):
        return []
    return list(dict.fromkeys(one[:200] for one in reversed(said)))[:8][::-1]  # what came of an error repeats itself


def refuse_without_plugins(connection: Any, pod: Pod, topology: Topology, *, arguments: Iterable[str]) -> None:
    """Raise ConfigurationError with mysqld's own words when it serves without a plugin that its arguments load: it goes
    on without, and replication then ends in an unknown variable."""
    wanted = [one.partition("=")[2] for one in arguments if one.startswith("--plugin-load-add=")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT PLUGIN_LIBRARY FROM information_schema.PLUGINS WHERE PLUGIN_STATUS = 'ACTIVE'")
        active = {row[0] for row in cursor.fetchall()}
    if missing := [library for library in wanted if library not in active]:
        what = f"mysqld of {pod.name} could not start {', '.join(missing)}"
        raise ConfigurationError(f"{what}; {_SEE}. {said(pod.containers['mysqld'], topology)}")
