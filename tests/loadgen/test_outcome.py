"""The table of error numbers: what is certainly rolled back, what may have happened, and what has no number."""

from __future__ import annotations

import struct

import pymysql
import pytest

from loadgen.outcome import WIRE_ERRORS, errno_of, judge

ROLLED_BACK = [1205, 1213, 1290, 1792, 1836]
MAY_HAVE_COMMITTED = [1053, 1180, 1317, 1598, 2006, 2013, 3100, 3101, 3169, 9999]
WITHOUT_NUMBER = [
    pymysql.InterfaceError(0, ""),
    pymysql.OperationalError("no number"),
    ConnectionResetError(104, "reset"),
    TimeoutError("timed out"),
    struct.error("unpack requires 4 bytes"),
]


@pytest.mark.parametrize("errno", ROLLED_BACK)
def test_certain_rollback_at_commit_is_fail(errno: int) -> None:
    assert judge(pymysql.OperationalError(errno, "x"), commit_sent=True).outcome == "fail"


@pytest.mark.parametrize("errno", MAY_HAVE_COMMITTED)
def test_anything_else_at_commit_is_unknown(errno: int) -> None:
    assert judge(pymysql.OperationalError(errno, "x"), commit_sent=True).outcome == "unknown"


@pytest.mark.parametrize("errno", [*ROLLED_BACK, *MAY_HAVE_COMMITTED, 2003])
def test_every_error_before_commit_is_fail(errno: int) -> None:
    result = judge(pymysql.OperationalError(errno, "message"), commit_sent=False)
    assert (result.outcome, result.errno, result.error) == ("fail", errno, "message")


@pytest.mark.parametrize("error", WITHOUT_NUMBER, ids=repr)
def test_errors_without_a_mysql_number(error: Exception) -> None:
    assert isinstance(error, WIRE_ERRORS)
    assert errno_of(error) is None
    assert judge(error, commit_sent=True).outcome == "unknown"
    assert judge(error, commit_sent=False).outcome == "fail"
    assert judge(error, commit_sent=False).error


def test_the_message_decides_nothing() -> None:
    liar = pymysql.OperationalError(2013, "Deadlock found when trying to get lock; transaction was rolled back")
    assert judge(liar, commit_sent=True).outcome == "unknown"
