"""The faults that shape packets, by their keys: what is refused, what each promises, and what counts as shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.fault import Setting
from chaos.network.corrupt import Corrupt
from chaos.network.delay import Delay
from chaos.network.loss import Loss
from chaos.network.reorder import Reorder
from chaos.network.shaping.exchange import Way
from chaos.network.shaping.shaped import ShapingFault
from chaos.registry import FAULTS
from cluster.errors import ConfigurationError
from scenarios.schema.read import read_scenario

SHAPING = [fault for fault in FAULTS.values() if issubclass(fault, ShapingFault)]
HEAD = "name: bad\nteaches: nothing\ntopology: group\nmesh: envoy\nworkload: transfer\nfaults:\n  - {at: 1s, "


def seen(*, delays_ms: tuple[float, ...] = (0.1,) * 100, sent: int = 100, overtook: int = 0, bad: int = 0) -> Way:
    return Way(sent=sent, delays_ms=delays_ms, copies=0, overtook=overtook, bad_checksums=bad)


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("fault: delay, target: primary, latency: -3ms", "latency: expected a duration of 0 or more"),
        ("fault: delay, target: primary, latency: 0ms", "latency: expected a duration, 1ms to 5s"),
        ("fault: delay, target: primary, jitter: 60ms", "jitter: a packet cannot wait less than nothing"),
        ("fault: loss, target: primary, loss: 140%", "loss: expected a percentage, 0.1% to 100%, got '140%'"),
        ("fault: loss, target: primary, correlation: 100%", "correlation: expected a percentage, 0% to 99%"),
        ("fault: loss, target: agent of primary", "loss cannot have target agent of primary"),
        ("fault: bandwidth, target: primary, rate: 1mb", "rate: expected a data rate, such as 1mbps"),
        ("fault: bandwidth, target: primary, rate: 1kbps", "rate: expected a data rate, 100kbps to 10mbps"),
        ("fault: reorder, target: primary, gap: 0", "gap: expected a whole number, 1 to 100"),
        ("fault: delay, target: primary, link: client-proxy", "link: primary is at neither end of link client-proxy"),
        ("fault: delay, target: primary, direction: up", "direction: expected one of to, from, both"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(step: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(HEAD + step + "}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_scenario(str(file))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{file}:7: faults.0.")
    assert says in line


def test_each_of_them_has_a_mark_of_its_own() -> None:
    marks = [fault.mark_bit for fault in SHAPING]
    assert len(set(marks)) == len(marks)
    assert all(0 <= mark < 16 for mark in marks)


@pytest.mark.parametrize("fault", SHAPING)
def test_a_sound_way_shows_none_of_them(fault: type[ShapingFault]) -> None:
    assert not fault.read(fault.example).shows(seen())


def test_a_delay_is_measured_against_its_latency_and_its_jitter_against_an_even_spread() -> None:
    delay = Delay(latency=0.05, jitter=0.01)
    even = tuple(40 + 20 * number / 999 for number in range(1000))
    size, spread = delay.measures(seen(delays_ms=even, sent=1000))
    assert size.kept
    assert spread.kept
    assert delay.shows(seen(delays_ms=even, sent=1000))
    constant = seen(delays_ms=(50.0,) * 100)
    assert [measure.kept for measure in delay.measures(constant)] == [True, False]
    assert not delay.measures(seen(delays_ms=(58.0,) * 100))[0].kept


def test_where_nothing_comes_there_is_no_delay_to_be_seen() -> None:
    assert not Delay().shows(seen(delays_ms=()))


def test_loss_is_kept_within_one_and_a_half_points() -> None:
    for lost, kept in ((5, True), (6, True), (7, False), (3, False)):
        (measure,) = Loss(loss=5.0).measures(seen(delays_ms=(0.1,) * (100 - lost)))
        assert measure.kept == kept


def test_packets_that_are_merely_lost_are_not_corrupted() -> None:
    lost = (0.1,) * 95
    assert not Corrupt(corrupt=5.0).shows(seen(delays_ms=lost))
    assert Corrupt(corrupt=5.0).shows(seen(delays_ms=lost, bad=5))


def test_a_gap_lowers_the_share_that_overtakes() -> None:
    promised = [Reorder(reorder=25.0, gap=gap).measures(seen())[0].promised for gap in (1, 5)]
    assert promised == [25.0, 12.5]


@pytest.mark.parametrize("fault", SHAPING)
def test_they_hit_what_is_sent_unless_asked_otherwise_as_in_chaos_mesh(fault: type[ShapingFault]) -> None:
    assert fault.read({}).direction == "to"
    assert fault.read({}).misfit("primary", Setting(kind="single", pods=1, mesh="direct")) is None
