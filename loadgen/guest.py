"""A user's own locustfile, recorded. In a pod, beside the user's file, which stays as it is:

    python3 -m locust -f THEIRS.py,loadgen/guest.py --headless --only-summary --load-config load.json

The users are Locust's: closed loops with their own wait times, as many as ``load.connections``, for ``load.duration``;
rate and model of the load mean nothing to them. Each of Locust's request events becomes an operation: its name is the
f, its key is ours. One that failed is ``unknown``: nobody here can tell what a stranger's request had done by then.
Standard output and exit codes are those of `loadgen.locustfile`. Where the database is stands in the environment before
this begins, as `loadgen.environment` names it; how the file was looked at before is `loadgen.look`.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner

from loadgen.config import LoadConfig
from loadgen.errors import ConfigError, what_broke
from loadgen.outcome import ERROR_TEXT_LIMIT, errno_of
from loadgen.program import EXIT_CONFIG, add_option, emit
from loadgen.recorder import FLUSH_S, Recorder
from loadgen.workload import op_key

#: Nothing of a stranger's is known to have failed or been refused, so those stay 0.
COUNTED = ("offered", "ok", "fail", "unknown", "refused")


class Guest:
    """One run of a user's locustfile in this process."""

    def __init__(self, config: LoadConfig) -> None:
        self._config = config
        self._recorder = Recorder(Path(config.out_dir))
        self._totals: Counter[str] = Counter()
        self._reported: Counter[str] = Counter()
        self._zero_ns = 0
        self._cpu_began_s = 0.0
        self._task_errors = 0
        self._task_error: str | None = None

    def start(self, **_: Any) -> None:
        self._zero_ns, self._cpu_began_s = time.monotonic_ns(), time.process_time()
        emit("started", zero_ns=self._zero_ns)
        gevent.spawn(self._report_seconds)
        gevent.spawn(self._flush_often)

    def record(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        exception: BaseException | None = None,
        **_: Any,
    ) -> None:
        """A request event: response_time in milliseconds, or None."""
        end_ns = time.monotonic_ns()
        start_ns = end_ns - round(max(0.0, response_time or 0) * 1e6)  # a stranger's number may be anything
        outcome = "ok" if exception is None else "unknown"
        config = self._config
        self._recorder.add(
            {
                "process": 0,  # Locust does not tell which user it was
                "f": str(name),
                "key": op_key(seed=config.seed, worker=config.worker, sequence=self._totals["offered"]),
                "value": json.dumps({"type": str(request_type)}),
                "outcome": outcome,
                "errno": None if exception is None else errno_of(exception),
                "error": None if exception is None else repr(exception)[:ERROR_TEXT_LIMIT],
                "attempt": 1,
                "intended_ns": start_ns,
                "start_ns": start_ns,
                "end_ns": end_ns,
                "server": None,
                "gtid": None,
            }
        )
        self._totals.update(("offered", outcome))

    def task_broke(self, exception: BaseException, **_: Any) -> None:
        """Locust logs what a task raises and goes on; so does the run, but it says so."""
        self._task_errors += 1
        if self._task_error is None:
            self._task_error = what_broke(exception)

    def stop(self, **_: Any) -> None:
        self._report()
        self._recorder.close()
        counts = {name: self._totals[name] for name in (*COUNTED, "overflow")}
        cpu_s = round(time.process_time() - self._cpu_began_s, 6)
        tasks = {"task_errors": self._task_errors, "task_error": self._task_error}
        emit("done", **counts, **tasks, in_flight=0, lateness_ms=None, cpu_s=cpu_s, connections_opened=None)

    def _report_seconds(self) -> None:
        while True:
            gevent.sleep(1)
            self._report()

    def _report(self) -> None:
        news = {name: self._totals[name] - self._reported[name] for name in COUNTED}
        self._reported = self._totals.copy()
        now_ns = time.monotonic_ns()
        t_s = round((now_ns - self._zero_ns) / 1e9, 3)
        emit("second", at_ns=now_ns, t_s=t_s, **news, backlog=0, in_flight=0)

    def _flush_often(self) -> None:
        while True:
            self._recorder.flush()
            gevent.sleep(FLUSH_S)


events.init_command_line_parser.add_listener(add_option)  # type: ignore[no-untyped-call]


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Environment, **_: Any) -> None:
    options = environment.parsed_options
    assert options is not None  # set by Locust's main, the only way here
    try:
        config = LoadConfig.from_json(Path(options.load_config).read_text())
        # Locust's master runs no user, so it has nothing to record.
        guest = None if isinstance(environment.runner, MasterRunner) else Guest(config)
    except (OSError, ConfigError) as error:
        emit("error", message=str(error), refused=True)
        sys.exit(EXIT_CONFIG)
    host, port = config.endpoints[0]
    environment.host = environment.host or f"{host}:{port}"
    options.num_users = options.spawn_rate = config.connections
    options.run_time = config.duration_s
    # Locust would end with 1 after any failed request; here that is a result and no failure of the program.
    environment.process_exit_code = 0
    if guest is None:
        return
    environment.events.test_start.add_listener(guest.start)  # type: ignore[no-untyped-call]
    environment.events.request.add_listener(guest.record)  # type: ignore[no-untyped-call]
    environment.events.user_error.add_listener(guest.task_broke)  # type: ignore[no-untyped-call]
    environment.events.quit.add_listener(guest.stop)  # type: ignore[no-untyped-call]
