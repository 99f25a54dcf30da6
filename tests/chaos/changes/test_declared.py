"""What can be seen to make no sense is refused before anything starts, and evidence against a fault is told from it."""

from __future__ import annotations

import pytest

from chaos.changes.variables import Variables
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
        ("large-transaction", "rows", 999),
        ("slow-applier", "stopped", "100%"),
        ("slow-applier", "period", "10s"),
        ("set-global", "variables", 3),
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


def test_a_variable_that_meshbench_sets_itself_is_refused_in_every_spelling() -> None:
    with pytest.raises(MistakesError) as caught:
        FAULTS["set-global"].read({"variables": {"loose-server-id": 4, "max_connections": 5, "a b": 1, "tmpdir": None}})
    assert [(mistake.key, mistake.words) for mistake in caught.value.mistakes] == [
        ("variables.loose-server-id", "is set by meshbench itself; leave it out"),
        ("variables.a b", "is not a variable name: letters, digits and _"),
        ("variables.tmpdir", "expected a number, a word, true or false"),
    ]


def test_a_variable_must_be_named() -> None:
    refused = FAULTS["set-global"].read({}).misfit("primary", setting())
    assert refused is not None
    assert refused.words == "is required, such as {max_connections: 50}"


def test_values_are_literals_of_sql_without_the_suffixes_of_a_command_line() -> None:
    written = {"max-connections": 50, "max_allowed_packet": "32M", "general_log": True, "sql_mode": "it's"}
    variables = Variables.read(written)
    assert variables.assignments() == {
        "max_connections": "50",
        "max_allowed_packet": "33554432",
        "general_log": "1",
        "sql_mode": "'it''s'",
    }
    assert Variables.read(variables.as_json()) == variables
    assert variables.are(
        {"max_connections": "50", "max_allowed_packet": "33554432", "general_log": "ON", "sql_mode": "IT'S"}
    )
    assert not variables.are({"max_connections": "51"})


def test_an_upgrade_needs_an_image_which_must_be_there_before_anything_starts() -> None:
    refused = FAULTS["rolling-upgrade"].read({}).misfit("all", setting())
    assert refused is not None
    assert refused.key == "to"
    upgrade = FAULTS["rolling-upgrade"].read({"to": "mysql:9.1"})
    assert upgrade.misfit("all", setting()) is None
    assert upgrade.images() == ("mysql:9.1",)
    assert FAULTS["rolling-upgrade"].read({"to": "default"}).images() == ()


def test_a_group_of_two_cannot_do_without_one_of_them() -> None:
    assert FAULTS["rebuild"].read({}).misfit("one_replica", setting("group", pods=2)) is not None
    assert FAULTS["rebuild"].read({}).misfit("one_replica", setting("group", pods=3)) is None


@pytest.mark.parametrize("name", ["set-global", "rolling-config"])
def test_a_variable_that_the_server_does_not_have_is_told_before_the_load(name: str) -> None:
    known = ["max_connections", "sync_binlog"]
    wrong = FAULTS[name].read({"variables": {"max-conections": 50}}).unknown_to(known)
    assert wrong is not None
    assert wrong.key == "variables.max_conections"
    assert wrong.why == "this server has no such variable; did you mean 'max_connections'?"
    assert FAULTS[name].read({"variables": {"Max-Connections": 50}}).unknown_to(known) is None
    assert FAULTS["kill"].read({}).unknown_to([]) is None
