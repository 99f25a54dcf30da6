"""A statement and its arguments as the bytes of a COM_QUERY command: MySQL's text protocol, client to server.

Arguments become literals here. What is written is safe under every sql_mode: a quote is doubled, and text with a
backslash, whose meaning depends on NO_BACKSLASH_ESCAPES, goes out in hexadecimal. The connection's character set must
be utf8mb4. Source of the format: MySQL Source Code Documentation, "MySQL Packets" and "COM_QUERY".
"""

from __future__ import annotations

import struct
from typing import Any

from pymysql.converters import encoders

Row = tuple[Any, ...]

COM_QUERY = 3
#: A packet of this length says that another one follows.
PACKET_MAX = 0xFFFFFF
HEADER_SIZE = 4

#: Three bytes of length, a sequence number, which is the length's fourth byte and 0, and the command.
_HEADER = struct.Struct("<IB")


def statement(sql: str, args: Row = ()) -> str:
    """args: one for every ``%s``; without any the statement is sent as it stands.

    Raises TypeError for an argument that has no literal, or when there are too few or too many.
    """
    return sql % tuple([arg if type(arg) is int else literal(arg) for arg in args]) if args else sql


def com_query(sql: str, args: Row = ()) -> bytes:
    """All packets of the command; sql and args as `statement` takes them."""
    body = statement(sql, args).encode()
    size = len(body) + 1
    if size < PACKET_MAX:
        return _HEADER.pack(size, COM_QUERY) + body
    return _split(bytes([COM_QUERY]) + body)


def literal(value: Any) -> str:
    """A value as it is written in a statement."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bytes | bytearray):
        return f"X'{value.hex()}'"
    if isinstance(value, tuple | list):
        return f"({','.join(map(literal, value))})"
    encoder = encoders.get(type(value))
    return _text(str(value)) if encoder is None else encoder(value, encoders)


def _text(value: str) -> str:
    if "\\" in value:
        return f"_utf8mb4 X'{value.encode().hex()}'"
    return "'" + value.replace("'", "''") + "'"


def _split(payload: bytes) -> bytes:
    """Packets of at most PACKET_MAX; the last one is shorter, if need be empty."""
    packets: list[bytes] = []
    for number, at in enumerate(range(0, len(payload) + 1, PACKET_MAX)):
        part = payload[at : at + PACKET_MAX]
        packets += [struct.pack("<I", len(part) | (number % 256) << 24), part]
    return b"".join(packets)
