"""What is under way, for Prometheus: `meshbench run … --metrics 127.0.0.1:9464` answers ``/metrics`` while it runs.

The same snapshot as the live page's, asked for at each scrape; between two runs of one command there is no run, and
only `meshbench_live_running` says so. Labels are names of a topology, a scenario's faults or phases: a handful each. A
run's id and folder are labels of `meshbench_live_run_info` alone, so that series go on from run to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from cluster.errors import ConfigurationError
from scenarios.live.publisher import running
from scenarios.live.state import LoadSeen, PodSeen, ProxySeen, Snapshot

PORT = 9464
PREFIX = "meshbench_live_"
Values = Iterable[tuple[tuple[str, ...], float | None]]
Family = TypeVar("Family", CounterMetricFamily, GaugeMetricFamily)


@contextmanager
def exporting(place: str | None) -> Iterator[None]:
    """Answer at an ``ADDRESS:PORT`` of this machine while the block lasts; None: nowhere. Raises ConfigurationError
    where that cannot be, before anything else has begun."""
    if place is None:
        yield
        return
    address, port = _place(place)
    registry = CollectorRegistry()
    registry.register(Live(running))
    try:
        server, thread = start_http_server(port, address, registry)
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigurationError(f"--metrics {place}: cannot listen there: {why}; give another ADDRESS:PORT") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _place(place: str) -> tuple[str, int]:
    address, colon, port = place.rpartition(":")
    if not colon or not address or not port.isdecimal() or not 0 < int(port) <= 65535:
        raise ConfigurationError(f"--metrics {place}: expected ADDRESS:PORT, such as 127.0.0.1:{PORT}")
    return address.strip("[]"), int(port)


class Live(Collector):
    """snapshot: of the run that is under way, None between two."""

    def __init__(self, snapshot: Callable[[], Snapshot | None]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        now = self._snapshot()
        yield _gauge("running", "1 while a run is under way.", (), [((), float(now is not None))])
        if now is not None:
            yield from _run(now)
            yield from _load(now.load)
            yield from _pods(now.pods)
            yield from _proxies(now.proxies)


def _run(now: Snapshot) -> Iterator[Metric]:
    words = {name: str(getattr(now, name)) for name in ("scenario", "topology", "mesh", "workload", "seed", "folder")}
    yield InfoMetricFamily(f"{PREFIX}run", "What is under way.", value=words)
    lasting = now.phase
    names = dict.fromkeys(phase.name for phase in now.phases)
    phases = [((name,), float(lasting is not None and name == lasting.name)) for name in names]
    yield _gauge("phase", "1 for the phase that the run is in.", ("phase",), phases)
    faults: dict[tuple[str, ...], float | None] = {}
    for one in now.faults:  # the same may strike twice
        labels = (one.fault, one.target, one.pod or "")
        faults[labels] = max(float(one.active), faults.get(labels) or 0.0)
    yield _gauge("fault_active", "1 while a fault is in force.", ("fault", "target", "pod"), faults.items())
    epoch = float(now.decisions[-1].epoch) if now.decisions else None
    yield _gauge("epoch", "Of the control plane; it rises with every change of who leads.", (), [((), epoch)])


def _load(load: LoadSeen) -> Iterator[Metric]:
    outcomes = ("achieved", "failed", "refused", "unknown")
    counts = [((name,), float(getattr(load, name))) for name in outcomes]
    yield _filled(
        CounterMetricFamily(f"{PREFIX}operations", "Operations that have ended, by outcome.", labels=["outcome"]),
        counts,
    )
    offered = CounterMetricFamily(f"{PREFIX}offered_operations", "Operations that were due.", labels=[])
    yield _filled(offered, [((), float(load.offered))])
    last = load.seconds[-1] if load.seconds else None
    for name, words in (("backlog", "Operations that wait for a connection."), ("in_flight", "Operations under way.")):
        yield _gauge(name, words, (), [((), None if last is None else float(getattr(last, name)))])
    quantiles = [(("0.5",), load.response_p50_ms), (("0.99",), load.response_p99_ms)]
    over = "Response time of the last five seconds, by quantile."
    yield _gauge("response_seconds", over, ("quantile",), [(name, _seconds(ms)) for name, ms in quantiles])


#: Of every pod: name, words, value.
_OF_PODS: tuple[tuple[str, str, Callable[[PodSeen], float | None]], ...] = (
    ("pod_up", "1 where a pod answers.", lambda pod: float(pod.up)),
    ("pod_primary", "1 where a pod says that it is a primary.", lambda pod: float(pod.role == "primary")),
    ("pod_writable", "1 where a pod takes writes.", lambda pod: float(pod.up and pod.read_only is False)),
    ("pod_lag_seconds", "How far a replica's applier is behind.", lambda pod: _seconds(pod.lag_ms)),
)


def _pods(pods: Iterable[PodSeen]) -> Iterator[Metric]:
    said = list(pods)
    for name, words, of in _OF_PODS:
        yield _gauge(name, words, ("pod",), [((pod.name,), of(pod)) for pod in said])


def _proxies(proxies: Iterable[ProxySeen]) -> Iterator[Metric]:
    said = list(proxies)
    up = [((proxy.name,), float(proxy.up)) for proxy in said]
    yield _gauge("proxy_up", "1 where a proxy answers.", ("proxy",), up)
    endpoints = [
        ((proxy.name, pool, pod), seen)
        for proxy in said
        for pool, pods in proxy.pools.items()
        for pod, seen in pods.items()
    ]
    labels = ("proxy", "pool", "pod")
    healthy = [(where, float(seen.healthy)) for where, seen in endpoints]
    yield _gauge("endpoint_healthy", "1 where a proxy sends sessions.", labels, healthy)
    sessions = [(where, float(seen.connections)) for where, seen in endpoints]
    yield _gauge("sessions", "Open sessions of a proxy.", labels, sessions)


def _gauge(name: str, words: str, labels: tuple[str, ...], values: Values) -> Metric:
    return _filled(GaugeMetricFamily(f"{PREFIX}{name}", words, labels=labels), values)


def _filled(family: Family, values: Values) -> Family:
    """A family with the values that are known."""
    for labels, value in values:
        if value is not None:
            family.add_metric(labels, value)
    return family


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000
