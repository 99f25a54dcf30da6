"""A program for the engine's host, of the standard library alone: makes the clock wrong that the processes of a
container read, or right again, or tells how many of them have a wrong one.

    python3 on_host.py look|right|wrong CONTAINER [CODE DATA ENTRIES]

The time of day a process reads through the vDSO, code of the kernel in its own memory. What it reads there is changed
as a debugger would, while the container is frozen for some milliseconds and no thread is within that code.
"""

from __future__ import annotations

import json
import os
import re
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TRIES = 50
FREEZE_TIMEOUT_S = 5.0
_DYNSYM = 11


def main(action: str, container: str, code: str = "", data: str = "", entries: str = "{}") -> None:
    right = _content("self")
    cgroup = _cgroup(container)
    if action == "look":
        print(json.dumps({"wrong": sum(_content(pid) != right for pid in _processes(cgroup))}))
        return
    content = right
    if action == "wrong":
        moment = struct.pack("<q", time.time_ns())
        content = patched(right, bytes.fromhex(code) + moment + bytes.fromhex(data)[8:], json.loads(entries))
    for _ in range(TRIES):
        with _frozen(cgroup):
            processes = _processes(cgroup)
            if not any(_within(pid) for pid in processes):
                for pid in processes:
                    _write(pid, content)
                return
        time.sleep(0.01)
    sys.exit("a thread was within the vDSO every time")


def patched(vdso: bytes, code: bytes, entries: dict[str, int]) -> bytes:
    """A vDSO whose functions jump to others, which are put where its last page is empty. entries: function -> where in
    the code its replacement begins."""
    begin = (len(vdso.rstrip(b"\0")) + 63) // 64 * 64
    if begin + len(code) > len(vdso):
        sys.exit(f"the vDSO has room for {len(vdso) - begin} bytes, and {len(code)} are needed")
    content = bytearray(vdso)
    content[begin : begin + len(code)] = code
    functions = symbols(vdso)
    for name, offset in entries.items():
        at = functions[name]
        content[at : at + 5] = b"\xe9" + struct.pack("<i", begin + offset - (at + 5))
    return bytes(content)


def symbols(vdso: bytes) -> dict[str, int]:
    """Function -> where it is, of an ELF object of 64 bits."""
    (table,), (size, count) = struct.unpack_from("<Q", vdso, 0x28), struct.unpack_from("<HH", vdso, 0x3A)
    sections = [struct.unpack_from("<IIQQQQII", vdso, table + number * size) for number in range(count)]
    of_symbols = next(section for section in sections if section[1] == _DYNSYM)
    names = sections[of_symbols[6]][4]
    found = {}
    for at in range(of_symbols[4], of_symbols[4] + of_symbols[5], 24):
        name, value = struct.unpack_from("<I", vdso, at)[0] + names, struct.unpack_from("<Q", vdso, at + 8)[0]
        found[vdso[name : vdso.index(b"\0", name)].decode()] = value
    return found


def _place(pid: str) -> tuple[int, int]:
    """Where the vDSO begins and ends in a process; nowhere in one that has just ended."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    place = re.search(r"^([0-9a-f]+)-([0-9a-f]+) .*\[vdso\]$", maps, re.MULTILINE)
    return (int(place[1], 16), int(place[2], 16)) if place else (0, 0)


def _content(pid: str) -> bytes:
    begin, end = _place(pid)
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        memory.seek(begin)
        return memory.read(end - begin)


def _write(pid: str, content: bytes) -> None:
    begin, _ = _place(pid)
    with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
        memory.seek(begin)
        memory.write(content)


def _within(pid: str) -> bool:
    """Whether a thread of a frozen process will go on within its vDSO."""
    begin, end = _place(pid)
    for told in Path(f"/proc/{pid}/task").glob("*/syscall"):
        words = told.read_text().split()
        if len(words) > 1 and begin <= int(words[-1], 16) < end:
            return True
    return False


def _cgroup(container: str) -> Path:
    """The one that can be frozen, of cgroup v1 or v2."""
    for base in ("/sys/fs/cgroup/freezer", "/sys/fs/cgroup"):
        for folder, _, _ in os.walk(base):
            if container in folder:
                return Path(folder)
    sys.exit("the container does not run")


def _processes(cgroup: Path) -> list[str]:
    return [pid for pid in (cgroup / "cgroup.procs").read_text().split() if _place(pid) != (0, 0)]


@contextmanager
def _frozen(cgroup: Path) -> Iterator[None]:
    """All processes of a cgroup; one that was frozen before stays so."""
    if (cgroup / "freezer.state").exists():
        control = state = cgroup / "freezer.state"
        freeze, thaw, frozen = "FROZEN", "THAWED", "FROZEN"
    else:
        control, state = cgroup / "cgroup.freeze", cgroup / "cgroup.events"
        freeze, thaw, frozen = "1", "0", "frozen 1"
    before = frozen in state.read_text()
    until_s = time.monotonic() + FREEZE_TIMEOUT_S
    try:
        while frozen not in state.read_text():
            control.write_text(freeze)
            if time.monotonic() > until_s:
                sys.exit("the container could not be frozen")
            time.sleep(0.001)
        yield
    finally:
        if not before:
            control.write_text(thaw)


if __name__ == "__main__":
    main(*sys.argv[1:])
