"""What datagrams show of a link: counted each way by itself, over real sockets, and the same where nobody answers."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from chaos.network.shaping import datagrams
from chaos.network.shaping.exchange import Way, way

HERE = "127.0.0.1"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HERE, 0))
        return int(taken.getsockname()[1])


def test_what_is_missing_comes_twice_or_too_early_is_counted_once() -> None:
    came = [[0, 100], [2, 100], [1, 300], [1, 310], [5, 200], [4, 200]]
    seen = way(sent=6, came=came, bad_checksums=1)
    assert seen == Way(sent=6, delays_ms=(0.1, 0.1, 0.3, 0.2, 0.2), copies=1, overtook=2, bad_checksums=1)
    assert (seen.lost, round(seen.share(seen.lost), 2), seen.delay_ms) == (1, 16.67, 0.2)


def test_of_nothing_everything_is_missing() -> None:
    seen = way(sent=0, came=[], bad_checksums=0)
    assert (seen.share(seen.lost), seen.delay_ms) == (100.0, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("flows", [1, 7])
def test_a_sound_link_loses_nothing_and_keeps_the_order_of_each_flow(flows: int) -> None:
    port = free_port()
    with ThreadPoolExecutor() as pool:
        serving = pool.submit(datagrams.serve, port)
        asked = datagrams.ask(HERE, port, packets=200, over_s=0.2, flows=flows, grace_s=1.0)
        served = serving.result()
    assert {number for number, _ in served["came"]} == set(range(200))
    assert {number for number, _ in asked["came"]} == set(range(200))
    assert all(delay_us >= 0 for _, delay_us in served["came"] + asked["came"])
    assert served["bytes_per_s"] is None


@pytest.mark.slow
def test_a_flood_is_measured_once_its_burst_is_over() -> None:
    port = free_port()
    with ThreadPoolExecutor() as pool:
        serving = pool.submit(datagrams.serve, port)
        sent = datagrams.flood(HERE, port, bytes_per_s=2e5, over_s=1.0)
        served = serving.result()
    assert sent["sent"] > 0
    assert served["bytes_per_s"] > 0
    assert served["came"] == []


def test_a_burst_does_not_count() -> None:
    burst = [(0, 1_000_000)] * 3
    steady = [(round(s * 1e9), 100) for s in (0.3, 0.4, 0.5, 0.6, 0.7)]
    assert datagrams.rate(burst + steady) == pytest.approx(1000)
    assert datagrams.rate(burst) is None


def test_where_nobody_answers_everything_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "FIRST_S", 0.1)
    lost = datagrams.ask(HERE, free_port(), packets=20, over_s=0.1, flows=1, grace_s=0.1)
    assert (lost["sent"], lost["came"]) == (20, [])
    assert datagrams.flood(HERE, free_port(), bytes_per_s=1e5, over_s=0.1) == {"sent": 0}
    assert datagrams.serve(free_port())["came"] == []
