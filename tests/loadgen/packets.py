"""Packets of MySQL's text protocol by hand, and a transport that deals them out as told."""

from __future__ import annotations

import struct
from collections.abc import Iterable

LONGLONG, VAR_STRING, NEWDECIMAL = 8, 253, 246
AUTOCOMMIT, MORE_RESULTS, STATE_CHANGED = 0x0002, 0x0008, 0x4000


def length_coded(number: int) -> bytes:
    if number < 0xFB:
        return bytes([number])
    if number < 1 << 16:
        return b"\xfc" + struct.pack("<H", number)
    if number < 1 << 24:
        return b"\xfd" + struct.pack("<I", number)[:3]
    return b"\xfe" + struct.pack("<Q", number)


def text(value: bytes | None) -> bytes:
    return b"\xfb" if value is None else length_coded(len(value)) + value


def ok(
    affected: int = 0, *, status: int = AUTOCOMMIT, insert_id: int = 0, info: bytes = b"", state: bytes = b""
) -> bytes:
    packet = b"\x00" + length_coded(affected) + length_coded(insert_id) + struct.pack("<HH", status, 0)
    if info or state:
        packet += text(info)
    return packet + (text(state) if state else b"")


def change(kind: int, data: bytes) -> bytes:
    """One entry of an OK packet's session state."""
    return bytes([kind]) + text(data)


def gtid(written: bytes) -> bytes:
    return change(3, b"\x00" + text(written))


def err(errno: int, message: bytes = b"no") -> bytes:
    return b"\xff" + struct.pack("<H", errno) + b"#HY000" + message


def eof(status: int = AUTOCOMMIT) -> bytes:
    return b"\xfe" + struct.pack("<HH", 0, status)


def column(kind: int, *, charset: int = 45, name: bytes = b"c") -> bytes:
    names = b"".join(map(text, (b"def", b"", b"", b"", name, b"")))
    return names + b"\x0c" + struct.pack("<HIBHB", charset, 255, kind, 0, 0) + b"\x00\x00"


def result(columns: list[bytes], rows: Iterable[list[bytes | None]], *, status: int = AUTOCOMMIT) -> list[bytes]:
    return [length_coded(len(columns)), *columns, eof(), *(b"".join(map(text, row)) for row in rows), eof(status)]


def stream(payloads: Iterable[bytes], *, first: int = 1, packet_max: int = 0xFFFFFF) -> bytes:
    """Packets with their headers, numbered on; what does not fit into one goes on in the next."""
    out: list[bytes] = []
    for payload in payloads:
        for at in range(0, len(payload) + 1, packet_max):
            part = payload[at : at + packet_max]
            out += [struct.pack("<I", len(part))[:3], bytes([(first + len(out) // 3) % 256]), part]
    return b"".join(out)


class Dealt:
    """A transport: every receive gives the next piece; an exception among them is raised, none left is the end."""

    def __init__(self, *pieces: bytes | Exception, refuses: Exception | None = None) -> None:
        self.pieces = list(pieces)
        self.sent: list[bytes] = []
        self._refuses = refuses

    def send(self, data: bytes) -> None:
        if self._refuses:
            raise self._refuses
        self.sent.append(data)

    def receive(self) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    def ended(self) -> bool:
        return False

    def close(self) -> None:
        """There is nothing to let go of."""
