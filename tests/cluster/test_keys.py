"""The keys of a fault: what each takes, what is refused and in which words; what was read can be read again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from cluster.keys import Keys, MistakesError, duration, flag, number, percent, rate, whole, word


@dataclass(frozen=True, kw_only=True)
class Delay(Keys):
    by: float = duration("how long each packet waits", at_least=0.001, at_most=60.0)
    jitter: float = duration("how much that varies", default=0.0)
    loss: float = number("how many packets are lost", default=0.0, unit="%", at_least=0, at_most=100)
    queue: int | None = whole("packets that wait at most", default=None, at_least=1)
    way: str = word("which packets", of=("in", "out"), default="out")
    ordered: bool = flag("whether packets keep their order", default=True)
    same: float = percent("how many are like the last", default=0.0, at_most=99.0)
    speed: float | None = rate("how much passes", default=None, at_least=1e3)


def test_keys_are_read_with_their_units_and_written_as_they_are_read() -> None:
    read = Delay.read({"by": "250ms", "loss": 3, "way": "in"})
    assert read == Delay(by=0.25, jitter=0.0, loss=3.0, queue=None, way="in", ordered=True, same=0.0, speed=None)
    assert read.written() == {
        "by": "250ms", "jitter": "0ms", "loss": 3.0, "queue": None, "way": "in", "ordered": True,
        "same": "0%", "speed": None,
    }  # fmt: skip
    assert Delay.read(read.written()) == read


@pytest.mark.parametrize(
    ("written", "kept", "shown"),
    [
        ({"same": "5%"}, 5.0, "5%"),
        ({"same": "0.25 %"}, 0.25, "0.25%"),
        ({"speed": "1mbps"}, 1e6, "1mbps"),
        ({"speed": "8mbit"}, 1e6, "1mbps"),
        ({"speed": "20kbit"}, 2500.0, "2.5kbps"),
        ({"speed": "1.5gbps"}, 1.5e9, "1.5gbps"),
    ],
)
def test_shares_and_rates_are_written_with_their_unit(written: dict[str, str], kept: float, shown: str) -> None:
    read = Delay.read({"by": "1s"} | written)
    (name,) = written
    assert getattr(read, name) == kept
    assert read.written()[name] == shown
    assert Delay.read(read.written()) == read


@pytest.mark.parametrize(
    ("written", "key", "says"),
    [
        ({}, "by", "is required and missing: a duration, 1ms to 60s"),
        ({"by": None}, "by", "expected a duration with a unit"),
        ({"by": "61s"}, "by", "expected a duration, 1ms to 60s"),
        ({"by": "0s"}, "by", "expected a duration, 1ms to 60s"),
        ({"loss": 101}, "loss", "expected a number (%), 0 to 100"),
        ({"loss": float("nan")}, "loss", "expected a number (%), 0 to 100"),
        ({"loss": True}, "loss", "expected a number (%), 0 to 100"),
        ({"queue": 0}, "queue", "expected a whole number, 1 or more"),
        ({"queue": 1.5}, "queue", "expected a whole number, 1 or more"),
        ({"way": "up"}, "way", "expected one of in, out"),
        ({"way": ["in"]}, "way", "expected one of in, out"),
        ({"same": "140%"}, "same", "expected a percentage, 0% to 99%"),
        ({"same": 5}, "same", "expected a percentage, such as 5% or 0.5%"),
        ({"same": "-5%"}, "same", "expected a percentage of 0% or more"),
        ({"speed": "999bps"}, "speed", "expected a data rate, 1kbps or more"),
        ({"speed": "1mb"}, "speed", "expected a data rate, such as 1mbps (megabytes a second) or 8mbit"),
        ({"ordered": 1}, "ordered", "expected true or false"),
        ({"jiter": "1s"}, "jiter", "unknown key; did you mean 'jitter'? Allowed here: at, by, jitter, loss, queue"),
        ({"zzz": 1}, "zzz", "unknown key; allowed here: at, by, "),
    ],
)
def test_a_key_that_cannot_be_is_told_with_what_could(written: dict[str, Any], key: str, says: str) -> None:
    given = {"by": "1s"} | written if written else {}
    with pytest.raises(MistakesError) as caught:
        Delay.read(given, beside=("at",))
    (mistake,) = caught.value.mistakes
    assert mistake.key == key
    assert mistake.why.startswith(says)


def test_all_mistakes_are_told() -> None:
    with pytest.raises(MistakesError) as caught:
        Delay.read({"loss": -1, "byy": "1s"})
    assert {mistake.key for mistake in caught.value.mistakes} == {"loss", "byy", "by"}
