"""Faults of a clock without a pod: the machine code is that of its source, it lies as it is told to, and looks tell."""

from __future__ import annotations

import ctypes
import json
import mmap
import platform
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.clock import machine_code, on_host
from chaos.clock.drift import ClockDrift
from chaos.clock.jump import ClockJump
from chaos.clock.machine_code import CODE, ENTRIES, Wrong
from chaos.clock.skew import ClockSkew
from chaos.clock.strobe import ClockStrobe
from chaos.clock.wrong_clock import ClockFault, Look
from cluster.keys import MistakesError

SOURCE = Path(machine_code.__file__).with_name("vdso.s")
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="the machine code is of x86-64")

Clock = Callable[[Wrong, int], tuple[int, int, int]]


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Runs the code: how it is wrong, and since when -> ns of clock_gettime, ns of gettimeofday, s of time."""
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    place = ctypes.c_char.from_buffer(memory)
    at = ctypes.addressof(place)

    def read(wrong: Wrong, since_ns: int) -> tuple[int, int, int]:
        memory[: len(CODE) + 40] = CODE + wrong.data(since_ns)
        gettime, gettimeofday, seconds = (
            ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_void_p)(at + ENTRIES["__vdso_clock_gettime"]),
            ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)(at + ENTRIES["__vdso_gettimeofday"]),
            ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(at + ENTRIES["__vdso_time"]),
        )
        timespec, timeval = (ctypes.c_long * 2)(), (ctypes.c_long * 2)()
        assert gettime(0, ctypes.addressof(timespec)) == 0
        assert gettimeofday(ctypes.addressof(timeval), None) == 0
        monotonic = (ctypes.c_long * 2)()
        assert gettime(1, ctypes.addressof(monotonic)) == 0
        assert abs(monotonic[0] + monotonic[1] / 1e9 - time.monotonic()) < 60, "the monotonic clock stays right"
        return timespec[0] * 10**9 + timespec[1], timeval[0] * 10**9 + timeval[1] * 1000, int(seconds(None))

    yield read
    del place
    memory.close()


def off_s(read_ns: int) -> float:
    return (read_ns - time.time_ns()) / 1e9


@pytest.mark.skipif(None in (shutil.which("as"), shutil.which("objcopy")), reason="no assembler is here")
@X86
def test_the_code_is_what_its_source_says(tmp_path: Path) -> None:
    whole, text = tmp_path / "vdso.o", tmp_path / "vdso.bin"
    subprocess.run(["as", "-o", whole, SOURCE], check=True)
    subprocess.run(["objcopy", "-O", "binary", "--only-section=.text", whole, text], check=True)
    assert text.read_bytes()[: len(CODE)] == CODE
    assert text.read_bytes()[len(CODE) :] == bytes(40)


@X86
@pytest.mark.parametrize("skew_s", [5, -90, 0.25, 0])
def test_a_skewed_clock_is_wrong_by_as_much_in_each_of_its_functions(clock: Clock, skew_s: float) -> None:
    nanoseconds, microseconds, seconds = clock(Wrong(skew_ns=round(skew_s * 1e9)), time.time_ns())
    assert off_s(nanoseconds) == pytest.approx(skew_s, abs=1)
    assert off_s(microseconds) == pytest.approx(skew_s, abs=1)
    assert seconds - time.time() == pytest.approx(skew_s, abs=2)


@X86
@pytest.mark.parametrize(("drift", "gained_s"), [(0.1, 10.0), (-0.5, -50.0), (-1.0, -100.0)])
def test_a_drifting_clock_has_gained_since_then(clock: Clock, drift: float, gained_s: float) -> None:
    read_ns, _, _ = clock(Wrong(drift=drift), time.time_ns() - 100 * 10**9)
    assert off_s(read_ns) == pytest.approx(gained_s, abs=2)


@X86
@pytest.mark.parametrize(("ago_s", "skew_s"), [(1, 500), (11, 0), (21, 500), (31, 0)])
def test_a_strobing_clock_is_wrong_in_every_other_turn(clock: Clock, ago_s: int, skew_s: float) -> None:
    wrong = Wrong(skew_ns=500 * 10**9, turn_ns=10 * 10**9, mask=machine_code.EVERY_OTHER_TURN)
    read_ns, _, _ = clock(wrong, time.time_ns() - ago_s * 10**9)
    assert off_s(read_ns) == pytest.approx(skew_s, abs=2)


@X86
@pytest.mark.parametrize(("ago_s", "skew_s"), [(1, -500), (11, 0), (21, 0)])
def test_a_clock_that_jumped_is_right_after_its_first_turn(clock: Clock, ago_s: int, skew_s: float) -> None:
    wrong = ClockJump(offset=500.0, direction="behind", back_after=10.0).wrong()
    read_ns, _, _ = clock(wrong, time.time_ns() - ago_s * 10**9)
    assert off_s(read_ns) == pytest.approx(skew_s, abs=2)


@X86
def test_the_functions_of_the_kernel_s_object_jump_to_the_code() -> None:
    vdso = on_host._content("self")
    content = on_host.patched(vdso, CODE + Wrong().data(0), json.loads(json.dumps(ENTRIES)))
    assert len(content) == len(vdso)
    begin = content.index(CODE)
    assert vdso[begin : begin + len(CODE) + 40] == bytes(len(CODE) + 40), "only what is empty is written over"
    for name, offset in ENTRIES.items():
        at = on_host.symbols(vdso)[name]
        assert content[at] == 0xE9
        assert at + 5 + struct.unpack_from("<i", content, at + 1)[0] == begin + offset


def test_a_vdso_without_room_is_left_alone() -> None:
    with pytest.raises(SystemExit, match="the vDSO has room for 64 bytes, and 288 are needed"):
        on_host.patched(b"\x7fELF" * 16 + bytes(64), CODE + bytes(40), {})


@pytest.mark.parametrize(
    ("fault", "skews_s", "promised", "measured"),
    [
        (ClockSkew(), [5.01], 5.0, 5.01),
        (ClockSkew(offset=90.0, direction="behind"), [-90.0], -90.0, -90.0),
        (ClockDrift(rate=0.1), [3.0, 3.1, 3.2], 0.1, 0.1),
        (ClockDrift(rate=0.1, direction="behind"), [0.0, -0.1, -0.2], -0.1, -0.1),
        (ClockStrobe(), [0.0, 5.0, 0.0], 5.0, 5.0),
        (ClockStrobe(direction="behind"), [0.0, -5.0, 0.0], -5.0, -5.0),
    ],
)
def test_what_looks_show_is_held_against_the_promise(
    fault: ClockFault, skews_s: list[float], promised: float, measured: float
) -> None:
    looks = [Look(at_s=100.0 + number, skew_s=skew_s) for number, skew_s in enumerate(skews_s)]
    (measure,) = fault.measures(looks)
    assert measure.promised == promised
    assert measure.measured == pytest.approx(measured)
    assert measure.kept
    right = [Look(at_s=look.at_s, skew_s=0.0) for look in looks]
    assert not fault.measures(right)[0].kept, "a right clock must not look wrong"


@pytest.mark.parametrize(
    ("fault", "keys"),
    [
        (ClockSkew, {"offset": "-3ms"}),
        (ClockSkew, {"offset": "10ms"}),
        (ClockSkew, {"direction": "left"}),
        (ClockDrift, {"rate": 2}),
        (ClockStrobe, {"period": "10s"}),
        (ClockJump, {"back_after": "1s"}),
    ],
)
def test_a_clock_that_could_not_be_measured_is_refused(fault: type[ClockFault], keys: dict[str, object]) -> None:
    with pytest.raises(MistakesError, match=next(iter(keys))):
        fault.read(keys)
