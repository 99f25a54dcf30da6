"""What every check declares is taken once, and never for another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.durability import CHECK as DURABILITY
from checks.registry import CHECKS, GATES, distinct
from checks.torn import CHECK as TORN
from loadgen.workloads.registry import WORKLOADS


def test_two_checks_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="check 'torn' is declared twice"):
        distinct([TORN, replace(DURABILITY, name="torn", gates=())], [])


def test_two_gates_of_one_name_are_refused_also_where_one_is_of_the_trial() -> None:
    lost = GATES["lost"]
    with pytest.raises(TypeError, match="gate 'lost' is declared twice"):
        distinct([DURABILITY, replace(TORN, gates=(lost,))], [])
    with pytest.raises(TypeError, match="gate 'lost' is declared twice"):
        distinct([DURABILITY], [lost])


def test_what_is_declared_is_distinct_and_of_workloads_that_there_are() -> None:
    distinct(CHECKS.values(), [])
    assert {check.workload for check in CHECKS.values()} - {None, ""} <= set(WORKLOADS)
