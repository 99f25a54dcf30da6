"""The checks know the workloads and their operations by words of their own; they are those that the load draws."""

from __future__ import annotations

import random

import pytest

from history.vocabulary import OPERATIONS_OF, OUTCOMES, READS, REFUSALS
from loadgen.config import WorkloadConfig
from loadgen.workloads.registry import WORKLOADS, create, facts_of

DRAWS = 400


def test_every_workload_is_known_to_the_checks() -> None:
    assert set(OPERATIONS_OF) == set(WORKLOADS)
    assert {"ok", "fail", "unknown"} == OUTCOMES
    assert {name: kind.operations for name, kind in WORKLOADS.items()} == OPERATIONS_OF
    assert frozenset().union(*(kind.reads for kind in WORKLOADS.values())) == READS
    assert frozenset({"declined"}).union(*(kind.refusals for kind in WORKLOADS.values())) == REFUSALS


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_what_a_workload_draws_is_what_it_is_judged_by(name: str) -> None:
    workload = create(WorkloadConfig(name=name, isolation="repeatable-read", options={}))
    rng = random.Random(7)
    drawn = [workload.next(rng, f"7-0-{number}") for number in range(DRAWS)]
    assert {op.f for op in drawn} == OPERATIONS_OF[name]
    assert {op.f for op in drawn if op.port == "read"} == facts_of(workload).read_port
