"""The whole worker as the pod starts it, Locust and PyMySQL included, on a server that only speaks MySQL's protocol."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from history.ops_file import FILE_NAME, read_ops
from loadgen.config import LoadConfig, WorkloadConfig

Build = Callable[..., LoadConfig]
LOCUSTFILE = Path(__file__).parents[3] / "loadgen" / "worker" / "locustfile.py"


def start(config: LoadConfig, *options: str) -> subprocess.Popen[str]:
    file = Path(config.out_dir) / "load.json"
    file.write_text(config.to_json())
    return start_with(file, *options)


def start_with(config_file: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "loadgen.worker.start", "-f", str(LOCUSTFILE)),
            *("--headless", "--only-summary", "--load-config", str(config_file)),
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def wait_for(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found["event"] == event:
            return found
    raise AssertionError(f"the worker ended without {event}")


def test_a_run_from_ready_to_done(load_config: Build, start_mysql: Any, read_events: Any) -> None:
    server = start_mysql()
    config = load_config(endpoints=(server.endpoint,), rate=200, duration_s=0.5)
    process = start(config)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    events = read_events(stdout)
    assert events["ready"] == [{"event": "ready", "connected": 4}]
    (done,) = events["done"]
    ops = read_ops(Path(config.out_dir) / FILE_NAME)
    assert done["offered"] == done["ok"] == len(ops) == sum(second["ok"] for second in events["second"])
    assert done["connections_opened"] == 4
    assert done["cpu_s"] > 0
    assert set(done["lateness_ms"]) == {"p50", "p90", "p99", "p999", "max"}
    (started,) = events["started"]
    assert all(op["intended_ns"] >= started["zero_ns"] and op["server"] == "fake" for op in ops)
    assert set(Counter(op["f"] for op in ops)) == {"read", "transfer"}
    assert events["second"][-1]["connections_opened"] == 4
    # Nobody looks at Locust's statistics here, so they cost nothing: its summary, on standard error, is empty.
    (aggregated, *_) = (line.split() for line in stderr.splitlines() if line.lstrip().startswith("Aggregated"))
    assert int(aggregated[1]) == 0


@pytest.mark.slow
def test_locust_counts_what_somebody_wants_to_see(load_config: Build, start_mysql: Any, tmp_path: Path) -> None:
    config = load_config(endpoints=(start_mysql().endpoint,), rate=200, duration_s=0.3)
    process = start(config, "--json-file", str(tmp_path / "locust"))
    _, stderr = process.communicate(timeout=60)
    ops = read_ops(Path(config.out_dir) / FILE_NAME)
    assert process.returncode == 0, stderr
    counted = json.loads((tmp_path / "locust.json").read_text())
    assert {kind["name"]: kind["num_requests"] for kind in counted} == Counter(op["f"] for op in ops)


@pytest.mark.slow
def test_a_cut_at_commit_is_unknown_and_elsewhere_fail(load_config: Build, start_mysql: Any) -> None:
    server = start_mysql()

    seen: Counter[str] = Counter()

    def cut(sql: str) -> bool:
        seen[sql] += 1
        return (sql, seen[sql]) in (("COMMIT", 3), ("BEGIN", 6))

    server.cut_at = cut
    config = load_config(endpoints=(server.endpoint,), rate=100, duration_s=0.3, read_share=0)
    process = start(config)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    odd = [op for op in read_ops(Path(config.out_dir) / FILE_NAME) if op["outcome"] != "ok"]
    assert sorted((op["outcome"], op["errno"]) for op in odd) == [("fail", 2013), ("unknown", 2013)]


@pytest.mark.slow
def test_sigterm_stops_arrivals_and_drains(load_config: Build, start_mysql: Any, read_events: Any) -> None:
    config = load_config(endpoints=(start_mysql().endpoint,), duration_s=600)
    process = start(config)
    wait_for(process, "started")
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    (done,) = read_events(stdout)["done"]
    assert done["offered"] == done["ok"] == len(read_ops(Path(config.out_dir) / FILE_NAME))


@pytest.mark.slow
def test_sigkill_loses_at_most_100_ms(load_config: Build, start_mysql: Any) -> None:
    server = start_mysql()
    config = load_config(endpoints=(server.endpoint,), duration_s=600, read_share=0)
    commits = threading.Semaphore(0)

    def count(sql: str) -> bool:
        if sql == "COMMIT":
            commits.release()
        return False

    server.cut_at = count
    process = start(config)
    # The kill must come at a moment of its own, not just after a flush: so it is the server's count that triggers it.
    for number in range(60):
        assert commits.acquire(timeout=5), f"the server saw {number} commits, expected 60"
    process.kill()
    killed_ns = time.monotonic_ns()
    process.communicate()
    ops = read_ops(Path(config.out_dir) / FILE_NAME)
    # Arrivals come every 5 ms on average; what is above 100 ms is for them and for a busy machine.
    assert ops
    assert killed_ns - max(op["end_ns"] for op in ops) < 150e6


@pytest.mark.slow
def test_a_refused_login_is_exit_3(load_config: Build, start_mysql: Any, read_events: Any) -> None:
    server = start_mysql()
    server.greeting_errno = 1045
    process = start(load_config(endpoints=(server.endpoint,)))
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "1045" in read_events(stdout)["error"][0]["message"]


@pytest.mark.slow
def test_a_server_that_takes_no_more_sessions_ends_the_load_before_it_begins(
    load_config: Build, start_mysql: Any, read_events: Any
) -> None:
    server = start_mysql()
    server.greeting_errno, server.takes = 1040, 3  # one of them looks whether this is the database
    process = start(load_config(endpoints=(server.endpoint,), connections=4))
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    events = read_events(stdout)
    assert "started" not in events
    assert "opened 2 of 4 connections, then the server refused" in events["error"][0]["message"]
    assert "mysql.config.max_connections" in events["error"][0]["message"]


@pytest.mark.slow
def test_a_bad_configuration_is_exit_2(tmp_path: Path, read_events: Any) -> None:
    file = tmp_path / "load.json"
    file.write_text("{}")
    process = start_with(file)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert list(read_events(stdout)) == ["error"]


BROKEN = """\
from loadgen.workload import Op

class Mine:
    def __init__(self, options): pass
    def setup(self, connection, *, seed): pass
    def check(self, session): pass
    def next(self, rng, key): return Op(f="read", key=key, value=None)
    def run(self, session, op):
        return session.fetch("SELECT %s", (object, 1))
    def final_queries(self): return {}
"""


@pytest.mark.slow
def test_a_defect_of_the_user_s_own_workload_is_told_with_its_line(
    load_config: Build, start_mysql: Any, read_events: Any, tmp_path: Path
) -> None:
    own = tmp_path / "own.py"
    own.write_text(BROKEN)
    workload = WorkloadConfig(name=f"{own}:Mine", isolation="repeatable-read")
    process = start(load_config(endpoints=(start_mysql().endpoint,), workload=workload))
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    (error,) = read_events(stdout)["error"]
    assert error["refused"]
    assert "own.py:Mine.run failed: TypeError: " in error["message"]
    assert error["message"].endswith(f"({own}:9, in run)")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "said"), [("sys.exit(3)", "3"), pytest.param("sys.exit('enough')", "enough", marks=pytest.mark.slow)]
)
def test_a_workload_that_ends_the_program_is_told_with_its_line(
    load_config: Build, start_mysql: Any, read_events: Any, tmp_path: Path, stop: str, said: str
) -> None:
    own = tmp_path / "own.py"
    own.write_text("import sys\n" + BROKEN.replace('return session.fetch("SELECT %s", (object, 1))', stop))
    workload = WorkloadConfig(name=f"{own}:Mine", isolation="repeatable-read", options={})
    process = start(load_config(endpoints=(start_mysql().endpoint,), workload=workload))
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    (error,) = read_events(stdout)["error"]
    assert error["refused"]
    assert error["message"].endswith(f"own.py:Mine.run failed: SystemExit: {said} ({own}:10, in run)")


@pytest.mark.slow
def test_what_a_workload_prints_is_no_event(
    load_config: Build, start_mysql: Any, read_events: Any, tmp_path: Path
) -> None:
    own = tmp_path / "own.py"
    prints = "print('{\"event\": \"error\"}'); return session.fetch('SELECT 1')"
    own.write_text(BROKEN.replace('return session.fetch("SELECT %s", (object, 1))', prints))
    workload = WorkloadConfig(name=f"{own}:Mine", isolation="repeatable-read", options={})
    process = start(load_config(endpoints=(start_mysql().endpoint,), workload=workload, duration_s=0.5))
    stdout, stderr = process.communicate(timeout=60)
    assert "error" not in read_events(stdout)
    assert read_events(stdout)["done"][0]["offered"] > 0
    assert stderr.count('{"event": "error"}') > 0


def test_the_host_side_imports_neither_locust_nor_gevent() -> None:
    code = (
        "import sys, loadgen.workloads.transfer, loadgen.config, loadgen.driver.recorder;"
        "import loadgen.client.client, loadgen.worker.warmup;"
        "sys.exit(bool({'locust', 'gevent'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
