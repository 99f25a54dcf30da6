"""netem for kernels without it: holds, drops, duplicates, reorders or corrupts the packets that iptables hands over.

Runs in a pod's network namespace, with NET_ADMIN and the standard library alone, as one file:

    python3 nfqueue.py '{"queue": 7, "mark": 1, "state": "/tmp/x.json", "shape": {"latency_s": 0.05}}'

Rules with ``-j NFQUEUE --queue-num 7 --queue-bypass`` for packets that lack the mark give it their packets over
AF_NETLINK. A packet that may go is marked and sent through its hook again (NF_REPEAT), so that the rules of other
shapings see it, too. Where the program dies, the kernel drops what it holds and lets everything else pass; so it writes
five times a second what it has done into the state file, whose age tells whether it lives. SIGTERM: all packets go.
"""

from __future__ import annotations

import contextlib
import errno
import heapq
import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

NETLINK_NETFILTER, SUBSYSTEM_QUEUE = 12, 3
PACKET, VERDICT, CONFIG = (SUBSYSTEM_QUEUE << 8 | message for message in range(3))
#: Attributes of a configuration, and of a packet and its verdict.
CFG_CMD, CFG_PARAMS, CFG_MAXLEN, CFG_MASK, CFG_FLAGS = 1, 2, 3, 4, 5
PACKET_HEADER, VERDICT_HEADER, MARK, PAYLOAD = 1, 2, 3, 10
BIND, COPY_PACKET, FAIL_OPEN = 1, 2, 1
NF_DROP, NF_REPEAT = 0, 4
SO_RCVBUFFORCE, SO_MARK, SOL_NETLINK, NO_ENOBUFS = 33, 36, 270, 5
#: Packets that may wait in the kernel at once: 1 s of 60,000 a second.
MAXLEN = 65_535
RECEIVE_BYTES = 32 * 1024 * 1024
#: Verdicts are sent together, after so many packets at the latest.
BATCH = 64
HEARTBEAT_S = 0.2


class Share:
    """Whether a packet belongs to a share of all; with a correlation often as the one before it."""

    def __init__(self, percent: float, correlation: float, rng: random.Random) -> None:
        self._percent, self._like_last = percent, Sticky(correlation, rng)

    def takes(self) -> bool:
        return self._percent > 0 and self._like_last.next() * 100 < self._percent


class Sticky:
    """Numbers in [0, 1), evenly spread, of which a share repeats the one before it."""

    def __init__(self, correlation: float, rng: random.Random) -> None:
        self._correlation, self._rng = correlation / 100, rng
        self._last = rng.random()

    def next(self) -> float:
        if self._rng.random() >= self._correlation:
            self._last = self._rng.random()
        return self._last


class Shaper:
    """Decides what becomes of each packet. shape: fields of `shape.Shape` by name."""

    def __init__(self, shape: dict[str, float], rng: random.Random) -> None:
        correlation = shape.get("correlation", 0.0)
        self._latency_s, self._jitter_s = shape.get("latency_s", 0.0), shape.get("jitter_s", 0.0)
        self._lost, self._twice, self._damaged, self._first = (
            Share(shape.get(name, 0.0), correlation, rng) for name in ("loss", "duplicate", "corrupt", "reorder")
        )
        self._gap, self._waited = shape.get("gap", 1), 0
        self._reorders = shape.get("reorder", 0.0) > 0
        self._spread = Sticky(correlation, rng)
        self._rng = rng
        self._last_due_s: dict[bytes, float] = {}
        self.counts = {"handled": 0, "dropped": 0, "duplicated": 0, "corrupted": 0, "overtaking": 0}

    def drops(self) -> bool:
        """The first question of each packet."""
        self.counts["handled"] += 1
        return self._count("dropped", self._lost.takes())

    def doubles(self) -> bool:
        return self._count("duplicated", self._twice.takes())

    def damaged(self, packet: bytes) -> bytes | None:
        """The packet with one bit of what follows its IP header flipped; None for one that stays as it is."""
        start = (packet[0] & 15) * 4
        if start >= len(packet) or not self._count("corrupted", self._damaged.takes()):
            return None
        at = self._rng.randrange(start, len(packet))
        return packet[:at] + bytes([packet[at] ^ 1 << self._rng.randrange(8)]) + packet[at + 1 :]

    def due_s(self, packet: bytes, now_s: float) -> float:
        """When it may go; never before an earlier one of its flow, unless reordering is what is asked for."""
        if self._reorders:
            self._waited += 1
            if self._waited >= self._gap and self._first.takes():
                self._waited = 0
                self.counts["overtaking"] += 1
                return now_s
            return now_s + self._latency_s
        due_s = now_s + self._latency_s
        if not self._jitter_s:
            return due_s
        due_s += (2 * self._spread.next() - 1) * self._jitter_s
        flow = flow_of(packet)
        due_s = max(due_s, self._last_due_s.get(flow, 0.0))
        if len(self._last_due_s) > 10_000:
            self._last_due_s = {flow: last_s for flow, last_s in self._last_due_s.items() if last_s > now_s}
        self._last_due_s[flow] = due_s
        return due_s

    def _count(self, what: str, so: bool) -> bool:
        self.counts[what] += so
        return so


def flow_of(packet: bytes) -> bytes:
    """Addresses, protocol and ports of an IPv4 packet."""
    start = (packet[0] & 15) * 4
    return packet[12:20] + packet[9:10] + packet[start : start + 4]


def attribute(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", len(content) + 4, kind) + content + b"\0" * (-len(content) % 4)


def message(kind: int, queue: int, *attributes: bytes) -> bytes:
    """A netlink message about a queue, of any address family."""
    body = struct.pack("!BBH", 0, 0, queue) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 1, 0, 0) + body


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        yield kind & 0x3FFF, data[at + 4 : at + length]
        at += max(4, length + 3 & ~3)


@dataclass(kw_only=True)
class Queue:
    """The packets of one queue, and their verdicts. number, mark: as in the rules. shaper: decides. held: when each is
    due (s), its number, its verdict, and the copy of it that goes, too, or nothing."""

    number: int
    mark: int
    shaper: Shaper
    held: list[tuple[float, int, bytes, bytes]] = field(default_factory=list)
    _verdicts: list[bytes] = field(default_factory=list)

    def open(self) -> None:
        """Take the queue over; raises OSError when another program has it."""
        self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.netlink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        self.netlink.setsockopt(SOL_NETLINK, NO_ENOBUFS, 1)
        self.netlink.bind((0, 0))
        self._configure(attribute(CFG_CMD, struct.pack("!BBH", BIND, 0, socket.AF_INET)))
        self._configure(attribute(CFG_PARAMS, struct.pack("!IB", 0xFFFF, COPY_PACKET)))
        self._configure(attribute(CFG_MAXLEN, struct.pack("!I", MAXLEN)))
        self._configure(
            attribute(CFG_MASK, struct.pack("!I", FAIL_OPEN)), attribute(CFG_FLAGS, struct.pack("!I", FAIL_OPEN))
        )
        # copies are sent as they are; marked, so that they do not come here
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self.raw.setsockopt(socket.SOL_SOCKET, SO_MARK, self.mark)

    def _configure(self, *wanted: bytes) -> None:
        request = bytearray(message(CONFIG, self.number, *wanted))
        struct.pack_into("=H", request, 6, 1 | 4)  # NLM_F_REQUEST, NLM_F_ACK
        self.netlink.send(request)
        answer = self.netlink.recv(8192)
        (code,) = struct.unpack_from("=i", answer, 16)
        if code:
            raise OSError(-code, os.strerror(-code))

    def take(self) -> None:
        """All packets that have come, BATCH at most."""
        for _ in range(BATCH):
            try:
                data = self.netlink.recv(131_072, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                continue
            (kind,) = struct.unpack_from("=H", data, 4)
            if kind == PACKET:
                self._decide(dict(attributes(data[20:])))

    def _decide(self, came: dict[int, bytes]) -> None:
        number, packet = came[PACKET_HEADER][:4], came.get(PAYLOAD, b"")
        if self.shaper.drops():
            self._verdicts.append(self._verdict(NF_DROP, number))
            return
        marked = struct.unpack("!I", came.get(MARK, b"\0\0\0\0"))[0] | self.mark
        parts = [attribute(MARK, struct.pack("!I", marked))]
        due_s, copy = time.monotonic(), b""
        if len(packet) >= 20:
            due_s = self.shaper.due_s(packet, due_s)
            copy = packet if self.shaper.doubles() else b""
            if (damaged := self.shaper.damaged(packet)) is not None:
                parts.append(attribute(PAYLOAD, damaged))
        verdict = self._verdict(NF_REPEAT, number, *parts)
        heapq.heappush(self.held, (due_s, self.shaper.counts["handled"], verdict, copy))

    def _verdict(self, word: int, number: bytes, *parts: bytes) -> bytes:
        return message(VERDICT, self.number, attribute(VERDICT_HEADER, struct.pack("!I", word) + number), *parts)

    def release(self, until_s: float) -> None:
        """Let everything go that is due by then, in order."""
        while self.held and self.held[0][0] <= until_s:
            _, _, verdict, copy = heapq.heappop(self.held)
            self._verdicts.append(verdict)
            if copy:
                self._send()
                with contextlib.suppress(OSError):  # as good as lost
                    self.raw.sendto(copy, (socket.inet_ntoa(copy[16:20]), 0))
        self._send()

    def _send(self) -> None:
        for first in range(0, len(self._verdicts), BATCH):
            with contextlib.suppress(OSError):  # ENOENT: the kernel has let the packet go, with its device
                self.netlink.send(b"".join(self._verdicts[first : first + BATCH]))
        self._verdicts.clear()


def serve(queue: Queue, state: str) -> None:
    """Until SIGTERM."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    beat_s = 0.0
    while not ended:
        now_s = time.monotonic()
        if now_s - beat_s >= HEARTBEAT_S:
            beat(queue, state)
            beat_s = now_s
        wait_s = min(HEARTBEAT_S, max(0.0, queue.held[0][0] - now_s) if queue.held else HEARTBEAT_S)
        if select.select([queue.netlink], [], [], wait_s)[0]:
            queue.take()
        queue.release(time.monotonic())
    queue.take()
    queue.release(float("inf"))
    beat(queue, state)


def beat(queue: Queue, state: str) -> None:
    """at_ns: CLOCK_MONOTONIC, of the whole machine. held: packets that wait. cpu_s: of this process so far."""
    content = {"at_ns": time.monotonic_ns(), "pid": os.getpid(), "held": len(queue.held), "cpu_s": time.process_time()}
    new = Path(f"{state}.new")
    new.write_text(json.dumps(content | queue.shaper.counts))
    new.replace(state)


def main(argument: str) -> None:
    asked = json.loads(argument)
    queue = Queue(
        number=asked["queue"], mark=asked["mark"], shaper=Shaper(asked["shape"], random.Random(asked["seed"]))
    )
    queue.open()
    serve(queue, asked["state"])


if __name__ == "__main__":
    main(sys.argv[1])
