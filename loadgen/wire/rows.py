"""Values of a result row, as text on the wire, become Python's: the same as PyMySQL's cursors give.

Source of the format: MySQL Source Code Documentation, "Column Definition" and "Text Resultset Row".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from pymysql.constants import FIELD_TYPE
from pymysql.converters import decoders, through

from loadgen.wire.statements import Row

Decoder = Callable[[bytes], Any]

NULL = 0xFB
BINARY_CHARSET = 63
#: Catalog, schema, table (twice) and name (twice) come before what matters here.
NAMES = 6
#: Length of the fixed part, character set, column length, type.
_FIXED = struct.Struct("<xHIB")

INTEGERS = frozenset(
    (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG, FIELD_TYPE.YEAR)
)
#: Bytes if their character set is binary, else text.
STRINGS = frozenset(
    (
        FIELD_TYPE.BIT,
        FIELD_TYPE.TINY_BLOB,
        FIELD_TYPE.MEDIUM_BLOB,
        FIELD_TYPE.LONG_BLOB,
        FIELD_TYPE.BLOB,
        FIELD_TYPE.STRING,
        FIELD_TYPE.VAR_STRING,
        FIELD_TYPE.VARCHAR,
        FIELD_TYPE.GEOMETRY,
    )
)
_WIDE = {0xFC: struct.Struct("<H"), 0xFE: struct.Struct("<Q")}


def length_at(data: bytes, at: int) -> tuple[int, int]:
    """A length-encoded integer and the place behind it. Raises IndexError or struct.error where the data ends."""
    first = data[at]
    if first < NULL:
        return first, at + 1
    if first == 0xFD:
        return data[at + 1] | data[at + 2] << 8 | data[at + 3] << 16, at + 4
    wide = _WIDE.get(first)
    if wide is None:
        raise IndexError(f"no length begins with {first:#x}")
    return wide.unpack_from(data, at + 1)[0], at + 1 + wide.size


@lru_cache(maxsize=4096)
def decoder(definition: bytes) -> Decoder:
    """What decodes the values of a column. A load sends the same statements over and over, so that their definitions
    are looked up rather than parsed."""
    at = 0
    for _ in range(NAMES):
        size, at = length_at(definition, at)
        at += size
    charset, _, kind = _FIXED.unpack_from(definition, at)
    if kind in INTEGERS:
        return int
    if kind in STRINGS and charset == BINARY_CHARSET:
        return bytes
    convert = decoders.get(kind, through)
    return bytes.decode if convert is through else lambda value: convert(value.decode())


def decode_row(packet: bytes, columns: Sequence[Decoder]) -> Row:
    """One row. Raises IndexError or struct.error when the packet is shorter than its values."""
    values: list[Any] = []
    at = 0
    for decode in columns:
        size = packet[at]
        at += 1
        if size == NULL:
            values.append(None)
            continue
        if size > NULL:
            size, at = length_at(packet, at - 1)
        end = at + size
        if end > len(packet):
            raise IndexError("a value goes on behind the end of its packet")
        values.append(decode(packet[at:end]))
        at = end
    return tuple(values)
