"""What is done to the packets of a fault, whichever mechanism does it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Each field with its neutral value does nothing.

    latency_s, jitter_s: each packet waits latency ± jitter, evenly spread. loss, duplicate, corrupt: percent of the
    packets. reorder: percent that do not wait, every ``gap``-th at most. correlation: percent of the packets that fare
    like the one before them; the shares stay what they are.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    reorder: float = 0.0
    gap: int = 1
    correlation: float = 0.0
