"""`meshbench serve`: answers on 127.0.0.1 alone, until Ctrl-C."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from cluster.errors import ConfigurationError
from scenarios.serve.app import create_app
from scenarios.serve.clusters import StandingClusters

ADDRESS = "127.0.0.1"
PORT = 8089


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Nothing: the live page asks twice a second."""


def serve_runs(runs: Path, *, port: int = PORT) -> int:
    """Serve until Ctrl-C; returns the exit code. Raises ConfigurationError where nothing can be served."""
    if runs.exists() and not runs.is_dir():
        raise ConfigurationError(f"--runs {runs}: this is no folder; give the folder that the runs are kept in")
    with listening(port) as listener:
        if not runs.exists():
            print(f"there is no folder {runs} yet; what is run into it will be shown", flush=True)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        app = create_app(runs, clusters=StandingClusters().seen)
        server = make_server(ADDRESS, port, app, threaded=True, request_handler=_Quiet, fd=listener.fileno())
        host = f"http://{ADDRESS}:{listener.getsockname()[1]}"
        print(f"{host}/ shows {runs}, {host}/live what is running; Ctrl-C ends it", flush=True)
        server.serve_forever()  # returns at Ctrl-C, and has closed then
    return 0


def listening(port: int, *, option: str = "--port") -> socket.socket:
    """A socket on that port of 127.0.0.1 (0: any that is free). Raises ConfigurationError, naming the option."""
    if not 0 <= port <= 65535:
        raise ConfigurationError(f"{option} {port}: ports go from 0 to 65535")
    try:
        return socket.create_server((ADDRESS, port))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise ConfigurationError(f"{option} {port}: cannot listen on {ADDRESS}:{port}: {why}; give another") from None
