"""``--least``: a share of the median before, or a size in the metric's unit."""

from __future__ import annotations

import pytest

from cluster.errors import ConfigurationError
from reports.trends.comparison import Least
from scenarios.compare.least import least_of


def test_a_size_is_a_share_or_in_units_of_the_metric() -> None:
    assert least_of(["write_outage=10%", "boot=500ms", "lost=2", "step_rerouted_ms=0.5s", "achieved_tps=20"]) == {
        "write_outage_ms": Least(relative=0.1, absolute=0),
        "boot_s": Least(relative=0, absolute=0.5),
        "lost": Least(relative=0, absolute=2),
        "step_rerouted_ms": Least(relative=0, absolute=500),
        "achieved_tps": Least(relative=0, absolute=20),
    }


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("outage=10%", "no metric 'outage'; there are achieved_tps, "),
        ("write_outage", "expected a size such as write_outage=10% or write_outage=500ms"),
        ("write_outage=-5%", "expected a size such as"),
        ("lost=2s", "lost is no time; write lost=2"),
    ],
)
def test_a_mistake_is_one_line(word: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        least_of([word])
    assert f"--least {word}: " in str(refused.value)
    assert said in str(refused.value)
