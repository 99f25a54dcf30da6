"""The disk of a node that a disk fault is to hit: three ext4 file systems, for data, binary logs and temporary files,
each in a file of fixed size in a volume of the run.

mysqld's own container mounts them, in its own mount namespace, before its entrypoint runs: a loop device that frees
itself ends with the namespace, and a container that is started again mounts them again. Nothing is mounted on the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.probes import pod_named
from cluster.cluster import Cluster
from cluster.errors import EngineRefusedError, HarnessError
from cluster.extras import Extra
from cluster.keys import word
from cluster.topologies.clone import DATA_DIR

#: In mysqld's container: where the files of the file systems are.
FILES = "/meshbench-disk"
#: What a file system is for -> where it is mounted.
MOUNTS: Mapping[str, str] = {"data": DATA_DIR, "binlog": f"{FILES}/binlog", "tmp": f"{FILES}/tmp"}
#: Sparse: of the engine's disk they take what is written.
SIZES: Mapping[str, str] = {"data": "4G", "binlog": "1G", "tmp": "1G"}

_TOOLS = "mount umount cp chown chmod rmdir fallocate dd stat sync"
_PROBE = f"""
test "$(id -u)" = 0 || {{ echo "it does not start as root"; exit 1; }}
for tool in {_TOOLS}; do command -v $tool >/dev/null || {{ echo "it has no $tool"; exit 1; }}; done
"""
# -m 0: nothing is kept for root. The inode tables are written at once, so that no kernel thread does it under the load.
_MAKE = "set -e\n" + "\n".join(
    f"truncate -s {size} {FILES}/{part}.img\n"
    f"mkfs.ext4 -q -F -m 0 -N 16384 -J size=16 -E lazy_itable_init=0,lazy_journal_init=1,nodiscard {FILES}/{part}.img"
    for part, size in SIZES.items()
)
# The last mount of a container that has just ended may take a moment to go.
_BEFORE = f"""
mounted() {{
    for try in 1 2 3 4 5 6 7 8 9; do mount -t ext4 -o loop,noatime "$1" "$2" 2>/dev/null && return; sleep 0.2; done
    mount -t ext4 -o loop,noatime "$1" "$2"
}}
mkdir -p {MOUNTS["binlog"]} {MOUNTS["tmp"]}
if [ ! -e {FILES}/filled ]; then
    mounted {FILES}/data.img /mnt
    rmdir /mnt/lost+found
    cp -a {DATA_DIR}/. /mnt/
    umount /mnt
fi
mounted {FILES}/data.img {MOUNTS["data"]}
mounted {FILES}/binlog.img {MOUNTS["binlog"]}
mounted {FILES}/tmp.img {MOUNTS["tmp"]}
if [ ! -e {FILES}/filled ]; then
    rmdir {MOUNTS["binlog"]}/lost+found {MOUNTS["tmp"]}/lost+found
    chown --reference={DATA_DIR} {MOUNTS["binlog"]} {MOUNTS["tmp"]}
    sync -f {MOUNTS["binlog"]} && sync -f {MOUNTS["tmp"]}
    : > {FILES}/filled
fi
"""

DISK = Extra(
    name="disk",
    probe=_PROBE,
    otherwise="disk faults mount file systems of their own in it, and cannot",
    before=_BEFORE,
    volume=FILES,
    made_by=_MAKE,
    options=(f"--log-bin={MOUNTS['binlog']}/binlog", f"--tmpdir={MOUNTS['tmp']}"),
    capabilities=("SYS_ADMIN",),
    devices=("b 7:* rmw", "c 10:237 rmw"),
)


#: Of a script that could not be started: as a shell says of a command that is not there.
NOT_RUN = 127


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command in a container ended, and what it printed on both outputs."""

    code: int
    said: str

    @property
    def ok(self) -> bool:
        return self.code == 0


def tried(cluster: Cluster, pod: str, script: str) -> Done:
    """Run a /bin/sh script as root beside a node's mysqld, in its mount namespace; it fails where that does not run."""
    container = pod_named(cluster, pod).containers["mysqld"]
    try:
        code, printed = container.exec("/bin/sh", "-c", f"exec 2>&1; export LC_ALL=C\n{script}", user="0")
    except EngineRefusedError as stopped:
        return Done(code=NOT_RUN, said=str(stopped))
    return Done(code=code, said=printed.decode(errors="replace").strip())


def run(cluster: Cluster, pod: str, script: str) -> str:
    """The same; returns what it printed, raises HarnessError where it failed."""
    done = tried(cluster, pod, script)
    if not done.ok:
        raise HarnessError(f"{pod}: a script beside mysqld ended with {done.code}: {done.said[-300:]}")
    return done.said


def of_parts(meaning: str) -> Any:
    """The key ``of`` of a disk fault."""
    return word(meaning, of=(*MOUNTS, "all"), default="all")


def parts(of: str) -> tuple[str, ...]:
    """The file systems that a value of the key ``of`` means."""
    return tuple(MOUNTS) if of == "all" else (of,)
