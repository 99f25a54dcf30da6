"""When the seed lets a fault strike: at every phase of the proxy's cycle of health checks."""

from __future__ import annotations

from collections import Counter

import pytest

from cluster.errors import ConfigurationError
from scenarios.schema.read import read_scenario


def shifts(*settings: str) -> list[float]:
    scenario = read_scenario("primary-kill", settings=[*settings])
    return [scenario.with_seed(seed).shift_s for seed in range(1, 401)]


@pytest.mark.parametrize(("settings", "cycle_s"), [(["mesh.check_interval=2s"], 2.0), (["mesh=haproxy"], 2.0)])
def test_trials_meet_a_proxy_that_looks_rarely_at_every_phase_of_its_cycle(settings: list[str], cycle_s: float) -> None:
    drawn = shifts(*settings)
    assert drawn == shifts(*settings), "the seed alone decides"
    quarters = Counter(int(4 * shift / cycle_s) for shift in drawn)
    assert sorted(quarters) == [0, 1, 2, 3]
    assert min(quarters.values()) > 60, "100 are expected in each"


@pytest.mark.parametrize("settings", [[], ["mesh=direct"], ["mesh=router"], ["mesh.check_interval=1s"]])
def test_where_it_looks_often_each_step_s_own_phase_is_enough(settings: list[str]) -> None:
    assert set(shifts(*settings)) == {0.0}


def test_nobody_waits_for_the_whole_of_an_endless_cycle() -> None:
    drawn = shifts("mesh.check_interval=600s", "mesh.check_timeout=1s")
    assert 4.5 < max(drawn) <= 5.0


def test_a_step_that_could_come_after_the_load_is_refused() -> None:
    read_scenario("primary-kill", settings=["faults.0.at=63s", "mesh.check_interval=1s"])
    with pytest.raises(ConfigurationError, match="63s plus up to 3s, which the seed adds, is not within"):
        read_scenario("primary-kill", settings=["faults.0.at=63s", "mesh.check_interval=2s"])
