"""The keeper of a process: a small container that runs for as long as that process lives, and not a moment longer.

A pid says nothing in another PID namespace or on another host, but all of them ask the same engine. So the first thing
that a process starts there is a container that reads its standard input, which the process holds open. However the
process ends, the kernel closes the connection, the engine the input, the keeper reads the end of it and exits, and the
engine removes it. A process that is only stopped keeps it. There is no heartbeat, and so none that comes too late.
"""

from __future__ import annotations

import atexit
import contextlib
import secrets
import threading

from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from cluster.platform import images
from cluster.platform.docker_engine import client
from cluster.platform.logs import LOG_CONFIG

#: The label of a keeper: its token, which everything that its process starts carries, too.
KEEPS = "meshbench.keeps"
COMMAND = ["cat"]
ATTEMPTS = 3


class _Held:
    """The keeper of this process: its token once it runs, and the connection, which is open while this is not lost."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.token: str | None = None
        self.connection: object = None


_held = _Held()


def token() -> str:
    """This process's keeper, started if it is not there yet; what carries the token belongs to this process.

    Raises ConfigurationError when the images are not built.
    """
    with _held.lock:
        if _held.token is None:
            images.require(images.image("base").tag)
            _held.token = _started()
        return _held.token


def started() -> str | None:
    """The token of this process's keeper; None where it has started nothing."""
    return _held.token


def living() -> set[str]:
    """The tokens of every process, of whatever host and namespace, that lives and has started something here."""
    keepers = client().containers.list(filters={"label": KEEPS}, ignore_removed=True)
    return {one.labels[KEEPS] for one in keepers}


def remove_unstarted() -> None:
    """Remove keepers of processes that died before theirs ran. One that is about to run is started anew by its owner,
    who has nothing on the engine yet."""
    wanted: dict[str, str | list[str] | bool] = {"label": KEEPS, "status": "created"}
    for one in client().containers.list(all=True, filters=wanted, ignore_removed=True):
        with contextlib.suppress(APIError):
            one.remove()


def _started() -> str:
    for attempt in range(1, ATTEMPTS + 1):
        own = secrets.token_hex(6)
        keeper = client().containers.create(
            images.image("base").tag,
            COMMAND,
            name=f"meshbench-keeper-{own}",
            labels={KEEPS: own},
            stdin_open=True,
            auto_remove=True,
            network_mode="none",
            log_config=LOG_CONFIG,
        )
        connection = keeper.attach_socket(params={"stdin": 1, "stream": 1})
        try:
            keeper.start()
        except NotFound:  # somebody's clean-up came in between
            if attempt == ATTEMPTS:
                raise
            continue
        _held.connection = connection
        atexit.register(_remove, keeper)
        return own
    raise AssertionError


def _remove(keeper: Container) -> None:
    """At an orderly end, so that nothing is left for even a moment; in any other, the engine does it."""
    with contextlib.suppress(DockerException, OSError):
        keeper.remove(force=True)
