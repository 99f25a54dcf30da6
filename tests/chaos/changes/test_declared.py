"""What can be seen to make no sense is refused before anything starts, and evidence against a fault is told from it."""

from __future__ import annotations

import pytest

from chaos.fault import Mode, Setting
from chaos.registry import FAULTS
from cluster.keys import MistakesError
from cluster.topology import Kind


def setting(kind: Kind = "async", pods: int = 3, mesh: Mode = "gateway") -> Setting:
    return Setting(kind=kind, pods=pods, mesh=mesh)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("open-transaction", "rows", -1),
        ("open-transaction", "rows", 10_001),
        ("ddl", "algorithm", "online"),
        ("replication-delay", "delay", "-3s"),
        ("replication-delay", "delay", "500ms"),
        ("replication-delay", "delay", 3),
    ],
)
def test_values_out_of_bounds_are_refused_by_their_key(name: str, key: str, value: object) -> None:
    with pytest.raises(MistakesError) as caught:
        FAULTS[name].read({key: value})
    assert [mistake.key for mistake in caught.value.mistakes] == [key]


def test_rows_are_locked_where_writes_are_taken_alone() -> None:
    fault = FAULTS["open-transaction"].read({"rows": 5})
    assert fault.misfit("primary", setting()) is None
    assert fault.misfit("all", setting("group-multi")) is None
    refused = fault.misfit("replicas", setting())
    assert refused is not None
    assert refused.key == "rows"
    assert FAULTS["open-transaction"].read({}).misfit("replicas", setting()) is None


def test_a_delay_is_of_whole_seconds() -> None:
    refused = FAULTS["replication-delay"].read({"delay": "1500ms"}).misfit("one_replica", setting())
    assert refused is not None
    assert refused.words == "MySQL delays by whole seconds, such as 3s, got '1.5s'"
    assert FAULTS["replication-delay"].read({"delay": "2s"}).misfit("one_replica", setting()) is None


def test_replication_is_broken_where_there_is_some() -> None:
    assert "single" not in FAULTS["applier-stopped"].topologies
    assert FAULTS["replication-delay"].topologies == ("async", "semisync")
