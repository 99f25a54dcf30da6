"""``meshbench worker HOST[:PORT]``: this machine as a load worker of a run on another one.

Needs the Python environment alone (``make .venv/ready``), no Docker. Everything else comes from the run: what to do,
when to begin, and the clock. What it records goes to the run as it happens, and stays here in a folder too.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from pathlib import Path

from cluster.errors import ConfigurationError, HarnessError
from cluster.wait import WaitTimeoutError, wait_until
from history.load_events import Done, Error, LoadEvent, LoadEventError, Ready, Second, Started, read_line
from scenarios.load.remote_workers import JOIN_TIMEOUT_S, place_of
from scenarios.progress import Progress

log = logging.getLogger("meshbench")

ROOT = Path(__file__).resolve().parents[2]
RETRY_S = 1.0
#: What the worker's process ends with, see `loadgen.worker.events`.
REFUSED = (2, 3)


def work(place: str, progress: Progress, *, wait_s: float = JOIN_TIMEOUT_S) -> int:
    """Join the run, and return 0 when its load has ended. Raises ConfigurationError, HarnessError."""
    host, port = place_of(place, what="worker")
    _reach(host, port, wait_s=wait_s)
    options = [
        "--worker",
        "--master-host",
        host,
        "--master-port",
        str(port),
        "--headless",
        "--only-summary",
        "--loglevel",
        "WARNING",
    ]
    command = [
        sys.executable,
        "-m",
        "loadgen.worker.start",
        "-f",
        str(ROOT / "loadgen" / "worker" / "locustfile.py"),
        *options,
    ]
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path}
    # A process group of its own: Ctrl-C goes to this process, which then ends the worker in order.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, process_group=0) as process:
        assert process.stdout is not None
        last = ""
        try:
            for line in process.stdout:
                if (event := read_line(line.encode())) is not None:
                    last = event.message if isinstance(event, Error) else ""
                    _show(event, progress)
        except (KeyboardInterrupt, LoadEventError) as stopped:
            process.terminate()
            process.communicate()
            if isinstance(stopped, LoadEventError):
                raise HarnessError(f"the load worker failed: {stopped}") from None
            raise
    if process.returncode in REFUSED:
        raise ConfigurationError(last)
    if process.returncode != 0:
        raise HarnessError(last or f"the load worker ended with {process.returncode} before its load did")
    return 0


def _reach(host: str, port: int, *, wait_s: float) -> None:
    """Return when the port accepts connections; raises ConfigurationError when it does not in time."""
    log.info("looking for a run at %s:%d …", host, port)
    told = False

    def listening() -> bool:
        nonlocal told
        try:
            socket.create_connection((host, port), timeout=RETRY_S).close()
        except socket.gaierror as error:
            raise ConfigurationError(f"worker {host}:{port}: no such host ({error})") from None
        except OSError as error:
            if not told:
                log.info("no run is waiting at %s:%d yet (%s); trying for %g s", host, port, error, wait_s)
            told = True
            return False
        return True

    try:
        wait_until(f"a run is waiting at {host}:{port}", listening, timeout_s=wait_s, poll_s=RETRY_S)
    except WaitTimeoutError:
        raise ConfigurationError(
            f"worker {host}:{port}: no run is waiting there; start it with "
            f"`meshbench run NAME --remote-workers N --bind {host}:{port}`"
        ) from None


def _show(event: LoadEvent, progress: Progress) -> None:
    match event:
        case Ready():
            log.info("joined; %d connections to the database; waiting for the others …", event.connected)
        case Started():
            progress.duration_s = event.duration_s
            log.info("load …")
        case Second():
            progress.second(event)
        case Done():
            told = f"offered {event.offered}, ok {event.ok}, refused {event.refused}, unknown {event.unknown}"
            log.info("done: %s; it is judged where the run is", told)
