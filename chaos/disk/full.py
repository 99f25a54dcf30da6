"""disk-full: fill a file system of a node to the last block, as a runaway query, a forgotten dump or logs that nobody
rotates do.

The space is taken by one file that belongs to nobody, up to the point where the file system refuses. Bites when no
block is free and a write fails with ENOSPC. Heals by removing the file. Does not touch the other nodes, nor the host.
"""

from __future__ import annotations

from dataclasses import dataclass

from chaos.disk.file_systems import DISK, MOUNTS, of_parts, parts, run, tried
from chaos.fault import Context, Evidence, Fault, Injection, Refutations, Victim
from chaos.probes import answers
from chaos.targets import NODES

FILLER = "meshbench-filler"
PROBE = "meshbench-probe"
#: All blocks that are free at once, then what is left block by block. mysqld writes, and frees, meanwhile.
_FILL = """
cd {mount} || exit 1
for try in 1 2 3 4 5; do
    free=$(stat -f -c %a .) && size=$(stat -f -c %S .) || exit 1
    [ "$free" -gt 64 ] && fallocate -o "$(stat -c %s {file} 2>/dev/null || echo 0)" -l $(((free - 32) * size)) {file}
    dd if=/dev/zero of={file} oflag=append conv=notrunc bs="$size" count=100000 2>/dev/null
    [ "$(stat -f -c %a .)" = 0 ] && exit 0
done
exit 1
"""
_LOOK = """
cd {mount} || exit 1
stat -f -c %a .
dd if=/dev/zero of={probe} bs=4096 count=1 conv=fsync || true
rm -f {probe}
"""
NO_SPACE = "No space left on device"


@dataclass(frozen=True, kw_only=True)
class DiskFull(Fault):
    of: str = of_parts("which file systems fill up")

    name = "disk-full"
    does = "no space left on the disk: mysqld waits for somebody to free some, or refuses what needs more"
    bites = "the file system has no free block, and a write to it fails with ENOSPC"
    heals = "the file that takes the space is removed; what waits for it mysqld tries again once a minute"
    good = "the outage is short because a node with space takes over, and no acknowledged write is lost"
    known_as = "ChaosBlade disk fill; LitmusChaos disk-fill; roachtest disk-full"
    targets = NODES
    needs = ("loop file systems",)
    extras = (DISK,)
    refuted_by = Refutations(bitten={"write_refused": (False,)}, clean={"write_refused": (True,), "filler": (True,)})

    def on(self, victim: Victim, context: Context) -> Filled:
        return Filled(fault=self, victim=victim, context=context)


class Filled(Injection[DiskFull]):
    def inject(self) -> None:
        for part in parts(self.fault.of):
            run(self.cluster, self.pod, _FILL.format(mount=MOUNTS[part], file=FILLER))

    def effect(self) -> Evidence:
        looks = {part: self._look(part) for part in parts(self.fault.of)}
        full = all(free == 0 and refused for free, refused in looks.values())
        return Evidence(
            ok=full,
            seen={
                "free_blocks": {part: free for part, (free, _) in looks.items()},
                "write_refused": all(refused for _, refused in looks.values()),
            },
        )

    def heal(self) -> None:
        """Of every file system, whichever was filled."""
        fillers = " ".join(f"{mount}/{name}" for mount in MOUNTS.values() for name in (FILLER, PROBE))
        run(self.cluster, self.pod, f"rm -f {fillers}")

    def residue(self) -> Evidence:
        fillers = [f"{MOUNTS[part]}/{FILLER}" for part in MOUNTS]
        left = tried(self.cluster, self.pod, f"stat -c %n {' '.join(fillers)} 2>/dev/null").said.split()
        refused = any(refused for _, refused in (self._look(part) for part in parts(self.fault.of)))
        answered = answers(self.cluster, self.victim)
        return Evidence(
            ok=not left and not refused and answered,
            seen={"filler": bool(left), "write_refused": refused, "answers": answered},
        )

    def _look(self, part: str) -> tuple[int | None, bool]:
        """How many blocks are free, None where that cannot be seen, and whether a write fails for want of space."""
        look = tried(self.cluster, self.pod, _LOOK.format(mount=MOUNTS[part], probe=PROBE))
        first = look.said.partition("\n")[0]
        return (int(first) if first.isdigit() else None), NO_SPACE in look.said
