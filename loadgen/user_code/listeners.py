"""What a user's locustfile does beside its requests: its load shape, its users, its listeners, its end and its verdict.

Locust lets a file do all of it, and logs what goes wrong without a word to anybody else. A run must know: a load that
was over early, users that stopped, a listener that broke, or an exit code that the file has set would otherwise look
like what MySQL did. Nothing here changes what the file does, but that ``load.duration`` bounds it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from types import CodeType
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent import GreenletExit
from locust import LoadTestShape, TaskSet, User
from locust.env import Environment
from locust.event import EventHook
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser
from locust.runners import WorkerRunner

from loadgen.errors import what_broke
from loadgen.worker.ending import caller_of_theirs, is_theirs, place_of_theirs, said

#: What a listener may raise to steer Locust; it is no mistake of it.
_STEERING = (StopUser, StopTest, RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet)
#: A load that was over at most this long before its time has lasted.
EARLY_S = 1.0
#: A listener of the load's end that takes longer is ended: the pod would never say that it is done.
LATE_LISTENER_S = 10.0
#: Of a shape's changes, so many are told.
STEPS_TOLD = 50
_TEXT_LIMIT = 300


class Watch:
    """One run of a user's locustfile in this process; `install` before Locust fires its first event."""

    def __init__(self) -> None:
        self._environment: Environment | None = None
        self._duration_s = 0.0
        self._zero_ns = 0
        self._over_ns = 0
        self._ended_by = ""
        self._shape: LoadTestShape | None = None
        self._steps: list[tuple[float, int]] = []
        self._shape_ended_s: float | None = None
        self._shape_worker: Any = None
        self._last_tick: Any = None
        #: Users that the runner itself has told to stop.
        self._told_to_stop: set[int] = set()
        self._users = {"started": 0, "ended": 0, "broke": 0}
        self._users_why = ""
        self._last_user_s: float | None = None
        self._listener_errors = 0
        self._listener_error = ""
        self._listeners_under_way: list[CodeType] = []
        self.task_errors = 0
        self.task_error = ""

    def install(self) -> None:
        """See every event of Locust's, and the beginning and the end of every user."""
        fire, start, stop = EventHook.fire, User.start, User.stop
        watch = self

        def fired(hook: EventHook, *, reverse: bool = False, **fields: Any) -> None:
            watched = EventHook()  # type: ignore[no-untyped-call]
            watched._handlers = [watch._watched(handler) for handler in hook._handlers]
            fire(watched, reverse=reverse, **fields)  # type: ignore[no-untyped-call]

        def started(user: User, group: Any) -> Any:
            greenlet = start(user, group)
            watch._users["started"] += 1
            greenlet.link(lambda ended: watch._user_ended(user, ended))
            return greenlet

        def stopped(user: User, force: bool = False) -> bool:
            watch._told_to_stop.add(id(user))
            return bool(stop(user, force))

        EventHook.fire, User.start, User.stop = fired, started, stopped  # type: ignore[method-assign, assignment]

    def begin(self, environment: Environment, *, duration_s: float) -> None:
        """Watch the runner and the shape of a file that is about to run."""
        self._environment, self._duration_s = environment, duration_s
        environment.events.test_start.add_listener(self._test_start)  # type: ignore[no-untyped-call]
        environment.events.user_error.add_listener(self._task_broke)  # type: ignore[no-untyped-call]
        for kind in _all_below(TaskSet):
            if "on_stop" in vars(kind) and is_theirs(kind.on_stop.__code__.co_filename):
                kind.on_stop = self._heard_out(kind.on_stop)  # Locust only logs what it raises
        if environment.runner is not None:
            self._watch_stop(environment.runner)
        if environment.shape_class is not None and not isinstance(environment.runner, WorkerRunner):
            self._shape = environment.shape_class
            self._watch_shape(self._shape)

    def account(self, ending: BaseException | None) -> dict[str, Any]:
        """What there is to tell, for ``load.locustfile`` in the manifest. ending: what ended Locust."""
        end_ns = self._over_ns or time.monotonic_ns()
        lasted_s = (end_ns - self._zero_ns) / 1e9 if self._zero_ns else 0.0
        early = self._duration_s - lasted_s > EARLY_S
        code, where = self._exit_code(ending)
        for late in self._listeners_under_way:
            self._listener_errors += 1
            self._listener_error = (
                self._listener_error or f"it had not returned when the load was over {_place_of(late)}"
            )
        return {
            "exit_code": code,
            "exit_said": where,
            "lasted_s": round(lasted_s, 3),
            "asked_s": self._duration_s,
            "ended_by": self.why_ended(ending)[:_TEXT_LIMIT] if early else "",
            "users": self._users | {"why": self._users_why[:_TEXT_LIMIT], "last_s": self._last_user_s},
            "listener_errors": self._listener_errors,
            "listener_error": self._listener_error[:_TEXT_LIMIT],
            "shape": None if self._shape is None else self._shape_account(),
        }

    def broke(self, bug: BaseException) -> None:
        """A task, or the beginning or the end of a user, has raised."""
        self.task_errors += 1
        self.task_error = self.task_error or what_broke(bug)[:_TEXT_LIMIT]

    def _test_start(self, **_: Any) -> None:
        if self._zero_ns:
            return
        self._zero_ns = time.monotonic_ns()
        runner = self._environment.runner if self._environment else None
        if runner is not None and not isinstance(runner, WorkerRunner):
            # A shape has no duration for Locust, and one that never ends would go on for ever.
            gevent.spawn_later(self._duration_s, runner.quit)

    def _watch_stop(self, runner: Any) -> None:
        stop = runner.stop

        def stopped(*args: Any, **keys: Any) -> None:
            if self._zero_ns and not self._over_ns:
                self._over_ns = time.monotonic_ns()
                if where := caller_of_theirs():
                    self._ended_by = f"the locustfile stopped it {where}"
            stop(*args, **keys)

        runner.stop = stopped

    def _watch_shape(self, shape: LoadTestShape) -> None:
        tick = shape.tick
        name = type(shape).__name__

        def ticked() -> Any:
            self._shape_worker = gevent.getcurrent()
            now_s = round((time.monotonic_ns() - self._zero_ns) / 1e9, 1) if self._zero_ns else 0.0
            try:
                self._last_tick = found = tick()
            except Exception as bug:
                self._ended_by = f"its load shape {name} failed: {what_broke(bug)}"
                raise
            if found is None:
                self._shape_ended_s = now_s
                self._ended_by = self._ended_by or f"its load shape {name} ended it (tick returned None)"
            elif isinstance(found, tuple | list) and found and isinstance(found[0], int):
                self._note_step(now_s, found[0])
            return found

        shape.tick = ticked  # type: ignore[method-assign]

    def _note_step(self, at_s: float, users: int) -> None:
        if not self._steps or self._steps[-1][1] != users:
            self._steps.append((at_s, users))

    def _shape_account(self) -> dict[str, Any]:
        return {
            "name": type(self._shape).__name__,
            "steps": [list(step) for step in self._steps[:STEPS_TOLD]],
            "changes": len(self._steps),
            "ended_s": self._shape_ended_s,
        }

    def why_ended(self, ending: BaseException | None) -> str:
        """Who ended the load, and where. ending: what ended Locust."""
        if self._ended_by:
            return self._ended_by
        failed = getattr(self._shape_worker, "exception", None)
        if self._shape is not None and isinstance(failed, Exception):
            gave = repr(self._last_tick)[:80]
            return (
                f"its load shape {type(self._shape).__name__} gave {gave}, of which Locust says: {what_broke(failed)}"
            )
        if isinstance(ending, SystemExit) and (where := place_of_theirs(ending.__traceback__)):
            return f"the locustfile called sys.exit({said(ending)}) {where}"
        if ending is not None and not isinstance(ending, SystemExit):
            return f"the locustfile failed: {what_broke(ending)}"
        if self._listener_error and not self._zero_ns:  # Locust takes one of init for fatal
            return f"a listener of the locustfile failed: {self._listener_error}"
        if not self._zero_ns:
            return "Locust was told to end, as when a listener such as test_start takes longer than load.duration"
        return "Locust was told to end"

    def _exit_code(self, ending: BaseException | None) -> tuple[int | None, str]:
        """What the file has set, None if it has not, and how: Locust's own code would be 1 after any failed request."""
        found: Any = self._environment.process_exit_code if self._environment else None
        how = f"environment.process_exit_code = {found!r}"[:_TEXT_LIMIT]
        if isinstance(ending, SystemExit) and (where := place_of_theirs(ending.__traceback__)):
            found, how = ending.code or 0, f"sys.exit({said(ending)}) {where}"
        if found is None:
            return None, ""
        return (int(found) if isinstance(found, int) else 1), how

    def _user_ended(self, user: User, greenlet: Any) -> None:
        """A user's greenlet is over. One that the runner has stopped may still have raised in on_stop."""
        stopped = id(user) in self._told_to_stop or self._over_ns
        self._told_to_stop.discard(id(user))
        bug = greenlet.exception
        if isinstance(bug, GreenletExit | SystemExit):
            bug = None
        if stopped:
            if bug is not None:
                self.broke(bug)
            return
        self._users["ended"] += 1
        self._last_user_s = round((time.monotonic_ns() - self._zero_ns) / 1e9, 3)
        if bug is not None:
            self._users["broke"] += 1
            self._users_why = what_broke(bug)
        self._users_why = self._users_why or "StopUser, or the end of its greenlet"

    def _task_broke(self, exception: BaseException | None = None, **_: Any) -> None:
        """Locust logs what a task raises and goes on; so does the run, but it says so."""
        self.broke(exception if isinstance(exception, BaseException) else RuntimeError(repr(exception)))

    def _heard_out(self, on_stop: Callable[[Any], None]) -> Callable[[Any], None]:
        def stopped(tasks: Any) -> None:
            try:
                on_stop(tasks)
            except Exception as bug:
                if not isinstance(bug, _STEERING):
                    self.broke(bug)
                raise

        return stopped

    def _watched(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        code = getattr(getattr(handler, "__func__", handler), "__code__", None)
        if code is not None and not is_theirs(code.co_filename):
            return handler

        def handled(**fields: Any) -> None:
            if code is not None:
                self._listeners_under_way.append(code)
            late = gevent.Timeout(LATE_LISTENER_S, _still_busy(code)) if self._over_ns else nullcontext()
            try:
                with late:
                    handler(**fields)
            except Exception as bug:
                if not isinstance(bug, _STEERING):
                    self._listener_errors += 1
                    self._listener_error = self._listener_error or what_broke(bug)
                raise
            finally:
                if code is not None:
                    self._listeners_under_way.remove(code)

        return handled


def _still_busy(listener: CodeType | None) -> TimeoutError:
    where = "" if listener is None else f" {_place_of(listener)}"
    return TimeoutError(f"it had not returned {LATE_LISTENER_S:g} s after it was called at the end of the load{where}")


def _place_of(code: CodeType) -> str:
    return f"({code.co_filename}:{code.co_firstlineno}, in {code.co_name})"


def _all_below(kind: type[Any]) -> list[type[Any]]:
    found = [one for below in kind.__subclasses__() for one in (below, *_all_below(below))]
    return list(dict.fromkeys(found))
