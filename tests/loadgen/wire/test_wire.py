"""The wire on golden bytes: every answer however it is cut into pieces, and every way an answer can fail to come."""

from __future__ import annotations

import struct
from decimal import Decimal

import pymysql
import pytest
from pymysql.err import OperationalError

from loadgen.outcome import errno_of
from loadgen.wire import statements as query_module
from loadgen.wire.rows import length_at
from loadgen.wire.statements import com_query
from loadgen.wire.wire import Wire
from tests.loadgen import packets as p

SELECT = com_query("SELECT 1")
NUMBERS = p.result(
    [p.column(p.LONGLONG), p.column(p.VAR_STRING), p.column(p.NEWDECIMAL), p.column(p.VAR_STRING, charset=63)],
    [[b"-17", "zwölf".encode(), b"1.50", b"\xff\x00"], [None, b"", None, None], [b"9" * 18, b"x" * 300, b"-0.1", b""]],
)
ROWS = (
    (-17, "zwölf", Decimal("1.50"), b"\xff\x00"),
    (None, "", None, None),
    (10**18 - 1, "x" * 300, Decimal("-0.1"), b""),
)
#: What the outcome table takes for a wire error.
GARBLED = (IndexError, struct.error)
UUID = b"3e11fa47-71ca-11e1-9e33-c80aa9429562"


def wire(*pieces: bytes | Exception) -> Wire:
    return Wire(p.Dealt(*pieces))


def splits(data: bytes) -> list[tuple[bytes, ...]]:
    """The bytes in two pieces, cut at every boundary, and one by one."""
    return [(data[:at], data[at:]) for at in range(1, len(data))] + [
        tuple(data[at : at + 1] for at in range(len(data)))
    ]


def test_rows_however_they_are_cut() -> None:
    data = p.stream(NUMBERS)
    for pieces in [(data,), *splits(data)]:
        one = wire(*pieces)
        assert one.query(SELECT) == 3
        assert one.fetch() == ROWS
        assert one.in_step


@pytest.mark.parametrize("affected", [0, 1, 250, 251, 65_535, 65_536, 2**24, 2**40])
@pytest.mark.parametrize("insert_id", [0, 300, 2**63])
def test_affected_rows_however_they_are_cut(affected: int, insert_id: int) -> None:
    state = p.change(1, b"\x04time\x03UTC") + p.gtid(UUID + b":23") + p.change(4, b"\x03abc")
    for packet in (
        p.ok(affected, insert_id=insert_id),
        p.ok(affected, insert_id=insert_id, status=p.STATE_CHANGED, info=b"Rows matched: 1", state=state),
    ):
        data = p.stream([packet])
        for pieces in [(data,), *splits(data)]:
            assert wire(*pieces).query(SELECT) == affected


def test_an_error_however_it_is_cut_leaves_the_wire_in_step() -> None:
    data = p.stream([p.err(1213, b"Deadlock found")])
    for pieces in [(data,), *splits(data)]:
        one = Wire(p.Dealt(*pieces, p.stream([p.ok(7)])))
        with pytest.raises(OperationalError) as caught:
            one.query(SELECT)
        assert caught.value.args == (1213, "Deadlock found")
        assert one.query(SELECT) == 7


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ([UUID + b":23"], [UUID + b":23"]),
        ([UUID + b":nightly:5"], [UUID + b":nightly:5"]),  # tagged, MySQL 8.3 and later
        ([UUID + b":1-5:11-18," + UUID + b":t:7"], [UUID + b":1-5:11-18," + UUID + b":t:7"]),
        ([UUID + b":" + b"1,2," * 100], [UUID + b":" + b"1,2," * 100]),
        ([UUID + b":1", UUID + b":2"], [UUID + b":1", UUID + b":2"]),
        ([], []),
    ],
)
def test_gtids_are_kept_as_they_are_written(written: list[bytes], expected: list[bytes]) -> None:
    state = p.change(2, b"\x04bank") + b"".join(map(p.gtid, written)) + p.change(2, b"\x00")
    one = wire(p.stream([p.ok(status=p.STATE_CHANGED, state=state)]), p.stream([p.ok()]))
    one.query(SELECT)
    one.query(SELECT)
    assert one.gtids == [text.decode() for text in expected]
    one.forget_gtids()
    assert one.gtids == []


def test_an_error_among_the_rows() -> None:
    data = p.stream([*NUMBERS[:-1], p.err(1317)])
    one = wire(data, p.stream([p.ok(1)]))
    with pytest.raises(OperationalError) as caught:
        one.query(SELECT)
    assert errno_of(caught.value) == 1317
    assert one.query(SELECT) == 1


def test_a_connection_closed_anywhere_in_an_answer_is_2013() -> None:
    for data in (p.stream(NUMBERS), p.stream([p.ok(300)]), p.stream([p.err(1213)])):
        for at in range(len(data)):
            for end in (b"", ConnectionResetError(), TimeoutError()):
                one = wire(*([data[:at]] if at else []), end)
                with pytest.raises(OperationalError) as caught:
                    one.query(SELECT)
                assert errno_of(caught.value) == 2013
                with pytest.raises(pymysql.InterfaceError):
                    one.query(SELECT)


def test_what_cannot_be_sent_is_2006() -> None:
    one = Wire(p.Dealt(refuses=BrokenPipeError()))
    with pytest.raises(OperationalError) as caught:
        one.query(SELECT)
    assert errno_of(caught.value) == 2006
    assert not one.in_step


@pytest.mark.parametrize(
    ("farewell", "errno"),
    [
        (p.err(4031), 4031),  # idle for too long: certain that nothing was read, so it keeps its number
        (p.err(1053), 2013),  # shut down, perhaps in the middle of a commit
        (p.err(1213), 2013),  # a number that would mean a rollback, had it been an answer
        (p.ok(), 2013),
        (b"", 2013),
    ],
)
def test_the_farewell_of_a_server_is_a_lost_connection(farewell: bytes, errno: int) -> None:
    """MySQL 8.0.24 and later write error 4031, as packet 0, before they close an idle session."""
    data = p.stream([farewell], first=0)
    for pieces in [(data,), *splits(data)]:
        one = wire(*pieces)
        with pytest.raises(OperationalError) as caught:
            one.query(SELECT)
        assert errno_of(caught.value) == errno
        assert not one.in_step


def test_commands_are_counted_whether_they_are_answered_or_not() -> None:
    one = wire(p.stream([p.ok()]))
    one.query(SELECT)
    with pytest.raises(OperationalError):
        one.query(SELECT)
    assert one.asked == 2


@pytest.mark.parametrize(
    "data",
    [
        p.stream([p.ok()], first=2),
        p.stream([p.ok(), p.ok()]),
        p.stream([b"\xfb/etc/passwd"]),
    ],
    ids=["a number left out", "two answers", "a request for a file"],
)
def test_an_answer_out_of_step_ends_the_wire(data: bytes) -> None:
    one = wire(data)
    with pytest.raises(pymysql.InternalError):
        one.query(SELECT)
    assert not one.in_step


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x00", b"\x00\xfc\x01", b"\x00\x00\x00\x02\x40", p.ok(status=p.STATE_CHANGED) + b"\x00\x09\x03\x09"],
)
def test_a_garbled_answer_ends_the_wire(payload: bytes) -> None:
    one = wire(p.stream([payload]))
    with pytest.raises(GARBLED):
        one.query(SELECT)
    assert not one.in_step


def test_a_garbled_row_is_noticed_when_it_is_read() -> None:
    one = wire(p.stream([b"\x01", p.column(p.VAR_STRING), p.eof(), b"\x05abc", p.eof()]))
    one.query(SELECT)
    with pytest.raises(IndexError):
        one.fetch()


def test_the_first_result_of_several_counts() -> None:
    more = p.result([p.column(p.LONGLONG)], [[b"1"]], status=p.MORE_RESULTS)
    one = wire(p.stream([*more, *p.result([p.column(p.LONGLONG)], [[b"2"], [b"3"]], status=p.MORE_RESULTS), p.ok(9)]))
    assert one.query(SELECT) == 1
    assert one.fetch() == ((1,),)


SEVERAL = [
    p.ok(status=p.MORE_RESULTS),
    *p.result([p.column(p.LONGLONG)], [[b"1"], [b"2"]], status=p.MORE_RESULTS),
    p.ok(300, status=p.MORE_RESULTS | p.STATE_CHANGED, state=p.gtid(UUID + b":7")),
]


def test_several_statements_in_one_command_however_they_are_cut() -> None:
    data = p.stream([*SEVERAL, *p.result([p.column(p.LONGLONG)], [[b"3"]])])
    for pieces in [(data,), *splits(data)]:
        one = wire(*pieces)
        assert one.query_all(SELECT) == [0, 2, 300, 1]
        assert one.fetch() == ((3,),)
        assert one.gtids == [(UUID + b":7").decode()]


def test_the_first_of_several_that_fails_raises_and_leaves_the_wire_in_step() -> None:
    one = wire(p.stream([*SEVERAL, p.err(1062)]), p.stream([p.ok(1)]))
    with pytest.raises(pymysql.IntegrityError):
        one.query_all(SELECT)
    assert one.query_all(SELECT) == [1]


def test_a_connection_closed_among_several_answers_is_2013() -> None:
    data = p.stream(SEVERAL)
    for at in range(len(data) + 1):
        with pytest.raises(OperationalError) as caught:
            wire(*([data[:at]] if at else [])).query_all(SELECT)
        assert errno_of(caught.value) == 2013


def test_a_statement_without_rows_leaves_none_of_the_one_before() -> None:
    one = wire(p.stream(NUMBERS), p.stream([p.ok()]))
    one.query(SELECT)
    one.query(SELECT)
    assert one.fetch() == ()


def test_more_packets_than_a_byte_counts() -> None:
    rows: list[list[bytes | None]] = [[str(number).encode()] for number in range(600)]
    one = wire(p.stream(p.result([p.column(p.LONGLONG)], rows)))
    assert one.query(SELECT) == 600
    assert one.fetch()[-1] == (599,)


@pytest.mark.parametrize("size", [0, 5, 10, 11, 20, 21, 45])
def test_a_payload_over_several_packets_is_one(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """As for 16 MiB, with packets of 21 bytes at most; the real size is tried on a real server."""
    for module in ("loadgen.wire.statements", "loadgen.wire.wire"):
        monkeypatch.setattr(f"{module}.PACKET_MAX", 21)
    command = com_query("x" * size)
    parts: list[bytes] = []
    at, numbers = 0, []
    while at < len(command):
        length = int.from_bytes(command[at : at + 3], "little")
        numbers.append(command[at + 3])
        parts.append(command[at + 4 : at + 4 + length])
        at += 4 + length
    assert b"".join(parts) == b"\x03" + b"x" * size
    assert numbers == list(range(len(parts)))
    assert all(len(part) == 21 for part in parts[:-1])
    assert len(parts[-1]) < 21
    data = p.stream([p.ok(5)], first=len(parts))
    for pieces in [(data,), *splits(data)]:
        assert wire(*pieces).query(command) == 5


def test_a_row_over_several_packets() -> None:
    row = b"r" * (2 * query_module.PACKET_MAX - 5)
    data = p.stream(p.result([p.column(p.VAR_STRING, charset=63)], [[row], [b"short"]]))
    one = wire(*(data[at : at + 1_000_003] for at in range(0, len(data), 1_000_003)))
    assert one.query(SELECT) == 2
    assert one.fetch() == ((row,), (b"short",))


@pytest.mark.parametrize("number", [0, 250, 251, 2**16 - 1, 2**16, 2**24 - 1, 2**24, 2**64 - 1])
def test_a_coded_length_is_read_as_it_was_written_and_refused_when_cut(number: int) -> None:
    coded = p.length_coded(number)
    assert length_at(b"?" + coded, 1) == (number, 1 + len(coded))
    for end in range(1, len(coded)):
        with pytest.raises(GARBLED):
            length_at(coded[:end], 0)
