"""TPC-C's random numbers: NURand (clause 2.1.6), last names (4.3.2.3), and text of a given length (4.3.2.2).

At the full scale these are the specification's. With fewer customers or items, NURand's constant A shrinks in
proportion, to the next power of two less one, so that about the same share of the rows stays popular.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

SYLLABLES = ("BAR", "OUGHT", "ABLE", "PRI", "PRES", "ESE", "ANTI", "CALLY", "ATION", "EING")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

#: What NURand is used for -> (A, number of values) at the full scale.
FULL = {"last": (255, 1000), "customer": (1023, 3000), "item": (8191, 100_000)}
#: Clause 2.1.6.1: how far C of the run may be from C of the load, for last names; these two are excluded.
DELTA_C, EXCLUDED = range(65, 120), (96, 112)


def last_name(number: int) -> str:
    """The last name of a number from 0 to 999: its three digits as syllables."""
    return "".join(SYLLABLES[number // place % 10] for place in (100, 10, 1))


def scaled_a(kind: str, values: int) -> int:
    """NURand's A for a kind when there are this many values."""
    a, full = FULL[kind]
    if values >= full:
        return a
    # bit_length - 1: the largest power of two that is not above the share.
    return int((1 << (max(1, (a + 1) * values // full).bit_length() - 1)) - 1)


def nurand(rng: random.Random, *, a: int, low: int, high: int, c: int) -> int:
    """Clause 2.1.6: a number from low to high, not uniform: (random(0, A) | random(low, high)) + C, wrapped around."""
    return ((rng.randint(0, a) | rng.randint(low, high)) + c) % (high - low + 1) + low


@dataclass(frozen=True, kw_only=True)
class Constants:
    """C of every kind, constant for a run."""

    last_load: int
    last: int
    customer: int
    item: int

    @classmethod
    def draw(cls, seed: int | str) -> Constants:
        """From the seed; C of the load and of the run differ for last names as clause 2.1.6.1 demands."""
        rng = random.Random(f"tpcc/C/{seed}")
        load = rng.randint(0, 255)
        allowed = [
            c for c in range(256) if abs(c - load) in DELTA_C and abs(c - load) not in EXCLUDED
        ]  # never empty: one side has room for 65
        return cls(last_load=load, last=rng.choice(allowed), customer=rng.randint(0, 1023), item=rng.randint(0, 8191))


class Text:
    """Random strings, cut from one long one: a string a row would take longer to draw than to insert."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._letters = "".join(rng.choices(LETTERS, k=20_000))
        self._digits = "".join(rng.choices("0123456789", k=5_000))

    def letters(self, low: int, high: int | None = None) -> str:
        """Alphanumeric, low to high characters."""
        return self._cut(self._letters, low, high)

    def digits(self, low: int, high: int | None = None) -> str:
        return self._cut(self._digits, low, high)

    def data(self, low: int, high: int) -> str:
        """As letters; every tenth has ORIGINAL somewhere in it (clause 4.3.3.1)."""
        text = self.letters(low, high)
        if self._rng.random() >= 0.1:
            return text
        at = self._rng.randint(0, len(text) - 8)
        return f"{text[:at]}ORIGINAL{text[at + 8 :]}"

    def address(self) -> tuple[str, str, str, str, str]:
        """street_1, street_2, city, state, zip."""
        return (
            self.letters(10, 20),
            self.letters(10, 20),
            self.letters(10, 20),
            self.letters(2).upper(),
            f"{self.digits(4)}11111",
        )

    def _cut(self, text: str, low: int, high: int | None) -> str:
        length = low if high is None else self._rng.randint(low, high)
        at = self._rng.randrange(len(text) - length)
        return text[at : at + length]
