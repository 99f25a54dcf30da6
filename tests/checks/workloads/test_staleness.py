"""Staleness: what counts as stale, how old it was, and that only the gate makes it a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.workloads.staleness import staleness
from history.history import History

if TYPE_CHECKING:
    from tests.checks.conftest import Run


def write(run: Run, version: int, *, at_ms: float, took_ms: float = 10, k: int = 1, **changes: Any) -> None:
    run.op(f"w{k}-{version}", "write", {"k": k, "version": version}, at_ms=at_ms, took_ms=took_ms, **changes)


def read(run: Run, version: int | None, *, at_ms: float, k: int = 1, probe: bool = False) -> None:
    value = {"k": k, "version": version, "probe": probe}
    run.op(f"r{len(run.rows)}", "read", value, at_ms=at_ms, server="node2")


@pytest.fixture
def written(run: Run) -> Run:
    """Versions 1, 2 and 3 of register 1, acknowledged at 10, 110 and 210 ms."""
    for version in (1, 2, 3):
        write(run, version, at_ms=100.0 * (version - 1))
    return run


def test_reads_of_the_newest_version_are_fresh(written: Run) -> None:
    for at_ms, version in ((20, 1), (120, 2), (220, 3)):
        read(written, version, at_ms=at_ms)
    verdict = staleness(written.history())
    assert (verdict.verdict, verdict.measured["reads"], verdict.measured["stale"]) == ("pass", 3, 0)
    assert verdict.measured["age_max_ms"] is None


def test_a_read_that_misses_writes_is_as_old_as_the_first_it_missed(written: Run) -> None:
    read(written, 1, at_ms=250, probe=True)
    read(written, 2, at_ms=220)
    measured = staleness(written.history()).measured
    assert (measured["stale"], measured["probes"], measured["stale_probes"]) == (2, 1, 1)
    assert (measured["age_max_ms"], measured["age_p50_ms"]) == (140, 10)


def test_a_write_that_was_not_acknowledged_when_the_read_began_is_not_missed(written: Run) -> None:
    read(written, 2, at_ms=209)
    write(written, 4, at_ms=300, outcome="unknown")
    read(written, 3, at_ms=400)
    read(written, 0, at_ms=500, k=2)
    assert staleness(written.history()).measured["stale"] == 0


def test_acknowledgements_may_overtake_each_other(run: Run) -> None:
    """Version 2 is acknowledged before version 1: a read of 1 is stale from the acknowledgement of 2 on."""
    write(run, 2, at_ms=10, took_ms=5)
    write(run, 1, at_ms=0, took_ms=50)
    read(run, 1, at_ms=35)
    measured = staleness(run.history()).measured
    assert (measured["stale"], measured["age_max_ms"]) == (1, 20)


def test_only_the_gate_makes_it_a_failure(written: Run) -> None:
    read(written, 1, at_ms=250)
    assert staleness(written.history()).verdict == "pass"
    verdict = staleness(written.history(manifest={"gates": {"stale_reads": 0}}))
    assert verdict.verdict == "fail"
    (row,) = verdict.witness
    assert (row["register"], row["version"], row["server"], row["age_ms"]) == (1, 1, "node2", 140)
    assert staleness(written.history(manifest={"gates": {"stale_reads": 1}})).verdict == "pass"


@pytest.mark.parametrize("value", ['"}{"', '{"k": true, "version": 1}', '{"k": 1, "version": 1e400}', '{"k": 1}', "[]"])
def test_values_that_tell_no_version_are_left_out(written: Run, value: str) -> None:
    written.op("odd", "read", value, at_ms=900)
    assert staleness(written.history()).verdict == "unknown"


def test_missing_evidence_is_unknown(busy: Run) -> None:
    history: History = busy.history()
    assert staleness(history).verdict == "unknown"
