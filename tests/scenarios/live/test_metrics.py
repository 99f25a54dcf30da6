"""What Prometheus is told while a run goes: OpenMetrics that its own parser reads, and all that the dashboard needs."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from cluster.errors import ConfigurationError
from cluster.plain_http import open_url
from scenarios.cli.cli import main
from scenarios.live import publisher as publishing
from scenarios.live.metrics import Live, exporting
from scenarios.live.state import DecisionSeen, EndpointSeen, FaultSeen, PodSeen, ProxySeen, Snapshot
from tests.scenarios.live.publishing import publisher, second

DASHBOARD = Path(__file__).parents[3] / "docs" / "grafana" / "meshbench-live.json"


def full(tmp_path: Path) -> Snapshot:
    """A run of which everything is known."""
    pods = (
        PodSeen(name="node1", at_ns=1, up=False),
        PodSeen(name="node2", at_ns=1, up=True, role="primary", state="ONLINE", read_only=False, lag_ms=1500.0),
    )
    pools = {"write": {"node2": EndpointSeen(healthy=True, connections=32)}}
    steps: dict[str, int | None] = {"planned": 1, "injected": 2}
    strikes = [
        FaultSeen(
            id=number, kind="fault", fault="kill", target="primary", pod="node1", steps=steps, ok=True, active=active
        )
        for number, active in enumerate((True, False))
    ]
    live = publisher(
        tmp_path,
        pods=pods,
        proxies=(ProxySeen(name="gateway", at_ns=1, up=True, pools=pools),),
        faults=tuple(strikes),
        decisions=(DecisionSeen(at_ns=1, event="promoted", epoch=4, pod="node2"),),
        scenario='odd "name"\n',
    )
    with live.phase("boot"):
        pass
    with live.phase("load"):
        live.second(second(1.0, ok=200, fail=5, refused=2, unknown=1, backlog=7, responses={"500": 200}))
        return live.snapshot()


def exposed(snapshot: Snapshot | None) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    registry = CollectorRegistry()
    registry.register(Live(lambda: snapshot))
    text = generate_latest(registry).decode()  # type: ignore[no-untyped-call]
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    samples = [one for family in families for one in family.samples]
    found = {(one.name, tuple(sorted(one.labels.items()))): float(one.value) for one in samples}
    assert len(found) == len(samples)  # no series twice
    return found


def test_a_run_is_told_in_numbers_that_prometheus_reads(tmp_path: Path) -> None:
    found = exposed(full(tmp_path))
    of = {(name.removeprefix("meshbench_live_"), labels): value for (name, labels), value in found.items()}
    assert of["running", ()] == 1
    assert of["phase", (("phase", "load"),)] == 1
    assert of["phase", (("phase", "boot"),)] == 0
    assert of["operations_total", (("outcome", "achieved"),)] == 200
    assert of["operations_total", (("outcome", "failed"),)] == 3
    assert of["offered_operations_total", ()] == 205
    assert of["backlog", ()] == 7
    assert of["response_seconds", (("quantile", "0.99"),)] == pytest.approx(1.02**500 / 1e6, rel=1e-3)
    assert of["pod_up", (("pod", "node1"),)] == 0
    assert of["pod_primary", (("pod", "node2"),)] == 1
    assert of["pod_lag_seconds", (("pod", "node2"),)] == 1.5
    assert ("pod_lag_seconds", (("pod", "node1"),)) not in of
    assert of["sessions", (("pod", "node2"), ("pool", "write"), ("proxy", "gateway"))] == 32
    assert of["fault_active", (("fault", "kill"), ("pod", "node1"), ("target", "primary"))] == 1
    assert of["epoch", ()] == 4
    assert any(name == "run_info" and ("scenario", 'odd "name"\n') in labels for name, labels in of)


def test_between_two_runs_only_that_is_told() -> None:
    assert exposed(None) == {("meshbench_live_running", ()): 0.0}


def test_every_metric_that_the_dashboard_asks_for_is_exported(tmp_path: Path) -> None:
    exported = {name for name, _ in exposed(full(tmp_path))}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"\bmeshbench_\w+", target["expr"])
    }
    assert len(asked) > 10
    assert asked <= exported
    assert exported <= asked  # and it shows all there is


def test_labels_that_the_dashboard_shows_are_those_of_the_metric(tmp_path: Path) -> None:
    labels: dict[str, set[str]] = {}
    for name, pairs in exposed(full(tmp_path)):
        labels.setdefault(name, set()).update(label for label, _ in pairs)
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            (name,) = re.findall(r"\bmeshbench_\w+", target["expr"])
            assert set(re.findall(r"{{(\w+)}}", target["legendFormat"])) <= labels[name], panel["title"]


@pytest.mark.slow
def test_they_are_served_while_the_block_lasts_and_say_what_runs_then(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Accept": "application/openmetrics-text"}
    )
    with exporting(f"127.0.0.1:{port}"):
        with open_url(request, timeout_s=20) as answer:
            assert answer.headers["Content-Type"].split(";")[0] == CONTENT_TYPE_LATEST.split(";")[0]
            assert "meshbench_live_running 0.0" in answer.read().decode()
        with publisher(tmp_path), open_url(request, timeout_s=20) as answer:
            assert "meshbench_live_running 1.0" in answer.read().decode()
        assert publishing.running() is None
    with pytest.raises(OSError, match="refused"):
        open_url(request, timeout_s=20)


@pytest.mark.parametrize("place", ["9464", ":9464", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x", ""])
def test_a_place_that_is_none_is_one_line(place: str) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"expected ADDRESS:PORT, such as 127\.0\.0\.1:9464") as told,
        exporting(place),
    ):
        pytest.fail("nothing may begin")
    assert "\n" not in str(told.value)


def test_a_port_in_use_ends_the_command_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main(["run", "steady", "--metrics", place, "--runs", str(tmp_path / "runs")]) == 2
    said = capsys.readouterr().err
    assert (
        said
        == f"meshbench: --metrics {place}: cannot listen there: Address already in use; give another ADDRESS:PORT\n"
    )
    assert not (tmp_path / "runs").exists()
