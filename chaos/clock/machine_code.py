"""vdso.s, assembled: what a process whose clock is wrong runs instead of the kernel's own functions in its memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass

#: As of vdso.s; a test assembles that anew, where an assembler is there.
CODE = bytes.fromhex(
    "b8e40000000f0585c0750985ff740683ff057401c3488b0e4869c900ca9a3b48034e08e8"
    "890000004889c831d249c7c000ca9a3b49f7f04889064889560831c0c3b8600000000f05"
    "85c075434885ff743e488b0f4869c940420f0048034f084869c9e8030000e84600000048"
    "89c831d249c7c0e803000049f7f031d249c7c040420f0049f7f04889074889570831c0c3"
    "574883ec1031ff4889e6e861ffffff488b04244883c4105f4885ff7403488907c34889c8"
    "482b053d0000004c8b054e0000004d85c0741631d249f7f048850545000000750748030d"
    "24000000c348f72d24000000480facd0204801c148030d0d000000c30f1f400000000000"
)[:248]
#: Function of the kernel's object in a process -> where its replacement begins.
ENTRIES = {"__vdso_clock_gettime": 0x00, "__vdso_gettimeofday": 0x41, "__vdso_time": 0x90}
FOREVER = 0
EVERY_OTHER_TURN = 1
FIRST_TURN = (1 << 63) - 1


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """How a clock is wrong from a moment on. skew_ns: what it shows more. drift: what it gains a second, in seconds.
    turn_ns: the skew holds for turns of this length only, FOREVER without. mask: which turns."""

    skew_ns: int = 0
    drift: float = 0.0
    turn_ns: int = FOREVER
    mask: int = 0

    def data(self, since_ns: int) -> bytes:
        """What stands behind CODE. since_ns: the moment, by the right clock."""
        return struct.pack("<5q", since_ns, self.skew_ns, round(self.drift * 2**32), self.turn_ns, self.mask)
