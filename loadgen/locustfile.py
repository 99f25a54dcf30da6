"""Locust's side of the load: users, statistics and the life of the process. In a pod:

    python3 -m locust -f loadgen/locustfile.py --headless --only-summary --load-config load.json

Locust gives the users (one a connection), its request event and its signal handling; what starts when is the driver's
business, so users have no wait time. Standard output carries JSON events only, one a line: ready, started, second,
done, or error; Locust's own log goes to standard error. SIGTERM stops the arrivals, drains and ends with done.
Exit codes: 0 done, 2 the configuration cannot be used, 3 the database refused the load before it began, 4 this
program broke.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
from pathlib import Path
from typing import Any, ClassVar

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from locust import User, constant, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadgen.client import Client
from loadgen.config import LoadConfig
from loadgen.connection import Connector, NoServerError
from loadgen.driver import Driver, Row
from loadgen.errors import ConfigError
from loadgen.hub_transport import HubTransport
from loadgen.recorder import Recorder
from loadgen.registry import create
from loadgen.warmup import WARM_UP_S, connect_within, database_problem
from loadgen.workload import Workload

EXIT_CONFIG, EXIT_REFUSED, EXIT_BROKE = 2, 3, 4


def emit(event: str, **fields: Any) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


class OperationError(Exception):
    """What Locust's statistics count: outcome and error number, so that they stay a handful of kinds."""


class Load:
    """One run in this process, from connected users to the done event."""

    def __init__(self, config: LoadConfig, workload: Workload, recorder: Recorder, environment: Environment) -> None:
        self._config = config
        self._environment = environment
        self._workload = workload
        self._connector = Connector(config, make_transport=HubTransport)
        self._reader = Connector(config, port="read", make_transport=HubTransport)
        self._driver = Driver(
            config,
            next_op=self._workload.next,
            recorder=recorder,
            emit=emit,
            on_row=self._tell_locust,
        )
        self._clients = itertools.count()
        self._connected = 0
        self._warm = Event()
        self._finished = Event()
        self._quitting = False

    def serve(self) -> None:
        """The life of one user: connect, then serve arrivals until Locust kills the greenlet."""
        config = self._config
        rng = random.Random(f"clients/{config.seed}/{config.worker}/{next(self._clients)}")
        client = Client(self._connector, self._workload, reader=self._reader, policy=config.policy, rng=rng)
        try:
            connect_within(client, timeout_s=WARM_UP_S)
        except NoServerError as error:
            # Not fatal: the client tries again with its first operation, and ready tells how many connected.
            print(f"a client did not connect in {WARM_UP_S:g} s: {error}", file=sys.stderr)
        else:
            self._connected += 1
            if self._connected == self._config.connections:
                self._warm.set()
        self._driver.serve(client)

    def conduct(self) -> None:
        """Wait for the users, run the load, and end the process."""
        environment = self._environment
        try:
            self._warm.wait(timeout=WARM_UP_S)
            emit("ready", connected=self._connected)
            totals = self._driver.run()
            emit("done", **totals, connections_opened=self._connector.opened + self._reader.opened)
            environment.process_exit_code = 0
        except Exception as bug:
            emit("error", message=f"the load generator broke: {bug!r}")
            environment.process_exit_code = EXIT_BROKE
            raise
        finally:
            self._finished.set()
            if not self._quitting and environment.runner is not None:
                environment.runner.quit()

    def wind_up(self) -> None:
        """Locust is about to end the process: let what is under way finish first."""
        self._quitting = True
        self._driver.stop()
        self._warm.set()
        self._finished.wait(timeout=self._config.drain_s + WARM_UP_S)

    def _tell_locust(self, row: Row) -> None:
        error = None if row["outcome"] == "ok" else OperationError(row["outcome"], row["errno"])
        self._environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type=self._config.workload.name,
            name=row["f"],
            response_time=(row["end_ns"] - row["intended_ns"]) / 1e6,
            response_length=0,
            exception=error,
            context={},
        )


class LoadUser(User):
    wait_time = constant(0)
    load: ClassVar[Load]

    @task
    def serve(self) -> None:
        self.load.serve()


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def add_option(parser: LocustArgumentParser, **_: Any) -> None:
    parser.add_argument("--load-config", required=True, metavar="FILE", help="what to do, as LoadConfig in JSON")


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    options = environment.parsed_options
    assert options is not None  # set by Locust's main, the only way here
    try:
        config = LoadConfig.from_json(Path(options.load_config).read_text())
        workload = create(config.workload)
        recorder = Recorder(Path(config.out_dir))
    except (OSError, ConfigError) as error:
        emit("error", message=str(error), refused=True)
        sys.exit(EXIT_CONFIG)
    if problem := database_problem(config, workload):
        emit("error", message=problem, refused=True)
        sys.exit(EXIT_REFUSED)
    options.num_users = options.spawn_rate = config.connections
    load = LoadUser.load = Load(config, workload, recorder, environment)
    environment.events.quitting.add_listener(lambda **_: load.wind_up())  # type: ignore[no-untyped-call]
    gevent.spawn(load.conduct)
