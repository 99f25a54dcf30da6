"""What a user's locustfile may do beside its requests, and how it is told: prints, shapes, ends, broken listeners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loadgen.config import LoadConfig
from tests.loadgen.guests import run

Build = Callable[..., LoadConfig]
pytestmark = pytest.mark.slow  # each is a process of Locust of its own, for a second or more

PRINTS = r"""
print('{"event": "error"}')
sys.stdout.write('{"event": "second", "t_s"')
os.write(1, b"\xff\xfe no text\n" + b"x" * 100_000 + b"\n")
os.system("echo '{\"event\": \"done\"}'")
subprocess.run(["echo", "of a child"])
print("\ud800")
if os.fork() == 0:
    print('{"event": "error", "message": "of a fork"}')
    os._exit(0)
"""


def test_what_a_file_prints_is_no_event(load_config: Build) -> None:
    below = (
        PRINTS
        + """
@task
def shout(self):
    for number in range(2_000):
        print('{"event": "error", "refused": true}', number)
    fire(self.environment)
Visitor.tasks = [shout]
"""
    )
    done = run(load_config, below)
    assert set(done.events) == {"started", "second", "done"}
    assert done.events["done"][0]["ok"] == len(done.ops) > 0
    for said in ('{"event": "error"}', '{"event": "done"}', "of a child", "of a fork", "\\ud800", "1999"):
        assert said in done.stderr


def test_a_child_that_ends_as_its_parent_would_says_nothing(load_config: Build) -> None:
    done = run(
        load_config,
        """
@events.test_start.add_listener
def fork(**_):
    if os.fork() == 0:
        sys.exit(7)
""",
    )
    assert len(done.events["done"]) == 1
    assert done.told["exit_code"] is None


@pytest.mark.parametrize("seconds", [1.0, 2.0])
def test_a_shape_that_never_ends_is_bounded_by_the_duration(load_config: Build, seconds: float) -> None:
    done = run(
        load_config,
        """
class Forever(LoadTestShape):
    def tick(self):
        return (3 if self.get_run_time() < 1 else 2, 100)
""",
        duration_s=seconds,
    )
    assert done.told["ended_by"] == ""
    assert done.told["lasted_s"] >= seconds
    assert done.told["shape"]["name"] == "Forever"
    assert done.told["shape"]["steps"][0][1] == 3
    assert done.told["shape"]["ended_s"] is None
    assert done.told["users"]["ended"] == 0  # a user that the shape took away has not stopped by itself


def test_a_shape_that_ends_early_is_named(load_config: Build) -> None:
    done = run(
        load_config,
        """
class Short(LoadTestShape):
    def tick(self):
        return (3, 100) if self.get_run_time() < 1 else None
""",
        duration_s=20.0,
    )
    assert done.told["ended_by"] == "its load shape Short ended it (tick returned None)"
    assert done.told["lasted_s"] < done.told["asked_s"] - 1
    assert done.told["shape"]["ended_s"] > 0


@pytest.mark.parametrize(
    ("tick", "said"),
    [
        ("raise KeyError('stage')", "its load shape Odd failed: KeyError: 'stage' ("),
        ("return 5", "its load shape Odd gave 5, of which Locust says: TypeError"),
        ("return (2, 100) if self.get_run_time() < 1 else (1,)", "its load shape Odd gave (1,), of which Locust says"),
    ],
)
def test_a_shape_that_breaks_is_named(load_config: Build, tick: str, said: str) -> None:
    done = run(
        load_config,
        f"""
class Odd(LoadTestShape):
    def tick(self):
        {tick}
""",
        duration_s=20.0,
    )
    found = done.told["ended_by"] if "done" in done.events else done.events["error"][0]["message"]
    assert said in found


@pytest.mark.parametrize(
    ("body", "code", "how"),
    [
        ("environment.process_exit_code = 1", 1, "environment.process_exit_code = 1"),
        ("sys.exit(3)", 3, "sys.exit(3) ("),
        ("environment.process_exit_code = 0", 0, "environment.process_exit_code = 0"),
        ("environment.process_exit_code = None", None, ""),
        ("environment.process_exit_code = True", 1, "environment.process_exit_code = True"),
        ("environment.process_exit_code = 77", 77, "environment.process_exit_code = 77"),
        ("environment.process_exit_code = 'bad'", 1, "environment.process_exit_code = 'bad'"),
        ("sys.exit('too many failures')", 1, "sys.exit('too many failures') ("),
        ("sys.exit()", 0, "sys.exit() ("),
    ],
)
@pytest.mark.parametrize("event", ["quitting", "quit"])
def test_the_verdict_that_a_file_sets_is_told(load_config: Build, event: str, body: str, code: Any, how: str) -> None:
    done = run(
        load_config,
        f"""
ENVIRONMENT = []
events.init.add_listener(lambda environment, **_: ENVIRONMENT.append(environment))

@events.{event}.add_listener
def judge(**_):
    environment = ENVIRONMENT[0]
    {body}
""",
    )
    assert done.told["exit_code"] == code
    assert done.told["exit_said"].startswith(how)
    assert done.told["ended_by"] == ""


def test_failed_requests_alone_are_no_verdict_of_the_file(load_config: Build) -> None:
    done = run(
        load_config,
        """
@task
def fail(self):
    fire(self.environment, exception=ValueError("no"))
Visitor.tasks = [fail]
""",
    )
    assert done.told["exit_code"] is None
    assert done.events["done"][0]["unknown"] > 0


@pytest.mark.parametrize(
    ("stops", "said"),
    [
        ("self.environment.runner.quit()", "the locustfile stopped it (THEIRS:"),
        ("self.environment.runner.stop()", "the locustfile stopped it (THEIRS:"),
        ("sys.exit(5)", "the locustfile called sys.exit(5) (THEIRS:"),
    ],
)
def test_a_file_that_ends_the_load_is_named_with_its_line(load_config: Build, stops: str, said: str) -> None:
    done = run(
        load_config,
        f"""
@task
def leave(self):
    fire(self.environment)
    {stops}
Visitor.tasks = [leave]
""",
        duration_s=3.0,
    )
    theirs = str(load_config().out_dir) + "/theirs.py"
    assert said.replace("THEIRS", theirs) in done.told["ended_by"]
    assert done.told["exit_code"] == (5 if "exit" in stops else None)


@pytest.mark.parametrize(
    ("stops", "why", "broke"),
    [
        ("raise StopUser()", "StopUser, or the end of its greenlet", 0),
        ("gevent.getcurrent().kill()", "StopUser, or the end of its greenlet", 0),
    ],
)
def test_users_that_stop_are_counted(load_config: Build, stops: str, why: str, broke: int) -> None:
    done = run(
        load_config,
        f"""
@task
def leave(self):
    fire(self.environment)
    {stops}
Visitor.tasks = [leave]
""",
    )
    users = done.told["users"]
    assert (users["started"], users["ended"], users["broke"], users["why"]) == (2, 2, broke, why)
    assert users["last_s"] < 1.0
    assert done.told["ended_by"] == ""


def test_a_user_that_cannot_start_is_told_with_its_line(load_config: Build) -> None:
    done = run(
        load_config,
        """
    def on_start(self):
        raise KeyError("token")
""",
    )
    users = done.told["users"]
    assert (users["started"], users["ended"], users["broke"]) == (2, 2, 2)
    assert users["why"].startswith("KeyError: 'token' (")
    assert users["why"].endswith("in on_start)")
    assert done.events["done"][0]["task_errors"] == 2


@pytest.mark.parametrize("kind", ["User", "TaskSet"])
def test_what_a_user_raises_at_its_end_is_told(load_config: Build, kind: str) -> None:
    method = """
    def on_stop(self):
        raise KeyError("bye")
"""
    tasks = f"""
class Tasks(TaskSet):
    @task
    def buy(self):
        fire(self.user.environment)
{method}
Visitor.tasks = [Tasks]
"""
    done = run(load_config, method if kind == "User" else tasks)
    assert done.events["done"][0]["task_errors"] == 2
    assert done.events["done"][0]["task_error"].startswith("KeyError: 'bye' (")
    assert done.told["users"]["ended"] == 0


@pytest.mark.parametrize(
    "event",
    [
        "request",
        *("test_start", "spawning_complete", "test_stop", "quitting"),
    ],
)
def test_a_listener_that_breaks_is_told_with_its_line(load_config: Build, event: str) -> None:
    done = run(
        load_config,
        f"""
@events.{event}.add_listener
def prepare(**_):
    raise KeyError("table")
""",
    )
    assert done.told["listener_errors"] >= 1
    assert done.told["listener_error"].startswith("KeyError: 'table' (")
    assert done.told["listener_error"].endswith("in prepare)")
    assert done.events["done"][0]["ok"] == len(done.ops) > 0


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("test_stop", "it had not returned when the load was over ("),
        ("quitting", "TimeoutError: it had not returned 10 s after"),
    ],
)
def test_a_listener_that_never_returns_is_told_with_its_line(load_config: Build, event: str, why: str) -> None:
    done = run(
        load_config,
        f"""
import gevent
@events.{event}.add_listener
def wait(**_):
    gevent.sleep(3600)
""",
    )
    assert done.told["listener_errors"] == 1
    assert done.told["listener_error"].startswith(why)
    assert "theirs.py:" in done.told["listener_error"]
    assert "in wait)" in done.told["listener_error"]


@pytest.mark.parametrize("event", ["init", "test_start"])
def test_a_file_that_ends_the_program_before_the_load_is_an_error_with_its_line(load_config: Build, event: str) -> None:
    done = run(
        load_config,
        f"""
@events.{event}.add_listener
def prepare(**_):
    sys.exit("no data")
""",
    )
    (error,) = done.events["error"]
    assert error["refused"]
    assert "sys.exit('no data')" in error["message"]
    assert "in prepare)" in error["message"]


def test_a_file_that_cannot_be_imported_is_an_error_with_its_line(load_config: Build) -> None:
    done = run(load_config, "\nimport nowhere_to_be_found\n")
    (error,) = done.events["error"]
    assert "No module named 'nowhere_to_be_found'" in error["message"]
    assert "theirs.py:" in error["message"]


def test_a_listener_of_init_that_breaks_is_an_error_with_its_line(load_config: Build) -> None:
    done = run(
        load_config,
        """
@events.init.add_listener
def prepare(**_):
    raise KeyError("table")
""",
    )
    (error,) = done.events["error"]
    assert "a listener of the locustfile failed: KeyError: 'table' (" in error["message"]
    assert error["message"].endswith("in prepare)")
