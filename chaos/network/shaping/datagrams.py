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
from collections.abc import Callable
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
    server = roomy()
    server.bind(("", port))
    server.settimeout(FIRST_S)
    bad = bad_checksums()
    came: list[list[int]] = []
    flood: list[tuple[int, int]] = []
    while True:
        try:
            data, sender = server.recvfrom(2048)
        except TimeoutError:
            break
        now_ns = time.monotonic_ns()
        if len(data) < FORM.size:
            continue
        kind, number, sent_ns = FORM.unpack_from(data)
        if kind == END:
            break
        if kind == FLOOD:
            flood.append((now_ns, len(data) + HEADERS_BYTES))
            continue
        server.sendto(FORM.pack(kind, len(came), now_ns), sender)
        server.settimeout(SILENCE_S)
        if kind == NUMBERED:
            came.append([number, (now_ns - sent_ns) // 1000])
    return {"came": came, "bad_checksums": bad_checksums() - bad, "bytes_per_s": rate(flood)}


def rate(flood: list[tuple[int, int]]) -> float | None:
    """Bytes a second once the burst is over; None for too few datagrams to say."""
    steady = [(at_ns, size) for at_ns, size in flood if at_ns - flood[0][0] >= BURST_S * 1e9]
    if len(steady) < 5:
        return None
    return sum(size for _, size in steady[1:]) / ((steady[-1][0] - steady[0][0]) / 1e9)


def met(address: str, port: int) -> socket.socket | None:
    """A socket to a server that has answered; None where none does within FIRST_S."""
    link = connected(address, port)
    end_s = time.monotonic() + FIRST_S
    while time.monotonic() < end_s:
        with contextlib.suppress(ConnectionRefusedError):  # it does not run yet
            link.send(FORM.pack(HELLO, 0, 0))
            if select.select([link], [], [], 0.05)[0] and received(link):
                return link
        time.sleep(0.01)
    return None


def connected(address: str, port: int) -> socket.socket:
    link = roomy()
    link.connect((address, port))
    return link


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
    first = met(address, port)
    if first is None:
        return {"sent": packets, "came": [], "bad_checksums": bad_checksums() - bad}
    links = [first, *(connected(address, port) for _ in range(flows - 1))]
    came: list[list[int]] = []
    begin_s = time.monotonic()

    def collect(wait_s: float) -> None:
        for link in select.select(links, [], [], wait_s)[0]:
            if not (data := received(link)):
                continue
            kind, number, sent_ns = FORM.unpack_from(data)
            if kind == NUMBERED:
                came.append([number, (time.monotonic_ns() - sent_ns) // 1000])

    for number in range(packets):
        links[number % flows].send(FORM.pack(NUMBERED, number, time.monotonic_ns()))
        while (ahead_s := begin_s + (number + 1) * over_s / packets - time.monotonic()) > 0:
            collect(ahead_s)
    end_s = time.monotonic() + grace_s
    while (left_s := end_s - time.monotonic()) > 0:
        collect(left_s)
    part(first)
    return {"sent": packets, "came": came, "bad_checksums": bad_checksums() - bad}


def flood(address: str, port: int, *, bytes_per_s: float, over_s: float) -> dict[str, Any]:
    """More than may pass, evenly."""
    link = met(address, port)
    if link is None:
        return {"sent": 0}
    size = int(min(1400, max(100, bytes_per_s / 1000)))
    every_s, begin_s, number = (size + HEADERS_BYTES) / bytes_per_s, time.monotonic(), 0
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
