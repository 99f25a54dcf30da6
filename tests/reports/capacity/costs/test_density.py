"""Density from systems of known use."""

from __future__ import annotations

import pytest

from reports.capacity.content import SystemsStep
from reports.capacity.costs.density import Loaded, density_row, per_100_tps, pod_density
from reports.capacity.usage import PodKind, PodUsage, Usage


def loaded(tps: float, *, mib: float | None = 400.0) -> Loaded:
    """A primary that needs 0.02 cores idle and 0.05 more a hundred; a proxy that needs 0.01 and 0.01 more."""
    pods: dict[PodKind, PodUsage] = {
        "primary": of_one_pod(0.02 + tps * 0.0005, mib),
        "proxy": of_one_pod(0.01 + tps * 0.0001, 12.0 + tps / 100),
    }
    if tps:
        pods["load"] = of_one_pod(9.0, 900.0)
    return Loaded(tps, Usage(host_cpus=2, pods=pods))


def of_one_pod(cores: float, mib: float | None) -> PodUsage:
    return PodUsage(pods=1, cpu_cores=cores, busiest_cpu_cores=cores, cpu_us_per_txn=None, memory_mib=mib)


STEPS: list[SystemsStep] = [
    {"systems": 1, "tps_each": 20.0, "holds": True, "words": ""},
    {"systems": 2, "tps_each": 20.0, "holds": True, "words": ""},
    {"systems": 3, "tps_each": 20.0, "holds": False, "words": "response_p99 3 s"},
]


def test_idle_use_and_what_a_hundred_a_second_add_are_told_of_every_kind_but_the_load() -> None:
    pods = pod_density([loaded(0), loaded(100), loaded(300)])
    assert list(pods) == ["primary", "proxy"]
    assert pods["primary"]["idle_cpu_cores"] == pytest.approx(0.02)
    assert pods["primary"]["cpu_cores_per_100_tps"] == pytest.approx(0.05)
    assert pods["primary"]["memory_mib_per_100_tps"] == pytest.approx(0.0, abs=1e-6)
    assert pods["proxy"]["memory_mib_per_100_tps"] == pytest.approx(1.0)


def test_a_slope_needs_two_rates_and_every_value() -> None:
    assert per_100_tps([(100.0, 1.0), (100.0, 2.0)]) is None
    assert per_100_tps([(0.0, 1.0), (100.0, None)]) is None
    assert per_100_tps([(0.0, 1.0), (50.0, 2.0)]) == pytest.approx(2.0)


def test_clusters_per_gib_and_core_are_of_the_whole_idle_system() -> None:
    row = density_row(
        "group", "envoy", [loaded(0), loaded(200)], tps_each=20.0, systems=STEPS, stopped="the objective broke."
    )
    assert row["idle_mib"] == pytest.approx(412.0)
    assert row["clusters_per_gib"] == pytest.approx(1024 / 412)
    assert row["clusters_per_core"] == pytest.approx(1 / 0.03)
    assert row["systems_max"] == 2
    assert row["words"].startswith("At 20 operations a second a system needs 0.04 cores")
    assert row["words"].endswith("the objective broke.")


def test_what_was_not_measured_is_none_and_not_zero() -> None:
    row = density_row("single", "direct", [loaded(0, mib=None)], tps_each=20.0, systems=[], stopped="")
    assert row["clusters_per_gib"] is None
    assert row["systems_max"] is None
    assert row["pods"]["primary"]["cpu_cores_per_100_tps"] is None
    assert (
        density_row("single", "direct", [loaded(0)], tps_each=20.0, systems=STEPS[2:], stopped="")["systems_max"] == 0
    )
