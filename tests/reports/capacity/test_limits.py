"""Who was the limit: each one named where its numbers say so, and not just below."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.capacity.limits import limits
from reports.capacity.step import Step
from reports.capacity.usage import Counter, PodKind, PodUsage, Usage
from tests.reports.capacity.made import step


def used(
    *,
    pods: dict[PodKind, tuple[int, float]] | None = None,
    busiest_cores: float | None = None,
    host_cpu_cores: float | None = 3.0,
    late_ms: float | None = 2.0,
    server: dict[Counter, float] | None = None,
) -> Usage:
    """On a machine with 8 processors. pods: how many of a kind, and their cores together. busiest_cores: of one of each
    kind; None: all use as much."""
    return Usage(
        host_cpus=8,
        host_cpu_cores=host_cpu_cores,
        pods={
            kind: PodUsage(
                pods=number,
                cpu_cores=cores,
                busiest_cpu_cores=cores / number if busiest_cores is None else busiest_cores,
                cpu_us_per_txn=None,
                memory_mib=None,
            )
            for kind, (number, cores) in (pods or {}).items()
        },
        generator_late_p99_ms=late_ms,
        server=server or {},
    )


def busy(usage: Usage) -> Step:
    """1000/s with 20 in flight."""
    return step(offered_tps=1000, concurrency=20.0, usage=usage)


def names(usage: Usage) -> list[str]:
    return [limit.what for limit in limits(busy(usage))]


@pytest.mark.parametrize(
    ("at_its_limit", "what", "just_below"),
    [
        (used(pods={"load": (1, 0.95)}), "load_cpu", used(pods={"load": (1, 0.8)})),
        (used(pods={"load": (2, 1.9)}), "generator", used(pods={"load": (3, 1.9)})),
        (used(late_ms=180.0), "generator", used(late_ms=80.0)),
        (used(host_cpu_cores=7.5), "host_cpu", used(host_cpu_cores=6.5)),
        (used(server={"fsync_share": 1.1, "fsyncs_per_s": 900.0}), "fsync", used(server={"fsync_share": 0.6})),
        (used(server={"row_lock_wait_share": 9.0}), "row_locks", used(server={"row_lock_wait_share": 4.0})),
        (used(server={"flow_control_share": 9.0}), "flow_control", used(server={"flow_control_share": 1.0})),
        (used(server={"applier_queue": 5000.0}), "replica_apply", used(server={"applier_queue": 900.0})),
        (
            used(server={"threads_connected": 150.0, "max_connections": 151.0}),
            "connections",
            used(server={"threads_connected": 60.0, "max_connections": 151.0}),
        ),
    ],
)
def test_a_limit_is_named_at_its_ceiling_and_not_below(at_its_limit: Usage, what: str, just_below: Usage) -> None:
    assert what in names(at_its_limit)
    assert names(just_below) == []


@pytest.mark.parametrize(
    ("pods", "first"),
    [
        ({"primary": (1, 5.0), "replica": (2, 1.0), "load": (2, 0.9)}, "mysqld_cpu"),
        ({"primary": (1, 2.0), "proxy": (1, 4.5), "load": (2, 0.9)}, "proxy_cpu"),
        ({"primary": (1, 2.5), "proxy": (1, 2.5), "load": (3, 2.3)}, "host_cpu"),
    ],
)
def test_a_full_machine_is_put_down_to_who_takes_most_of_it(pods: dict[PodKind, tuple[int, float]], first: str) -> None:
    found = limits(busy(used(pods=pods, host_cpu_cores=7.6)))
    assert found[0].what == first
    assert found[-1].what == "host_cpu"
    assert "7.60 of 8 processors were busy: mysqld " in found[0].evidence


def test_a_proxy_that_uses_all_of_its_threads_is_the_limit_on_a_machine_with_room() -> None:
    usage = used(pods={"proxy": (2, 3.8)})
    assert [limit.what for limit in limits(busy(usage), proxy_threads=2)] == ["proxy_cpu"]
    assert not limits(busy(usage), proxy_threads=4)
    assert not limits(busy(usage))


def test_one_full_worker_among_idle_ones_is_the_limit() -> None:
    """Beside the workers stands Locust's master, which hardly uses anything."""
    found = limits(busy(used(pods={"load": (3, 1.2)}, busiest_cores=0.97)))
    assert [limit.what for limit in found] == ["generator", "load_cpu"]
    assert "used 0.97 of the one core" in found[0].evidence
    assert names(used(pods={"load": (3, 1.2)})) == []


def test_one_proxy_that_is_full_among_idle_ones_is_the_limit() -> None:
    usage = used(pods={"proxy": (4, 2.2)}, busiest_cores=1.9)
    assert [limit.what for limit in limits(busy(usage), proxy_threads=2)] == ["proxy_cpu"]


@pytest.mark.parametrize("in_flight", [0.0, float("nan")])
def test_of_nothing_in_flight_nothing_waited(in_flight: float) -> None:
    waits = used(server={"row_lock_wait_share": 0.01, "flow_control_share": 0.01})
    assert not limits(replace(busy(waits), concurrency=in_flight))


def test_arrivals_that_were_never_due_are_the_generators() -> None:
    slow = step(offered_tps=1000, arrived_tps=700, usage=used())
    assert [limit.what for limit in limits(slow)] == ["generator"]
    assert "700/s were due of 1000/s" in limits(slow)[0].evidence
    assert not limits(step(offered_tps=1000, arrived_tps=960, usage=used()))
    assert not limits(step(offered_tps=5, arrived_tps=3.5, usage=used())), "35 instead of 50, which is chance"


def test_a_closed_loop_asks_for_no_rate_and_so_misses_none() -> None:
    assert not limits(step(offered_tps=0, arrived_tps=700, usage=used()))


def test_on_a_full_machine_lateness_is_the_machines() -> None:
    assert names(used(late_ms=200.0, host_cpu_cores=7.9)) == ["host_cpu"]


def test_a_full_worker_is_the_limit_on_a_full_machine_too() -> None:
    """Nothing tells what the system could do: the load could not ask for more."""
    assert names(used(pods={"load": (1, 0.97)}, host_cpu_cores=7.9))[0] == "generator"


def test_all_clients_busy_is_the_limit_only_where_nothing_else_is() -> None:
    idle = busy(used())
    assert [limit.what for limit in limits(idle, clients=20)] == ["connections"]
    assert not limits(idle, clients=32)
    full = replace(idle, usage=used(host_cpu_cores=7.9))
    assert [limit.what for limit in limits(full, clients=20)] == ["host_cpu"]


def test_what_could_not_be_read_is_no_limit() -> None:
    assert not limits(busy(used(host_cpu_cores=None, late_ms=None)))


def test_the_evidence_has_the_numbers() -> None:
    found = limits(busy(used(server={"row_lock_wait_share": 9.04, "applier_queue": 5000.0})))
    assert [limit.evidence for limit in found] == [
        "9.0 of 20.0 operations in flight waited for a row lock",
        "a replica had 5,000 transactions to apply, 5.0 s of this load",
    ]
