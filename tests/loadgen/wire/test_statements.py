"""Statements with their arguments: literals as PyMySQL writes them, and safe whatever sql_mode says of backslashes."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from pymysql.converters import escape_item

from loadgen.wire.statements import com_query


def written(sql: str, *args: Any) -> str:
    command = com_query(sql, args)
    assert int.from_bytes(command[:4], "little") == len(command) - 4
    assert command[4] == 3
    return command[5:].decode()


@pytest.mark.parametrize(
    "value",
    [
        0,
        -(2**63),
        2**64 - 1,
        True,
        None,
        1.5,
        1e300,
        Decimal("1.10"),
        "",
        "plain",
        "Zwölf 😀",
        datetime.date(2026, 1, 2),
        datetime.datetime(2026, 1, 2, 3, 4, 5, 6),
        datetime.timedelta(hours=-30, microseconds=7),
    ],
)
def test_what_needs_no_escape_is_written_as_pymysql_does(value: Any) -> None:
    assert written("SELECT %s", value) == f"SELECT {escape_item(value)}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("O'Neil", "'O''Neil'"),
        ("'; DROP TABLE t; -- ", "'''; DROP TABLE t; -- '"),
        ("\\", "_utf8mb4 X'5c'"),
        ("\\'", "_utf8mb4 X'5c27'"),
        ('a\x00\n\r\x1a"', "'a\x00\n\r\x1a\"'"),
        (b"\x00'\\", "X'00275c'"),
        ((1, "a", None), "(1,'a',NULL)"),
    ],
)
def test_what_could_break_out_cannot(value: Any, expected: str) -> None:
    assert written("%s", value) == expected


def test_an_object_is_written_as_its_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "it's"

    assert written("%s", Odd()) == "'it''s'"


def test_a_statement_without_arguments_is_sent_as_it_stands() -> None:
    assert written("SELECT 5 % 3, '100%s'") == "SELECT 5 % 3, '100%s'"


@pytest.mark.parametrize("args", [(1,), (1, 2, 3)])
def test_too_few_or_too_many_arguments(args: tuple[int, ...]) -> None:
    with pytest.raises(TypeError):
        com_query("SELECT %s, %s", args)


def test_a_mapping_has_no_literal() -> None:
    with pytest.raises(TypeError):
        com_query("SELECT %s", ({},))
