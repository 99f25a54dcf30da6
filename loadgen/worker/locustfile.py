"""Locust's side of the load: users, statistics and the life of the process. In a pod:

    python3 -m loadgen.worker.start -f loadgen/worker/locustfile.py --headless --only-summary --load-config load.json

With --worker beside it, it is one of several under Locust's master, which is this file with --master: that needs the
configuration of the whole load, connects to no database, and may show Locust's web page (--autostart instead of
--headless). A worker without --load-config asks the master for its part (`loadgen.worker.remote_join`): so do those on
other machines. Locust gives the beginning, its request event, its web page and its signal handling; what starts when is
the driver's business, and clients of our own run it, so that Locust's users only stand for the connections. The request
event is fired only where somebody listens: without --headless, or with one of --csv, --html, --json, --json-file.

Standard output carries JSON events only, one a line: ready, started, second, done, or error; whatever else is printed
goes to standard error, as Locust's own log does. SIGTERM stops the arrivals, drains and ends with done. Exit codes: 0
done, 2 the configuration cannot be used, 3 the database refused the load before it began, 4 this program broke.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import gevent  # type: ignore[import-untyped]
from gevent.event import AsyncResult, Event  # type: ignore[import-untyped]
from locust import User, constant, events, task
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from history.load_events import Error, LoadEvent, Ready, Second
from history.ops import OpRow
from loadgen.client.client import Client
from loadgen.client.connection import Connector, NoServerError
from loadgen.config import LoadConfig
from loadgen.driver.alarm import exact_sleep
from loadgen.driver.driver import Driver
from loadgen.driver.recorder import Recorder
from loadgen.errors import ConfigError, what_broke
from loadgen.user_code.environment import variables
from loadgen.user_code.files import unpack
from loadgen.wire.gevent_transport import HubTransport
from loadgen.worker.events import EXIT_BROKE, EXIT_CONFIG, EXIT_REFUSED, add_option, emit
from loadgen.worker.remote_join import Admission, Place, join
from loadgen.worker.start_barrier import Follower, lead
from loadgen.worker.warmup import FULL, WARM_UP_S, connect_within, database_problem
from loadgen.workload import Workload
from loadgen.workloads.registry import create

#: For all workers to become warm; each of them has WARM_UP_S, but they need not be started at one moment.
RENDEZVOUS_S = 60.0
#: For the master to start the users, which waits for workers from other machines.
SUMMONS_S = 900.0
#: For a message to leave before the process ends.
LAST_WORD_S = 0.5


class OperationError(Exception):
    """What Locust's statistics count: outcome and error number, so that they stay a handful of kinds."""


class Load:
    """One run in this process, from connected users to the done event. place: of a worker on another machine."""

    def __init__(
        self, config: LoadConfig, workload: Workload, recorder: Recorder, environment: Environment, place: Place | None
    ) -> None:
        self._config = config
        self._place = place
        self._tell: Callable[[LoadEvent], None] = place.tell if place else emit
        self._environment = environment
        self._workload = workload
        self._recorder = recorder
        self._connector = Connector(config, make_transport=HubTransport)
        self._reader = Connector(config, port="read", make_transport=HubTransport)
        self._driver = Driver(
            config,
            next_op=self._workload.next,
            recorder=recorder,
            emit=self._emit,
            on_row=self._tell_locust if _somebody_listens(environment) else lambda _: None,
            sleep_ns=exact_sleep(),
        )
        runner = environment.runner
        self._follower: Follower | None = None
        if isinstance(runner, WorkerRunner):
            self._follower = Follower(runner, offset_ns=place.offset_ns if place else 0)
        self._connected = 0
        #: Clients that still try to connect for the first time; and what a server said that takes no more sessions.
        self._warming = config.connections
        self._full: str | None = None
        self._summoned = Event()
        self._warm = Event()
        self._finished = Event()
        self._quitting = False

    def summon(self) -> None:
        """The life of one of Locust's users: the first one lets the load begin, and then all do nothing.

        Locust moves users from worker to worker when one comes or goes, and ends some on the way. A pool neither grows
        nor shrinks because another application did, so the clients are greenlets of our own, one a connection.
        """
        self._summoned.set()
        Event().wait()

    def _serve(self, number: int) -> None:
        """The life of one client: connect, then serve arrivals until the process ends."""
        config = self._config
        rng = random.Random(f"clients/{config.seed}/{config.worker}/{number}")
        client = Client(self._connector, self._workload, reader=self._reader, policy=config.policy, rng=rng)
        try:
            connect_within(client, timeout_s=WARM_UP_S)
            self._connected += 1
        except NoServerError as error:
            # Not fatal: the client tries again with its first operation, and ready tells how many connected.
            print(f"a client did not connect in {WARM_UP_S:g} s: {error}", file=sys.stderr)
            if error.errno in FULL:
                self._full = str(error)
        self._warming -= 1
        if not self._warming:
            self._warm.set()
        self._driver.serve(client)

    def conduct(self) -> None:
        """Wait for the users, run the load, and end the process."""
        environment = self._environment
        try:
            self._summoned.wait(timeout=SUMMONS_S)
            for number in range(self._config.connections):
                gevent.spawn(self._serve, number)
            self._warm.wait(timeout=WARM_UP_S + self._config.connect_timeout_s)
            self._tell(Ready(connected=self._connected))
            if self._full is not None:
                raise ConfigError(
                    f"opened {self._connected} of {self._config.connections} connections, then the server refused: "
                    f"{self._full}; lower load.connections, or raise mysql.config.max_connections"
                )
            zero_ns = None if self._follower is None else self._follower.zero_ns(timeout_s=RENDEZVOUS_S)
            done = self._driver.run(zero_ns=zero_ns)
            if self._place is not None:
                self._place.read_clock()
            self._tell(replace(done, connections_opened=self._opened()))
            environment.process_exit_code = 0
        except ConfigError as error:
            self._tell(Error(message=str(error), refused=True))
            environment.process_exit_code = EXIT_CONFIG
        except Exception as bug:
            self._tell(Error(message=f"internal error: {what_broke(bug)}"))
            environment.process_exit_code = EXIT_BROKE
            raise
        finally:
            self._finished.set()
            if not self._quitting and environment.runner is not None:
                if isinstance(environment.runner, WorkerRunner):
                    _report(environment.runner)
                environment.runner.quit()

    def abandon(self, why: str) -> None:
        """End the process now: nothing is left to finish, and sessions that hang would hold up an orderly end."""
        emit(Error(message=why, refused=True))
        self._recorder.flush()
        os._exit(EXIT_REFUSED)

    def wind_up(self) -> None:
        """Locust is about to end the process: let what is under way finish first."""
        self._quitting = True
        self._driver.stop()
        self._summoned.set()
        self._warm.set()
        self._finished.wait(timeout=self._config.drain_s + WARM_UP_S)

    def _opened(self) -> int:
        return self._connector.opened + self._reader.opened

    def _emit(self, event: LoadEvent) -> None:
        """The driver's events; each second also says what this process has used so far."""
        if isinstance(event, Second):
            event = replace(event, cpu_s=round(time.process_time(), 6), connections_opened=self._opened())
        self._tell(event)

    def _tell_locust(self, row: OpRow) -> None:
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
    def wait_for_the_end(self) -> None:
        self.load.get().summon()


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
    place: Place | None = None
    try:
        if options.load_config is None:
            place = _join(environment)
        config = LoadConfig.from_json(place.config if place else Path(options.load_config).read_text())
        if isinstance(environment.runner, MasterRunner):
            _lead(environment.runner, config, options)
            return
        if place is not None:
            config = _at_home(config, place)
        workload = create(config.workload)
        recorder = Recorder(Path(config.out_dir), also=place.record if place else None)
        problem = database_problem(config, workload)
    except (OSError, ConfigError) as error:
        _refuse(place, str(error), EXIT_CONFIG)
    if problem:
        _refuse(place, problem, EXIT_REFUSED)
    options.num_users = options.spawn_rate = config.connections
    load = Load(config, workload, recorder, environment, place)
    LoadUser.load.set(load)
    if place is not None:
        place.watch(load.abandon)
    for ending in (environment.events.quitting, environment.events.test_stopping):
        ending.add_listener(lambda **_: load.wind_up())  # type: ignore[no-untyped-call]
    gevent.spawn(load.conduct)


def _join(environment: Environment) -> Place:
    if not isinstance(environment.runner, WorkerRunner):
        raise ConfigError("--load-config is needed; only a worker may ask the master instead")
    return join(environment.runner)


def _lead(master: MasterRunner, config: LoadConfig, options: Any) -> None:
    # Locust deals users out evenly: as many a worker as the one with most connections has.
    options.num_users = -(-config.connections // config.workers) * config.workers
    options.spawn_rate = options.num_users
    lead(master, workers=config.workers)
    if options.joining is not None:
        joining = json.loads(Path(options.joining).read_text())
        Admission(master, joining["places"], joining["own"], Path(config.out_dir))
    # Locust sends what is here to every worker, and one that comes late would take it for its own.
    del options.load_config, options.joining


def _at_home(config: LoadConfig, place: Place) -> LoadConfig:
    """A part of the load with the paths of this machine."""
    folder = Path(tempfile.mkdtemp(prefix=f"meshbench-{place.name}-"))
    print(f"recording in {folder}", file=sys.stderr)
    if place.own is None:
        return replace(config, out_dir=str(folder))
    own = folder / "own"
    os.environ |= unpack(place.own, own) | variables(config)
    os.chdir(own)  # as in a load pod
    file, _, kind = config.workload.name.rpartition(":")
    name = f"{own / Path(file).name}:{kind}"
    return replace(config, out_dir=str(folder), workload=replace(config.workload, name=name))


def _refuse(place: Place | None, why: str, code: int) -> NoReturn:
    (place.tell if place else emit)(Error(message=why, refused=True))
    gevent.sleep(LAST_WORD_S if place else 0)
    sys.exit(code)
