"""What `meshbench serve` answers, and what it does not: other hosts, hidden files, ways out of the runs folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from reports.schema import validate
from scenarios.live.state import ClusterSeen, DecisionSeen, EndpointSeen, FaultSeen, PhaseSeen, PodSeen, ProxySeen
from scenarios.serve import app
from scenarios.serve.app import create_app
from scenarios.serve.clusters import ClustersSeen
from tests.checks.conftest import Run, write
from tests.scenarios.live.publishing import ZERO_NS, eventually, publisher, second

RUN = "tiny/20261128T010203Z-7"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    runs = tmp_path / "runs"
    (runs / RUN / "logs").mkdir(parents=True)
    (runs / RUN / "report.html").write_text("<h1>the report</h1>")
    (runs / RUN / "faults.jsonl").write_text("{}\n")
    (runs / RUN / "logs" / "node1<b>.log").write_text("<script>alert(1)</script>")
    (runs / ".live").mkdir()
    (runs / ".live" / "hidden.json").write_text("{}")
    (tmp_path / "secret.txt").write_text("not for you")
    (runs / "latest").symlink_to(RUN)
    (runs / "out").symlink_to(tmp_path / "secret.txt")
    return runs


def client(runs: Path, seen: ClustersSeen | None = None) -> FlaskClient:
    return create_app(runs, clusters=lambda: seen or ClustersSeen()).test_client()


def test_the_console_is_the_front_page_and_where_there_is_none_it_says_how_to_make_it(runs: Path) -> None:
    without = client(runs).get("/", buffered=True)
    assert without.status_code == 200
    assert "meshbench index" in without.text
    assert 'href="tiny/"' in without.text
    (runs / "index.html").write_text("<h1>the console</h1>")
    assert client(runs).get("/", buffered=True).text == "<h1>the console</h1>"
    assert "nothing is in it" in client(runs / "none").get("/", buffered=True).text


def test_a_run_s_folder_shows_its_report_and_its_files(runs: Path) -> None:
    asking = client(runs)
    assert asking.get(f"/{RUN}", buffered=True).headers["Location"] == f"/{RUN}/"
    assert asking.get(f"/{RUN}/", buffered=True).text == "<h1>the report</h1>"
    assert asking.get("/latest/", buffered=True).text == "<h1>the report</h1>"
    lines = asking.get(f"/{RUN}/faults.jsonl", buffered=True)
    assert (lines.text, lines.mimetype) == ("{}\n", "text/plain")
    listing = asking.get(f"/{RUN}/logs/", buffered=True)
    assert "node1&lt;b&gt;.log" in listing.text
    log = asking.get(f"/{RUN}/logs/node1<b>.log", buffered=True)
    assert log.mimetype == "text/plain"
    assert log.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in log.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        f"/{RUN}/../../../secret.txt",
        f"/{RUN}/%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2fetc%2fpasswd",
        "/out",
        "/.live/hidden.json",
        f"/{RUN}/none",
        "/a%00b",
        "/" + "x" * 5000,
    ],
)
def test_what_is_not_in_the_runs_folder_is_not_there(runs: Path, path: str) -> None:
    answer = client(runs).get(path, follow_redirects=True, buffered=True)
    assert answer.status_code == 404
    assert "not for you" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "198.51.100.7:8089", ""])
@pytest.mark.parametrize("path", ["/", "/live", "/api/live", f"/{RUN}/report.html"])
def test_another_name_than_this_machine_s_own_is_refused(runs: Path, path: str, host: str) -> None:
    answer = client(runs).get(path, headers={"Host": host}, buffered=True)
    assert answer.status_code == 400
    assert "the report" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8089", "localhost:9000", "localhost"])
def test_this_machine_s_own_names_are_answered_whatever_the_port(runs: Path, host: str) -> None:
    assert client(runs).get("/live", headers={"Host": host}, buffered=True).status_code == 200


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_nothing_can_be_changed(runs: Path, verb: str) -> None:
    assert getattr(client(runs), verb)(f"/{RUN}/faults.jsonl").status_code == 405


def test_the_live_page_asks_nobody_but_this_server(runs: Path) -> None:
    page = client(runs).get("/live", buffered=True).text
    assert 'fetch("/api/live"' in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


@pytest.mark.slow
def test_what_is_running_keeps_its_schema(runs: Path) -> None:
    pod = PodSeen(name="node1", at_ns=1, up=True, role="primary", state="ONLINE", read_only=False, lag_ms=0.5)
    pools = {"write": {"node1": EndpointSeen(healthy=True, connections=3)}}
    cluster = ClusterSeen(
        name="group",
        run_id="xyz",
        at_ns=2,
        pods=(pod, PodSeen(name="node2", at_ns=1, up=False)),
        proxies=(ProxySeen(name="gateway", at_ns=1, up=True, pools=pools),),
        decisions=(DecisionSeen(at_ns=1, event="promoted", epoch=1, pod="node1"),),
    )
    other = ClusterSeen(name="old", run_id="o", at_ns=2, problem="its pods ended when the machine did")
    phases = (PhaseSeen(name="boot", began_ns=1, ended_ns=2), PhaseSeen(name="load", began_ns=2, expected_s=60.0))
    steps = {"planned": None, "injected": ZERO_NS}
    fault = FaultSeen(
        id=0, kind="fault", fault="kill", target="primary", pod="node1", steps=steps, ok=True, active=True
    )
    asking = client(runs, ClustersSeen(clusters=(cluster, other), problem="the engine does not answer"))
    validate(asking.get("/api/live", buffered=True).json, "live")  # type: ignore[arg-type]
    with publisher(runs, phases=phases, faults=(fault,), pods=(pod,)) as live:
        live.second(second(1.0, responses={"500": 3}))
        content = eventually(lambda: (told := asking.get("/api/live").json) and told["runs"] and told)
    validate(content, "live")
    assert content["runs"][0]["load"]["achieved"] == 100
    assert content["runs"][0]["phases"][1]["name"] == "load"
    assert [one["problem"] for one in content["clusters"]] == [None, "its pods ended when the machine did"]


def test_a_file_that_cannot_be_read_is_said(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "report.html")

    monkeypatch.setattr(app, "send_file", denied)
    answer = client(runs).get(f"/{RUN}/report.html", buffered=True)
    assert (answer.status_code, answer.text) == (403, "403: report.html: Permission denied\n")


def test_one_transfer_is_told_on_a_page(runs: Path) -> None:
    run = Run()
    run.transfer("mine", gtid="3e11fa47-71ca-11e1-9e33-c80aa9429562:7")
    run.transfer("<b>", outcome="fail", error="<script>")
    write(runs / "tiny" / "2", run.history())
    asking = client(runs)
    page = asking.get("/trace", query_string={"run": "tiny/2", "key": "mine"}).text
    assert "stored: acknowledged, and on every node in service" in page
    assert "GTID 3e11fa47" in page
    nasty = asking.get("/trace", query_string={"run": "tiny/2", "key": "<b>"}).text
    assert "&lt;script&gt;" in nasty
    assert "<b>" not in nasty
    assert "no operation has the key" in asking.get("/trace", query_string={"run": "tiny/2", "key": "none"}).text
    assert "there is no ../secret" in asking.get("/trace", query_string={"run": "../secret", "key": "k"}).text
    assert "<form" in asking.get("/trace").text
