"""How many arrivals a second are wanted, as it changes over a run: straight pieces, one after the other.

Steps, ramps, bursts and a curve through given points are all made of such pieces, so the cumulative rate (the integral)
is a parabola a piece and its inverse has a closed form. Knows no random numbers; those are
`loadgen.arrivals.arrivals`'.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

#: duration_s, arrivals a second at its begin, and at its end; in between the rate changes evenly.
Piece = tuple[float, float, float]


class Curve:
    """duration_s: of all pieces. total: the integral, which is how many arrivals there will be on average."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = tuple(pieces)
        self.duration_s = math.fsum(duration_s for duration_s, _, _ in pieces)
        self.total = math.fsum(_area(piece) for piece in pieces)

    def scaled(self, factor: float) -> Curve:
        return Curve([(duration_s, first * factor, last * factor) for duration_s, first, last in self._pieces])

    def reached(self, marks: Iterable[float]) -> Iterator[float]:
        """When the cumulative rate reaches each of the ascending marks, in seconds; ends before the first mark that
        it does not reach."""
        rest = iter(marks)
        mark = next(rest, None)
        begin_s = passed = 0.0
        for piece in self._pieces:
            area = _area(piece)
            while mark is not None and mark - passed < area:
                yield begin_s + _time_of(piece, mark - passed)
                mark = next(rest, None)
            begin_s += piece[0]
            passed += area


def _area(piece: Piece) -> float:
    duration_s, first, last = piece
    return duration_s * (first + last) / 2


def _time_of(piece: Piece, area: float) -> float:
    """Solves first * t + slope * t ** 2 / 2 = area; in this form without cancellation, and for a slope of zero too."""
    duration_s, first, last = piece
    if area <= 0:
        return 0.0
    root = math.sqrt(max(0.0, first * first + 2 * (last - first) / duration_s * area))
    return min(2 * area / (first + root), duration_s)
