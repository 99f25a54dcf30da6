"""Locustfiles that print what they like, shape the load and give a verdict of their own, on a real engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cluster.platform.docker_platform import DockerPlatform
from scenarios.run.run import Run, require_images
from scenarios.schema.read import read_scenario

pytestmark = pytest.mark.engine

SCENARIO = """\
name: theirs
teaches: what the tests want to know
topology: single
mesh: direct
workload: {locustfile: theirs.py}
load: {duration: 6s, connections: 3}
gates: {cpu_pressure: 100, steal_percent: 100}
"""
THEIRS = r"""
import os, sys, time
import pymysql
from locust import LoadTestShape, User, constant, events, task

print('{"event": "error"}')
sys.stdout.write('{"event": "second", "t_s"')
os.write(1, b"\xff\xfe" + b"x" * 100_000 + b"\n")

class Visitor(User):
    wait_time = constant(0.05)
    flooded = False

    def on_start(self):
        place = {"host": os.environ["MYSQL_HOST"], "port": int(os.environ["MYSQL_TCP_PORT"])}
        self.session = pymysql.connect(**place, user=os.environ["MYSQL_USER"], password=os.environ["MYSQL_PWD"])
        self.asked = 0

    @task
    def look(self):
        begin = time.perf_counter()
        with self.session.cursor() as cursor:
            cursor.execute("SELECT 1")
        self.asked += 1
        name = ("look", "two\nlines", "<script>alert(1)</script>", None, f"number {self.asked}")[self.asked % 5]
        fire = self.environment.events.request.fire
        told = {"request_type": "sql", "response_length": 0, "exception": None}
        fire(name=name, response_time=(time.perf_counter() - begin) * 1000, **told)
        print('{"event": "done"}', self.asked)
        if self.asked == 3 and not Visitor.flooded:
            Visitor.flooded = True
            os.system("yes '{\"event\": \"error\"}' | head -n 20000")
            fire(name=name, response_time=1e9, **told)
"""
VERDICT = """
@events.quitting.add_listener
def judge(environment, **_):
    environment.process_exit_code = 1
"""
SHAPE = """
class Steps(LoadTestShape):
    def tick(self):
        return (3 if self.get_run_time() < 2 else 1, 10) if self.get_run_time() < END else None
"""


def run(folder: Path, theirs: str) -> Run:
    (folder / "theirs.py").write_text(theirs)
    (folder / "theirs.yaml").write_text(SCENARIO)
    scenario = read_scenario(str(folder / "theirs.yaml"))
    platform = DockerPlatform()
    require_images(scenario, platform)
    return Run(scenario, platform=platform, runs=folder / "runs", command=["meshbench", "run", "theirs.yaml"])


def test_what_a_locustfile_prints_ends_no_run_and_its_exit_code_fails_it(tmp_path: Path) -> None:
    one = run(tmp_path, THEIRS + SHAPE.replace("END", "99") + VERDICT)
    summary = one.execute(lambda _: None)
    assert summary["verdict"] == "fail", summary["headline"]
    (verdict,) = [check for check in summary["checks"] if check["name"] == "locustfile"]
    assert verdict["finding"] == "locustfile failed: environment.process_exit_code = 1."
    told = summary["generator"]["locustfile"]
    assert told["refused_requests"] == {"begun before the load did, by its response_time": 1}
    assert summary["write_outage_ms"] is not None
    assert summary["write_outage_ms"] is not None
    assert summary["write_outage_ms"] < 6000
    assert summary["load_model"]["shape"].startswith("Steps: 3 users from 0 s, 1 from ")
    log = (one.folder / "logs" / "load1-locust.log").read_text(errors="replace")
    assert log.count('{"event": "error"}') > 10_000, "the end of a long log is kept"
    assert "<script>alert" not in (one.folder / "report.html").read_text()
    manifest = json.loads((one.folder / "manifest.json").read_text())
    assert manifest["load"]["complete"]


def test_a_shape_that_ends_early_is_void_with_its_name(tmp_path: Path) -> None:
    summary = run(tmp_path, THEIRS + SHAPE.replace("END", "3")).execute(lambda _: None)
    assert summary["verdict"] == "void"
    (reason,) = [one for one in summary["void_reasons"] if "shape" in one]
    assert reason.endswith("of 6 s: its load shape Steps ended it (tick returned None)")
