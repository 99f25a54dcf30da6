"""The hot path: one statement on the wire and its whole answer, with as few copies and objects as Python allows.

PyMySQL connects and authenticates; from then on its socket is driven here. An answer is read in large pieces and parsed
in place; rows stay bytes until somebody asks for them. Errors are PyMySQL's own classes with the same numbers as its
cursors raise; after any that is not an answer of the server nothing more can be sent. Knows nothing of transactions.
Source of the format: MySQL Source Code Documentation, "MySQL Packets", "OK_Packet", "ERR_Packet",
"EOF_Packet", "COM_QUERY Response".
"""

from __future__ import annotations

import struct
from typing import NoReturn

from pymysql.constants import CLIENT, CR, SERVER_STATUS
from pymysql.err import InterfaceError, InternalError, MySQLError, OperationalError, raise_mysql_exception

from loadgen.errors import in_words
from loadgen.wire.rows import NULL, Decoder, decode_row, decoder, length_at
from loadgen.wire.statements import HEADER_SIZE, PACKET_MAX, Row
from loadgen.wire.transport import Transport

#: To be negotiated when connecting: OK packets then tell what has changed in the session, such as its last GTID.
CAPABILITIES = CLIENT.SESSION_TRACK
#: For `Wire.query_all`.
SEVERAL_STATEMENTS = CLIENT.MULTI_STATEMENTS

SESSION_STATE_CHANGED = 0x4000
SESSION_TRACK_GTIDS = 3
MORE_RESULTS = SERVER_STATUS.SERVER_MORE_RESULTS_EXISTS

OK, EOF, ERR, LOCAL_INFILE = 0x00, 0xFE, 0xFF, 0xFB
#: A session that had been idle for wait_timeout: the server ended it before it read anything more.
ER_CLIENT_INTERACTION_TIMEOUT = 4031
#: An EOF packet is shorter than this; longer ones with the same first byte are rows.
EOF_SIZE_MAX = 9

#: What an OK packet of at most 255 bytes that is number 1 of an answer has behind its first byte.
SHORT_OK = bytes((0, 0, 1, OK))

_UINT32 = struct.Struct("<I")
_UINT16 = struct.Struct("<H")


class Wire:
    """in_step: whether the last answer was read to its end, so that another statement can be sent.
    asked: how many commands were sent since it was set to 0.
    gtids: what the answers since the last `forget_gtids` said to have been committed, in order."""

    def __init__(self, transport: Transport) -> None:
        self._send = transport.send
        self._receive = transport.receive
        self._data = b""
        self._at = 0
        self._sequence = 0
        self._more = False
        self._columns: list[Decoder] = []
        self._rows: list[bytes] = []
        self.gtids: list[str] = []
        self.in_step = True
        self.asked = 0
        #: Whether the other side has closed, or said farewell, since its last answer; never waits.
        self.ended = transport.ended

    def query(self, command: bytes) -> int:
        """Send what `query.com_query` made; returns affected rows, or how many rows there are to fetch.

        Where a statement has several results (CALL), the first one counts and the others are read and dropped.
        Raises pymysql.MySQLError: 2006 when it could not be sent, 2013 when the answer did not come, or the server's;
        IndexError or struct.error when the answer is garbled.
        """
        data = self._ask(command)
        # Nearly every answer is one short OK packet that came in one piece and tells nothing but how many rows.
        if (
            data[1 : HEADER_SIZE + 1] == SHORT_OK
            and data[0] + HEADER_SIZE == len(data)
            and data[5] < NULL
            and data[6] < NULL
            and not (data[7] | data[8] << 8) & (MORE_RESULTS | SESSION_STATE_CHANGED)
        ):
            self._rows = []
            self.in_step = True
            return data[5]
        self._begin(command, data)
        affected = self._answer()
        if self._more:
            kept = self._columns, self._rows
            while self._more:
                self._answer()
            self._columns, self._rows = kept
        self._end()
        return affected

    def query_all(self, command: bytes) -> list[int]:
        """As `query`, for several statements in one command: the result of each; the rows to fetch are the last's.

        The first statement that fails raises, and the server has run none behind it.
        """
        self._begin(command, self._ask(command))
        results = [self._answer()]
        while self._more:
            results.append(self._answer())
        self._end()
        return results

    def _ask(self, command: bytes) -> bytes:
        """Send a command and wait for the first piece of its answer."""
        if not self.in_step:
            raise InterfaceError(0, "")
        self.in_step = False
        self.asked += 1
        try:
            self._send(command)
        except OSError as error:
            raise OperationalError(CR.CR_SERVER_GONE_ERROR, f"cannot send: {in_words(error)}") from error
        return self._receive_some()

    def _begin(self, command: bytes, data: bytes) -> None:
        """Have the first piece of an answer ahead."""
        # Its first number follows that of the command's last packet.
        self._sequence = (len(command) // (PACKET_MAX + HEADER_SIZE) + 1) & 0xFF
        self._data, self._at = data, 0

    def _end(self) -> None:
        if self._at != len(self._data):
            raise InternalError("the server sent more than its answer")
        self.in_step = True

    def fetch(self) -> tuple[Row, ...]:
        """The rows of the last query; raises IndexError or struct.error when one is garbled."""
        columns = self._columns
        return tuple([decode_row(row, columns) for row in self._rows])

    def forget_gtids(self) -> None:
        if self.gtids:
            self.gtids = []

    def _answer(self) -> int:
        """One result: an OK packet, an ERR packet, or columns and rows."""
        packet = self._packet()
        first = packet[0]
        if first == OK:
            return self._ok(packet)
        if first == ERR:
            self._refused(packet)
        if first == LOCAL_INFILE:
            raise InternalError("the server asks for a file, which nobody offered")
        count, _ = length_at(packet, 0)
        self._columns = [decoder(self._packet()) for _ in range(count)]
        self._packet()  # the EOF behind the columns
        rows: list[bytes] = []
        while True:
            packet = self._packet()
            first = packet[0]
            if first == EOF and len(packet) < EOF_SIZE_MAX:
                break
            if first == ERR:
                self._refused(packet)
            rows.append(packet)
        self._rows = rows
        self._more = bool(_UINT16.unpack_from(packet, 3)[0] & MORE_RESULTS)
        return len(rows)

    def _refused(self, packet: bytes) -> NoReturn:
        """Raise the server's error; nothing comes behind it."""
        self.in_step = self._at == len(self._data)
        raise_mysql_exception(packet)

    def _ok(self, packet: bytes) -> int:
        self._rows = []
        affected, at = packet[1], 2
        if affected >= NULL:
            affected, at = length_at(packet, 1)
        if packet[at] < NULL:  # the last insert id, which nobody asks for
            at += 1
        else:
            _, at = length_at(packet, at)
        status = packet[at] | packet[at + 1] << 8
        self._more = bool(status & MORE_RESULTS)
        if status & SESSION_STATE_CHANGED:
            size, at = length_at(packet, at + 4)  # behind status and warnings: a message for people
            self._changes(packet, at + size)
        return affected

    def _changes(self, packet: bytes, at: int) -> None:
        """What has changed in the session: entries of a type and data that only the type explains."""
        size, at = length_at(packet, at)
        end = at + size
        while at < end:
            kind = packet[at]
            size, at = length_at(packet, at + 1)
            if kind == SESSION_TRACK_GTIDS:
                length, begin = length_at(packet, at + 1)  # behind the encoding, of which there is only one: text
                self.gtids.append(packet[begin : begin + length].decode("ascii", "replace"))
            at += size

    def _packet(self) -> bytes:
        """The payload of the next packet, put together where it came in several."""
        part = self._part()
        if len(part) < PACKET_MAX:
            return part
        parts = [part]
        while len(part) == PACKET_MAX:
            part = self._part()
            parts.append(part)
        return b"".join(parts)

    def _part(self) -> bytes:
        data, at = self._data, self._at
        if len(data) - at < HEADER_SIZE:
            self._fill(HEADER_SIZE)
            data, at = self._data, self._at
        head = _UINT32.unpack_from(data, at)[0]
        sequence = self._sequence
        size = (head & 0xFFFFFF) + HEADER_SIZE
        if head >> 24 != sequence:
            raise self._out_of_order(head >> 24, size)
        self._sequence = (sequence + 1) & 0xFF
        end = at + size
        if end > len(data):
            self._fill(size)
            data, at, end = self._data, 0, size
        self._at = end
        return data[at + HEADER_SIZE : end]

    def _fill(self, size: int) -> None:
        """Have at least this many unread bytes."""
        parts = [self._data[self._at :]]
        have = len(parts[0])
        while have < size:
            parts.append(self._receive_some())
            have += len(parts[-1])
        self._data, self._at = b"".join(parts), 0

    def _receive_some(self) -> bytes:
        try:
            data = self._receive()
        except OSError as error:
            raise OperationalError(CR.CR_SERVER_LOST, f"connection lost: {in_words(error)}") from error
        if not data:
            raise OperationalError(CR.CR_SERVER_LOST, "connection closed by the other side")
        return data

    def _out_of_order(self, number: int, size: int) -> MySQLError:
        """The error for a packet that is not the next one; size: with its header."""
        if number != 0:
            return InternalError(f"packet number {number}, expected {self._sequence}")
        # Packet 0 nobody waits for is the server's farewell: it was shut down, or the session had been idle too long.
        if len(self._data) - self._at < size:
            self._fill(size)
        farewell = self._data[self._at + HEADER_SIZE : self._at + size]
        if farewell[:1] == bytes((ERR,)):
            try:
                raise_mysql_exception(farewell)
            except MySQLError as error:
                if error.args[0] == ER_CLIENT_INTERACTION_TIMEOUT:
                    return error
                return OperationalError(CR.CR_SERVER_LOST, f"connection ended by the server: {in_words(error)}")
        return OperationalError(CR.CR_SERVER_LOST, "connection ended by the server")
