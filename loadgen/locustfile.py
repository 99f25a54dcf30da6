"""Locust's side of the load: users, statistics and the life of the process. In a pod:

    python3 -m locust -f loadgen/locustfile.py --headless --only-summary --load-config load.json

With --worker beside it, it is one of several under Locust's master, which is this file with --master: that needs the
configuration of the whole load, connects to no database, and may show Locust's web page (--autostart instead of
--headless). Locust gives the users (one a connection), its request event and its signal handling; what starts when is
the driver's business, so users have no wait time. The request event is fired only where somebody listens: without
--headless, or with one of --csv, --html, --json, --json-file.

Standard output carries JSON events only, one a line: ready, started, second, done, or error; Locust's own log goes to
standard error. SIGTERM stops the arrivals, drains and ends with done. Exit codes: 0 done, 2 the configuration cannot be
used, 3 the database refused the load before it began, 4 this program broke.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import gevent  # type: ignore[import-untyped]
from gevent.event import AsyncResult, Event  # type: ignore[import-untyped]
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadgen.client import Client
from loadgen.config import LoadConfig
from loadgen.connection import Connector, NoServerError
from loadgen.driver import Driver, Row
from loadgen.errors import ConfigError
from loadgen.hub_transport import HubTransport
from loadgen.program import EXIT_BROKE, EXIT_CONFIG, EXIT_REFUSED, add_option, emit
from loadgen.recorder import Recorder
from loadgen.registry import create
from loadgen.rendezvous import Follower, lead
from loadgen.warmup import WARM_UP_S, connect_within, database_problem
from loadgen.workload import Workload

#: For all workers to become warm; each of them has WARM_UP_S, but they need not be started at one moment.
RENDEZVOUS_S = 60.0


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
            emit=self._emit,
            on_row=self._tell_locust if _somebody_listens(environment) else lambda _: None,
        )
        runner = environment.runner
        self._follower = Follower(runner) if isinstance(runner, WorkerRunner) else None
        self._users = itertools.count()
        self._connected = 0
        self._warm = Event()
        self._finished = Event()
        self._quitting = False

    def serve(self) -> None:
        """The life of one user: connect, then serve arrivals until Locust kills the greenlet.

        Locust deals the users of a worker that died out to the others. Those do nothing: a pool does not grow because
        another application is gone.
        """
        config, number = self._config, next(self._users)
        if number >= config.connections:
            Event().wait()
        rng = random.Random(f"clients/{config.seed}/{config.worker}/{number}")
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
            zero_ns = None if self._follower is None else self._follower.zero_ns(timeout_s=RENDEZVOUS_S)
            totals = self._driver.run(zero_ns=zero_ns)
            emit("done", **totals, connections_opened=self._opened())
            environment.process_exit_code = 0
        except Exception as bug:
            emit("error", message=f"the load generator broke: {bug!r}")
            environment.process_exit_code = EXIT_BROKE
            raise
        finally:
            self._finished.set()
            if not self._quitting and environment.runner is not None:
                if isinstance(environment.runner, WorkerRunner):
                    _report(environment.runner)
                environment.runner.quit()

    def wind_up(self) -> None:
        """Locust is about to end the process: let what is under way finish first."""
        self._quitting = True
        self._driver.stop()
        self._warm.set()
        self._finished.wait(timeout=self._config.drain_s + WARM_UP_S)

    def _opened(self) -> int:
        return self._connector.opened + self._reader.opened

    def _emit(self, event: str, **fields: Any) -> None:
        """The driver's events; each second also says what this process has used so far."""
        if event == "second":
            fields |= {"cpu_s": round(time.process_time(), 6), "connections_opened": self._opened()}
        emit(event, **fields)

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
    #: A master may start users before `begin` is through.
    load: ClassVar[AsyncResult] = AsyncResult()

    @task
    def serve(self) -> None:
        self.load.get().serve()


def _somebody_listens(environment: Environment) -> bool:
    """Whether anybody looks at Locust's statistics: firing its request event costs more CPU than our own record."""
    options = environment.parsed_options
    assert options is not None
    return not options.headless or any((options.csv_prefix, options.html_file, options.json, options.json_file))


def _report(runner: WorkerRunner) -> None:
    """Tell the master the statistics of the last seconds: Locust sends them every three."""
    data: dict[str, Any] = {}
    runner.environment.events.report_to_master.fire(client_id=runner.client_id, data=data)  # type: ignore[no-untyped-call]
    runner.send_message("stats", data)


events.init_command_line_parser.add_listener(add_option)  # type: ignore[no-untyped-call]


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    options = environment.parsed_options
    assert options is not None  # set by Locust's main, the only way here
    try:
        config = LoadConfig.from_json(Path(options.load_config).read_text())
        if isinstance(environment.runner, MasterRunner):
            # Locust deals users out evenly: as many a worker as the one with most connections has.
            options.num_users = -(-config.connections // config.workers) * config.workers
            options.spawn_rate = options.num_users
            lead(environment.runner, workers=config.workers)
            return
        workload = create(config.workload)
        recorder = Recorder(Path(config.out_dir))
    except (OSError, ConfigError) as error:
        emit("error", message=str(error), refused=True)
        sys.exit(EXIT_CONFIG)
    if problem := database_problem(config, workload):
        emit("error", message=problem, refused=True)
        sys.exit(EXIT_REFUSED)
    options.num_users = options.spawn_rate = config.connections
    load = Load(config, workload, recorder, environment)
    LoadUser.load.set(load)
    for ending in (environment.events.quitting, environment.events.test_stopping):
        ending.add_listener(lambda **_: load.wind_up())  # type: ignore[no-untyped-call]
    gevent.spawn(load.conduct)
