"""A user's own locustfile, recorded. In a pod, beside the user's file, which stays as it is:

    python3 -m loadgen.worker.start -f THEIRS.py,loadgen/worker/user_locustfile.py --headless --only-summary
    --load-config load.json

The users are Locust's: closed loops with their own wait times, as many as ``load.connections``, for ``load.duration``;
rate and model of the load mean nothing to them. Each of Locust's request events becomes an operation: its name is the
f, its key is ours. One that failed is ``unknown``: nobody here can tell what a stranger's request had done by then.
One that cannot be an operation is refused and counted (`loadgen.user_code.request_events`), and what the file does
beside its requests is told at the end (`loadgen.user_code.listeners`). Standard output and exit codes are those of
`loadgen.worker.locustfile`. Where the database is stands in the environment before this begins, as
`loadgen.user_code.environment` names it; how the file was looked at before is `loadgen.user_code.preflight`.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner

from history.load_events import Done, Ended, Error, Second, Started
from loadgen.config import LoadConfig
from loadgen.driver.recorder import FLUSH_S, Recorder
from loadgen.driver.responses import bucket
from loadgen.errors import ConfigError
from loadgen.user_code import request_events
from loadgen.user_code.listeners import Watch
from loadgen.worker import ending
from loadgen.worker.events import EXIT_CONFIG, add_option, emit
from loadgen.workload import op_key


class Guest:
    """One run of a user's locustfile in this process. recorder: None in Locust's master, which runs no user.

    Nothing of a stranger's is known to have failed or been refused, so these stay 0.
    """

    def __init__(self, config: LoadConfig, watch: Watch, recorder: Recorder | None) -> None:
        self._config = config
        self._watch = watch
        self._recorder = recorder
        self._totals: Counter[str] = Counter()
        self._reported: Counter[str] = Counter()
        self._responses: Counter[int] = Counter()
        self._zero_ns = 0
        self._cpu_began_s = 0.0
        #: Reason -> how many requests are no operations of the record because of it.
        self._refused = EARLY
        self._renamed = 0

    def start(self, **_: Any) -> None:
        if self._zero_ns:  # a shape may start users anew
            return
        self._zero_ns, self._cpu_began_s = time.monotonic_ns(), time.process_time()
        emit(Started(zero_ns=self._zero_ns, duration_s=self._config.duration_s))
        if self._recorder is not None:
            gevent.spawn(self._report_seconds)
            gevent.spawn(self._flush_often, self._recorder)

    def record(self, **fields: Any) -> None:
        """A request event, with whatever it was fired."""
        config, now_ns = self._config, time.monotonic_ns()
        key = op_key(seed=config.seed, worker=config.worker, sequence=self._totals["offered"])
        try:
            row, renamed = request_events.row(fields, key=key, zero_ns=self._zero_ns, now_ns=now_ns)
        except request_events.RefusedError as refused:
            self._refused[str(refused)] += 1
            return
        assert self._recorder is not None
        self._recorder.add(row)
        self._renamed += renamed
        self._totals.update(("offered", row["outcome"]))
        if row["outcome"] == "ok":
            self._responses[bucket(row["end_ns"] - row["intended_ns"])] += 1

    def end(self, bug: BaseException | None) -> None:
        """The last word. bug: what ended Locust, SystemExit as a rule."""
        if not self._zero_ns:
            why = self._watch.why_ended(bug)
            emit(Error(message=f"it ended before the load began: {why}", refused=True))
            return
        told = self._watch.account(bug) | {"refused_requests": dict(self._refused), "renamed_requests": self._renamed}
        if self._recorder is None:
            emit(Ended(locustfile=told))
            return
        self._report()
        self._recorder.close()
        emit(
            Done(
                offered=self._totals["offered"],
                ok=self._totals["ok"],
                fail=0,
                unknown=self._totals["unknown"],
                refused=0,
                overflow=0,
                in_flight=0,
                cpu_s=round(time.process_time() - self._cpu_began_s, 6),
                task_errors=self._watch.task_errors,
                task_error=self._watch.task_error or None,
                locustfile=told,
            )
        )

    def _report_seconds(self) -> None:
        while True:
            gevent.sleep(1)
            self._report()

    def _report(self) -> None:
        news = self._totals - self._reported
        self._reported = self._totals.copy()
        responses = {str(number): count for number, count in self._responses.items()}
        self._responses.clear()
        now_ns = time.monotonic_ns()
        emit(
            Second(
                at_ns=now_ns,
                t_s=round((now_ns - self._zero_ns) / 1e9, 3),
                offered=news["offered"],
                ok=news["ok"],
                fail=0,
                unknown=news["unknown"],
                refused=0,
                backlog=0,
                in_flight=0,
                responses=responses,
            )
        )

    @staticmethod
    def _flush_often(recorder: Recorder) -> None:
        while True:
            recorder.flush()
            gevent.sleep(FLUSH_S)


WATCH = Watch()
WATCH.install()
#: Requests of listeners that run before `begin`; see `Guest`.
EARLY: Counter[str] = Counter()


@events.request.add_listener  # type: ignore[untyped-decorator]
def before_the_load(**_: Any) -> None:
    EARLY[request_events.EARLY] += 1


events.init_command_line_parser.add_listener(add_option)  # type: ignore[no-untyped-call]


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    options = environment.parsed_options
    assert options is not None  # set by Locust's main, the only way here
    try:
        config = LoadConfig.from_json(Path(options.load_config).read_text())
        recorder = None if isinstance(environment.runner, MasterRunner) else Recorder(Path(config.out_dir))
    except (OSError, ConfigError) as error:
        emit(Error(message=str(error), refused=True))
        sys.exit(EXIT_CONFIG)
    host, port = config.endpoints[0]
    environment.host = environment.host or f"{host}:{port}"
    options.num_users = options.spawn_rate = config.connections
    options.run_time = config.duration_s
    guest = Guest(config, WATCH, recorder)
    ending.on_end(guest.end)
    WATCH.begin(environment, duration_s=config.duration_s)
    environment.events.test_start.add_listener(guest.start)  # type: ignore[no-untyped-call]
    if recorder is not None:
        environment.events.request.remove_listener(before_the_load)  # type: ignore[no-untyped-call]
        environment.events.request.add_listener(guest.record)  # type: ignore[no-untyped-call]
