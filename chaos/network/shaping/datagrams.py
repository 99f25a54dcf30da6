"""Numbered datagrams between two pods, to measure what becomes of them: one pod serves, the other asks or floods.

Runs in a pod's network namespace with the standard library alone: ``python3 -c … '{"do": "serve", "port": 20007}'``
prints one line of JSON when it is told to end or hears nothing any more. Times are CLOCK_MONOTONIC, which all pods of a
machine share, so that each way is measured by itself.

serve: {"came": [[number, one-way us], …], "bad_checksums": n, "bytes_per_s": rate or null}. ask: {"sent": n,
"came": [[number of the answer, one-way us], …], "bad_checksums": n}.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HELLO, NUMBERED, FLOOD, END = range(4)
FORM = struct.Struct("!BIq")  # kind, number, sent at (ns)
#: A server hears nothing for so long before the first datagram, and after the last one.
FIRST_S, SILENCE_S = 4.0, 1.5
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
#: The first part of a flood passes as a burst, and is not counted.
BURST_S = 0.25
#: Ethernet, IP and UDP in front of each datagram.
HEADERS_BYTES = 42


def bad_checksums() -> int:
    """Datagrams and segments that this namespace has refused for their checksum."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines()]
    return sum(
        int(dict(zip(names, values, strict=True))["InCsumErrors"])
        for names, values in zip(lines[::2], lines[1::2], strict=True)
        if names[0] in ("Tcp:", "Udp:")
    )


def serve(port: int) -> dict[str, Any]:
    """Answer until told to end, or nothing comes any more."""
    bad = bad_checksums()
    came: list[list[int]] = []
    flooded: list[tuple[int, int]] = []
    with roomy() as server:
        server.bind(("", port))
        server.settimeout(FIRST_S)
        with contextlib.suppress(TimeoutError):
            while True:
                data, sender = server.recvfrom(2048)
                now_ns = time.monotonic_ns()
                kind, number, sent_ns = FORM.unpack_from(data)
                if kind == END:
                    break
                server.settimeout(SILENCE_S)
                if kind == FLOOD:
                    flooded.append((now_ns, len(data) + HEADERS_BYTES))
                    continue
                server.sendto(FORM.pack(kind, len(came), now_ns), sender)
                if kind == NUMBERED:
                    came.append([number, (now_ns - sent_ns) // 1000])
    return {"came": came, "bad_checksums": bad_checksums() - bad, "bytes_per_s": rate(flooded)}


def rate(flooded: list[tuple[int, int]]) -> float | None:
    """Bytes a second once the burst is over; None for too few datagrams to say."""
    steady = [(at_ns, size) for at_ns, size in flooded if at_ns - flooded[0][0] >= BURST_S * 1e9]
    if len(steady) < 5:
        return None
    return sum(size for _, size in steady[1:]) / ((steady[-1][0] - steady[0][0]) / 1e9)


def met(link: socket.socket) -> bool:
    """Whether the server at the other end answers within FIRST_S."""
    end_s = time.monotonic() + FIRST_S
    while time.monotonic() < end_s:
        with contextlib.suppress(ConnectionRefusedError):  # it does not run yet
            link.send(FORM.pack(HELLO, 0, 0))
            if select.select([link], [], [], 0.05)[0] and received(link):
                return True
        time.sleep(0.01)
    return False


def roomy() -> socket.socket:
    """A socket that loses nothing while its process waits for the CPU, where we may say so (NET_ADMIN)."""
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with contextlib.suppress(PermissionError):
        for buffer in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
            link.setsockopt(socket.SOL_SOCKET, buffer, 1 << 22)
    return link


def received(link: socket.socket) -> bytes:
    """A datagram that has come; nothing where the kernel refuses it at this moment, for its checksum."""
    try:
        return link.recv(2048, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""


def ask(address: str, port: int, *, packets: int, over_s: float, flows: int, grace_s: float) -> dict[str, Any]:
    """flows: sockets that take turns. grace_s: how long after the last one answers are awaited. All are lost where
    nobody answers at all."""
    bad = bad_checksums()
    came: list[list[int]] = []
    with contextlib.ExitStack() as opened:
        links = [opened.enter_context(roomy()) for _ in range(flows)]
        for link in links:
            link.connect((address, port))
        if met(links[0]):
            for number, wait_s in paced(packets, over_s):
                links[number % flows].send(FORM.pack(NUMBERED, number, time.monotonic_ns()))
                collect(links, came, wait_s)
            collect(links, came, grace_s)
            part(links[0])
    return {"sent": packets, "came": came, "bad_checksums": bad_checksums() - bad}


def paced(packets: int, over_s: float) -> Iterator[tuple[int, float]]:
    """Number of each packet, and how long to wait after it (s)."""
    begin_s = time.monotonic()
    for number in range(packets):
        yield number, begin_s + (number + 1) * over_s / packets - time.monotonic()


def collect(links: list[socket.socket], came: list[list[int]], wait_s: float) -> None:
    """All answers that come within this time, and those that have come."""
    end_s = time.monotonic() + wait_s
    while ready := select.select(links, [], [], max(0.0, end_s - time.monotonic()))[0]:
        for link in ready:
            if data := received(link):
                kind, number, sent_ns = FORM.unpack_from(data)
                if kind == NUMBERED:
                    came.append([number, (time.monotonic_ns() - sent_ns) // 1000])


def flood(address: str, port: int, *, bytes_per_s: float, over_s: float) -> dict[str, Any]:
    """So much, evenly, whatever passes."""
    size = int(min(1400, max(100, bytes_per_s / 1000)))
    every_s, number = (size + HEADERS_BYTES) / bytes_per_s, 0
    with roomy() as link:
        link.connect((address, port))
        if met(link):
            begin_s = time.monotonic()
            while (now_s := time.monotonic() - begin_s) < over_s:
                while number * every_s <= now_s:
                    link.send(FORM.pack(FLOOD, number, 0).ljust(size, b"\0"))
                    number += 1
                time.sleep(max(0.0005, number * every_s - now_s))
            part(link)
    return {"sent": number}


def part(link: socket.socket) -> None:
    """Tell the server to end, more often than a lossy link loses it."""
    with contextlib.suppress(ConnectionRefusedError):  # it has ended
        for _ in range(5):
            link.send(FORM.pack(END, 0, 0))
            time.sleep(0.01)


def main(argument: str) -> None:
    asked = json.loads(argument)
    does: dict[str, Callable[..., dict[str, Any]]] = {"serve": serve, "ask": ask, "flood": flood}
    print(json.dumps(does[asked.pop("do")](**asked)))


if __name__ == "__main__":
    main(sys.argv[1])
