"""The program behind NFQUEUE: what becomes of each packet, in which order they go, and what it tells the kernel."""

from __future__ import annotations

import json
import random
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest

from chaos.network.shaping import nfqueue
from chaos.network.shaping.nfqueue import Queue, Shaper, attribute, attributes, beat, flow_of, message

PACKETS = 20_000


def packet(*, port: int = 3306, source: str = "198.18.0.11", target: str = "198.18.0.12", size: int = 60) -> bytes:
    addresses = b"".join(bytes(map(int, address.split("."))) for address in (source, target))
    header = struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0, 64, 6, 0) + addresses
    return (header + struct.pack("!HH", 40_000, port)).ljust(size, b"\0")


def shaper(**shape: float) -> Shaper:
    return Shaper(shape, random.Random(7))


@pytest.mark.parametrize("correlation", [0, 25, 90])
def test_a_share_stays_what_it_is_whatever_the_correlation(correlation: float) -> None:
    shaped = shaper(loss=5, correlation=correlation)
    lost = [shaped.drops() for _ in range(PACKETS)]
    assert abs(sum(lost) / PACKETS - 0.05) < (0.005 if correlation < 90 else 0.02)
    after_a_loss = [later for earlier, later in pairwise(lost) if earlier]
    expected = 0.05 + 0.95 * correlation / 100
    assert abs(sum(after_a_loss) / len(after_a_loss) - expected) < 0.05
    assert shaped.counts["dropped"] == sum(lost)
    assert shaped.counts["handled"] == PACKETS


def test_all_or_none_may_be_lost() -> None:
    everything, nothing = shaper(loss=100), shaper()
    assert all(everything.drops() for _ in range(1000))
    assert not any(nothing.drops() for _ in range(1000))


def test_jitter_is_evenly_spread_about_the_latency() -> None:
    shaped = shaper(latency_s=0.05, jitter_s=0.01)
    waits = [shaped.due_s(packet(port=port), 100.0) - 100 for port in range(1, 5001)]
    assert min(waits) >= 0.04
    assert max(waits) <= 0.06
    assert abs(sum(waits) / len(waits) - 0.05) < 0.0005
    thirds = [sum(1 for wait in waits if low <= wait < low + 0.02 / 3) for low in (0.04, 0.04 + 0.02 / 3)]
    assert all(abs(third - len(waits) / 3) < len(waits) / 20 for third in thirds)


def test_no_packet_overtakes_another_of_its_flow_though_it_may_one_of_another() -> None:
    shaped = shaper(latency_s=0.05, jitter_s=0.04)
    due = [(port, shaped.due_s(packet(port=port), at / 1000)) for at in range(2000) for port in (1, 2)]
    for port in (1, 2):
        of_flow = [due_s for each, due_s in due if each == port]
        assert of_flow == sorted(of_flow)
    assert [due_s for _, due_s in due] != sorted(due_s for _, due_s in due)


def test_flows_that_are_over_are_forgotten() -> None:
    shaped = shaper(latency_s=0.01, jitter_s=0.01)
    for number in range(30_000):
        shaped.due_s(packet(port=number), number / 100)
    assert len(shaped._last_due_s) < 10_010


def test_reordered_packets_go_at_once_every_gap_th_at_most() -> None:
    shaped = shaper(latency_s=0.02, reorder=50, gap=5)
    waits = [shaped.due_s(packet(), 1.0) > 1.0 for _ in range(PACKETS)]
    at_once = [number for number, waited in enumerate(waits) if not waited]
    assert min(later - earlier for earlier, later in pairwise(at_once)) == 5
    assert abs(len(at_once) / PACKETS - 1 / 6) < 0.01  # four wait, then on average one more
    assert shaped.counts["overtaking"] == len(at_once)


def test_damage_is_one_bit_behind_the_ip_header() -> None:
    shaped, before = shaper(corrupt=100), packet()
    for _ in range(500):
        after = shaped.damaged(before)
        assert after is not None
        assert len(after) == len(before)
        assert after[:20] == before[:20]
        assert sum((old ^ new).bit_count() for old, new in zip(before, after, strict=True)) == 1


def test_a_packet_without_content_is_not_damaged() -> None:
    assert shaper(corrupt=100).damaged(packet(size=24)[:20]) is None


def test_a_flow_is_addresses_protocol_and_ports() -> None:
    assert flow_of(packet()) == flow_of(packet(size=1400))
    assert len({flow_of(packet()), flow_of(packet(port=1)), flow_of(packet(source="198.18.0.13"))}) == 3


class Kernel:
    """Hands packets over like the kernel, and keeps the verdicts and copies that it gets. order: of both together."""

    def __init__(self, *packets: bytes, mark: int = 0) -> None:
        self.order: list[tuple[str, int]] = []
        self.marks: list[int] = []
        self.payloads: dict[int, bytes] = {}
        self._handed = [
            message(
                nfqueue.PACKET,
                7,
                attribute(nfqueue.PACKET_HEADER, struct.pack("!IHB", number, 0x800, 4)),
                *([attribute(nfqueue.MARK, struct.pack("!I", mark))] if mark else []),
                attribute(nfqueue.PAYLOAD, content),
            )
            for number, content in enumerate(packets, 1)
        ]

    def recv(self, *_: int) -> bytes:
        if not self._handed:
            raise BlockingIOError
        return self._handed.pop(0)

    def send(self, data: bytes) -> None:
        while data:
            length, kind = struct.unpack_from("=IH", data)
            assert kind == nfqueue.VERDICT
            said = dict(attributes(data[20:length]))
            word, number = struct.unpack("!II", said[nfqueue.VERDICT_HEADER])
            self.order.append(("drop" if word == nfqueue.NF_DROP else "pass", number))
            if nfqueue.MARK in said:
                self.marks += struct.unpack("!I", said[nfqueue.MARK])
            if nfqueue.PAYLOAD in said:
                self.payloads[number] = said[nfqueue.PAYLOAD]
            data = data[length:]

    def sendto(self, copy: bytes, to: tuple[str, int]) -> None:
        self.order.append((f"copy to {to[0]}", len(copy)))


def queue(kernel: Kernel, **shape: float) -> Queue:
    made = Queue(number=7, mark=1 << 16, shaper=shaper(**shape))
    made.netlink = made.raw = cast(Any, kernel)
    return made


def test_a_packet_is_held_until_it_is_due_and_goes_marked_through_its_hook_again() -> None:
    kernel = Kernel(packet(), packet(port=1), mark=1 << 17)
    holding = queue(kernel, latency_s=60)
    holding.take()
    holding.release(holding.held[0][0] - 1)
    assert kernel.order == []
    holding.release(float("inf"))
    assert kernel.order == [("pass", 1), ("pass", 2)]
    assert kernel.marks == [3 << 16, 3 << 16], "marks of other shapings stay"


def test_a_copy_goes_after_its_original_and_before_the_next() -> None:
    kernel = Kernel(packet(size=100), packet(size=200))
    doubling = queue(kernel, duplicate=100)
    doubling.take()
    doubling.release(float("inf"))
    assert kernel.order == [("pass", 1), ("copy to 198.18.0.12", 100), ("pass", 2), ("copy to 198.18.0.12", 200)]


def test_lost_packets_are_dropped_and_damaged_ones_replaced() -> None:
    losing = Kernel(packet())
    dropping = queue(losing, loss=100)
    dropping.take()
    dropping.release(0)
    assert losing.order == [("drop", 1)]
    kernel = Kernel(packet())
    damaging = queue(kernel, corrupt=100)
    damaging.take()
    damaging.release(float("inf"))
    assert kernel.payloads[1] != packet()
    assert len(kernel.payloads[1]) == len(packet())


def test_what_is_no_ip_packet_passes() -> None:
    kernel = Kernel(b"\x45")
    shaping = queue(kernel, latency_s=60, corrupt=100, duplicate=100)
    shaping.take()
    shaping.release(shaping.held[0][0])
    assert kernel.order == [("pass", 1)]


def test_a_heartbeat_says_when_and_how_much(tmp_path: Path) -> None:
    kernel = Kernel(packet(), packet())
    counting = queue(kernel, loss=100)
    counting.take()
    beat(counting, str(tmp_path / "state.json"))
    told = json.loads((tmp_path / "state.json").read_text())
    assert (told["handled"], told["dropped"], told["held"]) == (2, 2, 0)
    assert told["at_ns"] > 0
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]
